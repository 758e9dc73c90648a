"""The recorder's side of the store: runs with their inits, and segments as they are written."""

# ruff: noqa: S608 - only constants of our own are put into these statements

import logging
import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from backsight_agent.adapters.store.activity import Written
from backsight_agent.adapters.store.adoption import Adopter
from backsight_agent.adapters.store.base import Base
from backsight_agent.adapters.store.erasing import is_erased, take_erased
from backsight_agent.adapters.store.files import create, part_of, settle, write_all, write_durably
from backsight_agent.adapters.store.heads import count_garbage
from backsight_agent.adapters.store.schema import insert_run, insert_segment, number_of
from backsight_agent.adapters.store.undated import insert_undated, is_undated
from backsight_agent.domain.anchoring import Undated
from backsight_agent.domain.boxes import HEADER_BYTES, SegmentHeader, make_header
from backsight_agent.ports import MomentTaken, SegmentFile, StoreFailed, StoreFull
from backsight_shared.segment import Run, Segment

log = logging.getLogger(__name__)


class StoredRecordings:
    """Implements the port Recordings."""

    def __init__(self, base: Base) -> None:
        self._base = base

    async def begin_run(self, run: Run, init: bytes, undated: Undated | None = None) -> None:
        """Store a run and its init durably. Raises MomentTaken for a run that has segments already.

        One without any may be begun again: a disk that was full or away let its first segment not be begun.
        """
        base = self._base
        await _adopt_leftovers(base, run.camera)
        if await _has_row(base, "run", "run_ms", run.camera, run.run_ms, " AND segments > 0"):
            raise _taken(run.camera, run.run_ms)
        base.activity.run_ms[run.camera] = run.run_ms
        path = base.media.init(run.camera, run.run_ms)
        await base.files.run(lambda: self._write_init(run.camera, path, init), path)

        def work(db: sqlite3.Connection) -> None:
            insert_run(db, run, len(init))
            if undated is not None:
                insert_undated(db, run, undated)

        await base.index.change(work)
        base.steps("run row")

    async def begin_segment(self, run: Run, sequence: int, start_ms: int) -> SegmentFile:
        """Open the next segment of a run. Raises MomentTaken for a moment that is taken already."""
        base = self._base
        if await _has_row(base, "segment", "start_ms", run.camera, start_ms):
            raise _taken(run.camera, start_ms)
        header = SegmentHeader(run.camera, run.run_ms, start_ms, sequence)
        path = base.media.segment(run.camera, start_ms)
        descriptor = await base.files.run(lambda: self._open_part(path, header), path)
        base.steps("part opened")
        base.activity.open[part_of(path)] = Written(run.camera, run.run_ms, descriptor)
        return WritingSegment(base, header, path, descriptor)

    async def last_end_ms(self, camera: str) -> int | None:
        """Where the camera's newest finished segment ends."""
        sql = "SELECT max(end_ms) FROM segment WHERE camera = ?"
        (end,) = await self._base.index.read(lambda db: db.execute(sql, (number_of(camera),)).fetchone())
        return None if end is None else int(end)

    def _write_init(self, camera: str, path: Path, init: bytes) -> None:
        self._base.files.refuse_held()
        self._base.presence.refuse_absent(self._base.media.root_of(camera))
        write_durably(path, init, self._base.steps)

    def _open_part(self, path: Path, header: SegmentHeader) -> int:
        self._base.files.refuse_held()
        self._base.presence.refuse_absent(self._base.media.root_of(header.camera))
        return _open_part(path, header)


