"""Makes a lost index anew from the files alone: their names, their headers and their inits say all it needs.

Only headers are read, and the last file of each run whole: a segment ends where the next of its run begins.
What is not in the files is lost with the index: what the cloud has (it is offered all again and says so),
events, the ledger, and why a run began. As far as the damaged index can still be read, that is taken over.
"""

import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest
from pathlib import Path

from backsight_agent.adapters.store.erasing import is_erased, take_erased, take_unplayable
from backsight_agent.adapters.store.files import CAMERA_FOLDER, Media, Steps
from backsight_agent.adapters.store.schema import COMPLETE, insert_run, insert_segment, number_of
from backsight_agent.adapters.store.threads import transaction
from backsight_agent.adapters.store.tombstones import erased_in
from backsight_agent.domain.anchoring import UNKNOWN_BOOT
from backsight_agent.domain.boxes import HEADER_BYTES, SegmentHeader, fragments_ms, parse_header, video_track
from backsight_agent.domain.trusted_time import MADE_MS
from backsight_shared.segment import SEGMENT_S, Run, Segment

UNKNOWN = "unknown"  # why the runs of an index made anew began
_ROWS = 5_000  # in one transaction
_CAUGHT_UP_MS = 60  # what a run catches up (domain/cutting) in a segment of a minute
_SALVAGED = ("camera", "erasure", "event", "erased_span", "boot", "undated")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _File:
    """A segment file: where it is, what its header says, its size."""

    path: Path
    header: SegmentHeader
    size_bytes: int


def is_lost(db: sqlite3.Connection, media: Media) -> bool:
    """Whether there are files that this index never knew.

    That it is empty does not say so: everything may have expired. A crash while it was made anew does.
    """
    if db.execute("SELECT 1 FROM meta WHERE name = ?", (COMPLETE,)).fetchone():
        return False
    return any(next(_hours(folder), None) is not None for folder in _cameras(media))


def note_complete(db: sqlite3.Connection) -> None:
    """From now on every file is either in the index or younger than it."""
    with transaction(db):
        db.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, '')", (COMPLETE,))


def rebuild(db: sqlite3.Connection, media: Media, damaged: Path | None, now_ms: int, steps: Steps) -> int:
    """Fill a new index; how many segments there are. A file that cannot be read is left alone."""
    _clear(db)
    if damaged is not None:
        _salvage(db, damaged)
    count = 0
    for camera in sorted({folder.name for folder in _cameras(media)}):
        count += _rebuild_camera(db, media, camera, now_ms, steps)
    log.warning("the index was made anew from the files: %d segments", count)
    return count


def _clear(db: sqlite3.Connection) -> None:
    """What an attempt that did not come to its end has left."""
    with transaction(db):
        for table in ("segment", "run", "garbage"):
            db.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own


def _rebuild_camera(db: sqlite3.Connection, media: Media, camera: str, now_ms: int, steps: Steps) -> int:
    places = media.present(media.camera(camera))
    with transaction(db):
        for begin, end in erased_in(media.camera(camera)):
            db.execute("INSERT OR IGNORE INTO erased_span VALUES (?, ?, ?)", (number_of(camera), begin, end))
        for init in (init for place in places for init in _inits(place)):
            _add_run(db, Run(camera, int(init.stem), UNKNOWN), init)
    found = sorted(_files(places), key=lambda file: (file.header.run_ms, file.header.start_ms))
    segments = _apart(_segments(found, media))
    for begin in range(0, len(segments), _ROWS):
        with transaction(db):
            for segment in segments[begin : begin + _ROWS]:
                _add_segment(db, segment, now_ms)
        steps("rebuilt rows")
    return len(segments)


def _add_run(db: sqlite3.Connection, run: Run, init: Path) -> None:
    key = (number_of(run.camera), run.run_ms)
    if _has_run(db, key):
        return
    insert_run(db, run, init.stat().st_size)
    if run.run_ms < MADE_MS:
        row = (*key, UNKNOWN_BOOT, 0)
        db.execute("INSERT OR IGNORE INTO undated (camera, run_ms, boot, offset_ms) VALUES (?, ?, ?, ?)", row)


