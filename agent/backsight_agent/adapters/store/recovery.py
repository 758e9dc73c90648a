"""Makes rows and files agree again after whatever happened, with no one's help. Blocks.

Work is bounded at a million segments: files that a crash can have left lie in the hours since shortly
before the camera last wrote, and only those are looked at.
"""

# ruff: noqa: S608 - only constants of our own are put into these statements

import logging
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backsight_agent.adapters.store.activity import InUse
from backsight_agent.adapters.store.adoption import Adopter
from backsight_agent.adapters.store.erasing import (
    discard,
    drop_empty_runs,
    forget_rows,
    is_erased,
    take_erased,
    take_unplayable,
    write_line,
)
from backsight_agent.adapters.store.files import CAMERA_FOLDER, Media, Steps, hour_of, sync_way_to
from backsight_agent.adapters.store.heads import cameras_in
from backsight_agent.adapters.store.reanchoring import resume
from backsight_agent.adapters.store.schema import (
    INIT_FILE,
    SEGMENT_FILE,
    camera_of,
    insert_run,
    insert_segment,
    number_of,
)
from backsight_agent.adapters.store.threads import file_error, transaction
from backsight_agent.domain.ledger import Erasure, Reason
from backsight_agent.ports import StoreFull
from backsight_shared.segment import Run, Segment

log = logging.getLogger(__name__)

_FOREVER_MS = 2**62
_MARGIN_MS = 3_600_000  # the hour before the last write is looked at too
_RECOVERED = "hub_not_running"  # why a run began whose row was lost with the crash


def recover(
    db: sqlite3.Connection, media: Media, now_ms: int, steps: Steps, in_use: InUse | None = None
) -> None:
    """Settle every camera. A file that cannot be read is left alone and holds up nothing.

    So is what is in use, and disks that are not there. What a crash left on its way to another moment comes
    there before anything is looked at: until then its name, header and row disagree.
    """
    resume(db, media, now_ms, steps, in_use or InUse())
    folders = {
        path.name
        for root in media.present(media.root)
        for path in root.iterdir()
        if CAMERA_FOLDER.fullmatch(path.name) and path.is_dir()
    }
    for camera in sorted(folders | {camera_of(number) for number in cameras_in(db)}):
        _Camera(db, media, camera, now_ms, steps, in_use or InUse()).settle()


def audit_hour(
    db: sqlite3.Connection, media: Media, camera: str, hour_ms: int, now_ms: int, steps: Steps
) -> None:
    """Settle one hour of a camera that is long written: what no crash of ours can have left."""
    _Camera(db, media, camera, now_ms, steps, InUse()).settle_hour_of(hour_ms)