class WritingSegment:
    """Implements the port SegmentFile: a `.part` until it is finished."""

    def __init__(self, base: Base, header: SegmentHeader, path: Path, descriptor: int) -> None:
        self._base, self._header, self._path, self._part = base, header, path, part_of(path)
        self._descriptor, self._size, self._torn = descriptor, HEADER_BYTES, False

    async def append(self, fragment: bytes) -> None:
        """Hand one whole fragment to the kernel. Raises StoreFull or StoreFailed; it is not there then."""
        self._refuse_torn()
        self._base.files.refuse_held()
        try:
            await self._base.files.run(lambda: write_all(self._descriptor, fragment), self._part)
        except (StoreFull, StoreFailed):
            await self._cut_back()
            raise
        self._size += len(fragment)
        self._base.steps("fragment written")

    async def finish(self, end_ms: int) -> Segment:
        """Make it durable and visible: fsync, rename, fsync of the folder, row."""
        self._refuse_torn()
        header = self._header
        segment = Segment(header.camera, header.start_ms, end_ms, header.run_ms, header.sequence, self._size)
        await _adopt_leftovers(self._base, header.camera)
        try:
            await self._base.files.run(self._close_and_settle, self._part)
            await _add_row(self._base, segment)
        except BaseException:
            self._leave()
            raise
        self._base.activity.open.pop(self._part, None)
        return segment

    async def abandon(self) -> None:
        """Close it as it is, and keep its whole fragments: at once where the disk lets us, else later."""
        with suppress(StoreFailed, StoreFull):
            await self._base.files.run(self._close, self._part)
        self._leave()
        await _adopt_leftovers(self._base, self._header.camera)

    def _leave(self) -> None:
        base, header = self._base, self._header
        if base.activity.open.pop(self._part, None) is not None:
            base.activity.leftovers[self._path] = Written(header.camera, header.run_ms)

    async def _cut_back(self) -> None:
        """Take a torn fragment away again, so that the file stays whole."""
        self._torn = True
        with suppress(StoreFailed, StoreFull):
            await self._base.files.run(self._truncate, self._part)
            self._torn = False

    def _truncate(self) -> None:
        os.ftruncate(self._descriptor, self._size)
        os.lseek(self._descriptor, self._size, os.SEEK_SET)

    def _close_and_settle(self) -> None:
        os.fsync(self._descriptor)
        self._close()
        settle(self._part, self._path, self._base.steps)

    def _close(self) -> None:
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)

    def _refuse_torn(self) -> None:
        if self._torn or self._descriptor < 0:
            raise StoreFailed(f"{self._part} is closed or torn: abandon it and begin another segment")


async def _adopt_leftovers(base: Base, camera: str) -> None:
    """Try again what could not be finished before; what still cannot stays for later."""
    for path in base.activity.leftovers_of(camera):
        try:
            await _adopt(base, path)
        except (StoreFailed, StoreFull) as error:
            log.warning("%s cannot be finished yet: %s", path, error)
        else:
            base.activity.leftovers.pop(path, None)


async def _adopt(base: Base, path: Path) -> None:
    adopter, part = Adopter(base.media, base.steps), part_of(path)

    def in_thread() -> Segment | None:
        if part.exists():
            return adopter.settle_part(part)
        return adopter.finished(path) if path.exists() else None

    segment = await base.files.run(in_thread, path)
    if segment is not None and not await _has_segment(base, segment):
        await _add_row(base, segment)


async def _has_segment(base: Base, segment: Segment) -> bool:
    return await _has_row(base, "segment", "start_ms", segment.camera, segment.start_ms)


async def _has_row(base: Base, table: str, column: str, camera: str, moment_ms: int, more: str = "") -> bool:
    sql = f"SELECT 1 FROM {table} WHERE camera = ? AND {column} = ?{more}"
    key = (number_of(camera), moment_ms)
    return await base.index.read(lambda db: db.execute(sql, key).fetchone()) is not None


def _taken(camera: str, moment_ms: int) -> MomentTaken:
    return MomentTaken(f"Camera {camera} has recorded at {moment_ms} ms already: its clock went back")


async def _add_row(base: Base, segment: Segment) -> None:
    """A row, unless its owner erased that time while it was being written."""

    def work(db: sqlite3.Connection) -> int | bool:
        if not is_erased(db, segment):
            insert_segment(db, segment)
            return not is_undated(db, number_of(segment.camera), segment.run_ms)
        take_erased(db, segment, base.clock.now_ms())
        return count_garbage(db)

    def committed(outcome: int | bool) -> None:
        if isinstance(outcome, bool):
            base.heads.added(segment, dated=outcome)
        else:
            base.heads.garbage = outcome

    await base.index.change(work, committed)
    base.steps("segment row")
    base.added.set()


def _open_part(path: Path, header: SegmentHeader) -> int:
    part = part_of(path)
    if path.exists() or part.exists():
        raise MomentTaken(f"{path} is there already: the clock went back")
    descriptor = create(part)
    try:
        write_all(descriptor, make_header(header))
    except OSError:
        os.close(descriptor)
        part.unlink(missing_ok=True)
        raise
    return descriptor