def _add_segment(db: sqlite3.Connection, segment: Segment, now_ms: int) -> None:
    """A row; what the owner erased, or no init can play, is to be unlinked."""
    key = (number_of(segment.camera), segment.run_ms)
    if is_erased(db, segment):
        take_erased(db, segment, now_ms)
    elif _has_run(db, key):
        insert_segment(db, segment)
    else:
        take_unplayable(db, segment, now_ms)


def _has_run(db: sqlite3.Connection, key: tuple[int, int]) -> bool:
    return db.execute("SELECT 1 FROM run WHERE camera = ? AND run_ms = ?", key).fetchone() is not None


def _segments(files: Sequence[_File], media: Media) -> Iterator[Segment]:
    """In order of run and start: each ends where the next of its run begins."""
    for file, after in zip_longest(files, files[1:]):
        header = file.header
        begins_ms = after.header.start_ms if after and _follows(header, after.header) else None
        end_ms = begins_ms or _end_ms(file, media)
        if end_ms > header.start_ms:
            camera, run_ms, sequence = header.camera, header.run_ms, header.sequence
            yield Segment(camera, header.start_ms, end_ms, run_ms, sequence, file.size_bytes)


def _apart(segments: Iterable[Segment]) -> list[Segment]:
    """In order of start. The last of a run really ended a little before its media time did (`CATCH_UP`)."""
    ordered = sorted(segments, key=lambda segment: segment.start_ms)
    for place, (segment, later) in enumerate(pairwise(ordered)):
        if 0 < segment.end_ms - later.start_ms <= _CAUGHT_UP_MS:
            ordered[place] = replace(segment, end_ms=later.start_ms)
    return ordered


def _follows(header: SegmentHeader, later: SegmentHeader) -> bool:
    return (later.run_ms, later.sequence) == (header.run_ms, header.sequence + 1)


def _end_ms(file: _File, media: Media) -> int:
    """By its own media time; the nominal length where that cannot be read."""
    header = file.header
    try:
        init = media.there(media.init(header.camera, header.run_ms)).read_bytes()
        track = video_track(init)
        length_ms = fragments_ms(file.path.read_bytes(), track) if track else None
    except OSError:
        length_ms = None
    return header.start_ms + (length_ms or round(SEGMENT_S * 1000))


def _files(places: Sequence[Path]) -> Iterator[_File]:
    for hour in (hour for place in places for hour in _hours(place)):
        for path in hour.iterdir():
            if path.suffix == ".m4s" and path.stem.isdigit() and (file := _read(path)):
                yield file


def _read(path: Path) -> _File | None:
    """None for what is no finished segment of ours at its place."""
    try:
        with path.open("rb") as opened:
            header = parse_header(opened.read(HEADER_BYTES))
        size_bytes = path.stat().st_size
    except OSError as error:
        log.warning("%s cannot be read and is left alone: %s", path, error.strerror)
        return None
    ours = header is not None and str(header.start_ms) == path.stem and size_bytes > HEADER_BYTES
    return _File(path, header, size_bytes) if header is not None and ours else None


def _cameras(media: Media) -> Iterator[Path]:
    for root in media.present(media.root):
        if root.is_dir():
            yield from (path for path in root.iterdir() if CAMERA_FOLDER.fullmatch(path.name))


def _hours(camera: Path) -> Iterator[Path]:
    return camera.glob("[0-9]*/[0-9]*/[0-9]*/[0-9]*") if camera.is_dir() else iter(())


def _inits(camera: Path) -> Iterator[Path]:
    return (path for path in (camera / "runs").glob("*.mp4") if path.stem.isdigit())


def _salvage(db: sqlite3.Connection, damaged: Path) -> None:
    """Take over what can still be read, table by table."""
    for table in _SALVAGED:
        try:
            with closing(sqlite3.connect(f"{damaged.absolute().as_uri()}?mode=ro", uri=True)) as old:
                cursor = old.execute(f"SELECT * FROM {table}")  # noqa: S608 - names of our own
                names = ", ".join(column[0] for column in cursor.description)
                marks = ", ".join("?" * len(cursor.description))
                with transaction(db):
                    sql = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})"  # noqa: S608
                    db.executemany(sql, cursor)
        except sqlite3.Error as error:
            log.warning("of the damaged index the table %s cannot be read: %s", table, error)