@dataclass(frozen=True, slots=True)
class _Camera:
    db: sqlite3.Connection
    media: Media
    camera: str
    now_ms: int
    steps: Steps
    in_use: InUse

    def settle(self) -> None:
        since_ms = self._since_ms()
        folders = [hour for place in self._places() for hour in _hours_since(place, hour_of(since_ms))]
        for place in self._places():
            sync_way_to((folder for folder in folders if folder.is_relative_to(place)), place.parent)
        for folder in folders:
            self._settle_hour(folder)
        if not self.media.troubles:  # a row whose disk is away has not lost its file
            self._drop_rows_without_files(since_ms, _FOREVER_MS, folders)
            self._settle_inits()
        with transaction(self.db):
            drop_empty_runs(self.db, number_of(self.camera), self.in_use.runs_of(self.camera))

    def settle_hour_of(self, hour_ms: int) -> None:
        """One hour, and nothing of the runs, which others write."""
        folders = [place / hour_of(hour_ms) for place in self._places()]
        for folder in (folder for folder in folders if folder.is_dir()):
            self._settle_hour(folder)
        if not self.media.troubles:
            self._drop_rows_without_files(hour_ms, hour_ms + _MARGIN_MS, folders)

    def _places(self) -> list[Path]:
        """The camera's folders, on every disk that is there."""
        return self.media.present(self.media.camera(self.camera))

    def _since_ms(self) -> int:
        sql = "SELECT newest_ms FROM camera WHERE camera = ?"
        row = self.db.execute(sql, (number_of(self.camera),)).fetchone()
        newest = 0 if row is None or row[0] is None else int(row[0])
        return max(0, newest - _MARGIN_MS) // _MARGIN_MS * _MARGIN_MS

    def _settle_hour(self, folder: Path) -> None:
        for path in sorted(path for path in folder.iterdir() if path not in self.in_use.files):
            try:
                self._settle_file(path)
            except OSError as error:
                _raise_if_full(error)
                log.warning("%s cannot be read and is left alone: %s", path, error.strerror)

    def _settle_file(self, path: Path) -> None:
        adopter = Adopter(self.media, self.steps)
        if path.suffix == ".part":
            self._adopt(adopter.settle_part(path), path)
        elif path.suffix == ".m4s" and not self._is_known(path):
            self._adopt(adopter.finished(path), path)

    def _is_known(self, path: Path) -> bool:
        if not path.stem.isdigit():
            return True
        sql = (
            "SELECT 1 FROM segment WHERE camera = :camera AND start_ms = :ms UNION ALL"
            f" SELECT 1 FROM garbage WHERE camera = :camera AND kind = {SEGMENT_FILE} AND ms = :ms"
        )
        row = {"camera": number_of(self.camera), "ms": int(path.stem)}
        return self.db.execute(sql, row).fetchone() is not None

    def _adopt(self, segment: Segment | None, path: Path) -> None:
        """A row for a file; one that no init can play is worth nothing and goes, as does what was erased."""
        if segment is None:
            return
        with transaction(self.db):
            if is_erased(self.db, segment):
                take_erased(self.db, segment, self.now_ms)
            elif self._has_run(segment):
                insert_segment(self.db, segment)
                log.info("%s found again: %d ms", path, segment.end_ms - segment.start_ms)
            else:
                log.warning("%s has no init any more and cannot be played: removed", path)
                take_unplayable(self.db, segment, self.now_ms)
        self.steps("recovered row")

    def _has_run(self, segment: Segment) -> bool:
        key = (number_of(segment.camera), segment.run_ms)
        if self.db.execute("SELECT 1 FROM run WHERE camera = ? AND run_ms = ?", key).fetchone():
            return True
        init = self.media.there(self.media.init(segment.camera, segment.run_ms))
        if not init.exists():
            return False
        insert_run(self.db, Run(segment.camera, segment.run_ms, _RECOVERED), init.stat().st_size)
        return True

    def _drop_rows_without_files(self, since_ms: int, until_ms: int, folders: list[Path]) -> None:
        there = {int(path.stem) for folder in folders if folder.is_dir() for path in _segments_in(folder)}
        sql = (
            "SELECT start_ms, end_ms, run_ms, size_bytes FROM segment"
            " WHERE camera = ? AND start_ms >= ? AND start_ms < ?"
        )
        rows = self.db.execute(sql, (number_of(self.camera), since_ms, until_ms)).fetchall()
        lost = [row for row in rows if row[0] not in there]
        if lost:
            log.warning("Camera %s lost %d segments: their files are not there", self.camera, len(lost))
            with transaction(self.db):
                forget_rows(self.db, self.camera, lost)
                starts, ends, _, sizes = zip(*lost, strict=True)
                self._note_lost(min(starts), max(ends), len(lost), sum(sizes))

    def _note_lost(self, from_ms: int, to_ms: int, count: int, size_bytes: int) -> None:
        now, reason = self.now_ms, Reason.LOST.value
        write_line(self.db, Erasure(self.camera, reason, now, now, from_ms, to_ms, count, size_bytes))

    def _settle_inits(self) -> None:
        """An init without a run goes; a run without an init stays: its bytes may be worth something yet."""
        folders = [place / "runs" for place in self._places()]
        files = [path for folder in folders if folder.is_dir() for path in folder.iterdir()]
        sql = "SELECT run_ms FROM run WHERE camera = ?"
        runs = {run_ms for (run_ms,) in self.db.execute(sql, (number_of(self.camera),))}
        for part in (path for path in files if path.suffix == ".part" and path not in self.in_use.files):
            part.unlink()
        inits = {int(path.stem) for path in files if path.suffix == ".mp4" and path.stem.isdigit()}
        with transaction(self.db):
            strays = inits - runs - self.in_use.runs_of(self.camera)
            discard(self.db, [(number_of(self.camera), INIT_FILE, run_ms) for run_ms in strays])
        for run_ms in sorted(runs - inits):
            log.warning("The init of run %d of camera %s is not there", run_ms, self.camera)


def _hours_since(camera: Path, first: str, depth: int = 4) -> Iterator[Path]:
    """The camera's hour folders from `first` (yyyy/mm/dd/hh) on, in order."""
    wanted, _, rest = first.partition("/")
    below = camera.iterdir() if camera.is_dir() else ()
    for name in sorted(path.name for path in below if path.name.isdigit() and path.is_dir()):
        if name < wanted:
            continue
        if depth == 1:
            yield camera / name
        else:
            yield from _hours_since(camera / name, rest if name == wanted else "", depth - 1)


def _segments_in(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.suffix == ".m4s" and path.stem.isdigit()]


def _raise_if_full(error: OSError) -> None:
    ours = file_error(error)
    if isinstance(ours, StoreFull):
        raise ours from error
