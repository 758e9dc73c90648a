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

from backsight_agent.adapters.store.adoption import Adopter
from backsight_agent.adapters.store.erasing import discard, drop_empty_runs, forget_rows, write_line
from backsight_agent.adapters.store.files import CAMERA_FOLDER, Media, Steps, hour_of
from backsight_agent.adapters.store.heads import cameras_in
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

_MARGIN_MS = 3_600_000  # the hour before the last write is looked at too
_RECOVERED = "hub_not_running"  # why a run began whose row was lost with the crash


def recover(db: sqlite3.Connection, media: Media, now_ms: int, steps: Steps) -> None:
    """Settle every camera. A file that cannot be read is left alone and holds up nothing."""
    folders = {
        path.name for path in media.root.iterdir() if CAMERA_FOLDER.fullmatch(path.name) and path.is_dir()
    }
    for camera in sorted(folders | {camera_of(number) for number in cameras_in(db)}):
        _Camera(db, media, camera, now_ms, steps).settle()


@dataclass(frozen=True, slots=True)
class _Camera:
    db: sqlite3.Connection
    media: Media
    camera: str
    now_ms: int
    steps: Steps

    def settle(self) -> None:
        since_ms = self._since_ms()
        folders = list(_hours_since(self.media.camera(self.camera), hour_of(since_ms)))
        for folder in folders:
            self._settle_hour(folder)
        self._drop_rows_without_files(since_ms, folders)
        self._settle_inits()
        with transaction(self.db):
            drop_empty_runs(self.db, number_of(self.camera), ())

    def _since_ms(self) -> int:
        sql = "SELECT newest_ms FROM camera WHERE camera = ?"
        row = self.db.execute(sql, (number_of(self.camera),)).fetchone()
        newest = 0 if row is None or row[0] is None else int(row[0])
        return max(0, newest - _MARGIN_MS) // _MARGIN_MS * _MARGIN_MS

    def _settle_hour(self, folder: Path) -> None:
        for path in sorted(folder.iterdir()):
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
        """A row for a file; a file that no init can play is worth nothing and goes."""
        if segment is None:
            return
        with transaction(self.db):
            if self._has_run(segment):
                insert_segment(self.db, segment)
                log.info("%s found again: %d ms", path, segment.end_ms - segment.start_ms)
            else:
                log.warning("%s has no init any more and cannot be played: removed", path)
                discard(self.db, [(number_of(self.camera), SEGMENT_FILE, segment.start_ms)])
                self._note_lost(segment.start_ms, segment.end_ms, 1, segment.size_bytes)
        self.steps("recovered row")

    def _has_run(self, segment: Segment) -> bool:
        key = (number_of(segment.camera), segment.run_ms)
        if self.db.execute("SELECT 1 FROM run WHERE camera = ? AND run_ms = ?", key).fetchone():
            return True
        init = self.media.init(segment.camera, segment.run_ms)
        if not init.exists():
            return False
        insert_run(self.db, Run(segment.camera, segment.run_ms, _RECOVERED), init.stat().st_size)
        return True

    def _drop_rows_without_files(self, since_ms: int, folders: list[Path]) -> None:
        there = {int(path.stem) for folder in folders if folder.is_dir() for path in _segments_in(folder)}
        sql = "SELECT start_ms, end_ms, run_ms, size_bytes FROM segment WHERE camera = ? AND start_ms >= ?"
        rows = self.db.execute(sql, (number_of(self.camera), since_ms)).fetchall()
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
        folder = self.media.runs(self.camera)
        files = list(folder.iterdir()) if folder.is_dir() else []
        sql = "SELECT run_ms FROM run WHERE camera = ?"
        runs = {run_ms for (run_ms,) in self.db.execute(sql, (number_of(self.camera),))}
        for part in (path for path in files if path.suffix == ".part"):
            part.unlink()
        inits = {int(path.stem) for path in files if path.suffix == ".mp4" and path.stem.isdigit()}
        with transaction(self.db):
            discard(self.db, [(number_of(self.camera), INIT_FILE, run_ms) for run_ms in inits - runs])
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
