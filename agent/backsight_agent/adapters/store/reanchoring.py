"""Moves what was recorded before the time was known to the moments at which it truly was.

First the decision, for all of it in one transaction; then run by run, a few files at a time: header, name,
row. Files go in such an order that each comes to a free place. So after a crash a file's place and header say
how far it got, and at most one handful is neither here nor there: recovery finishes that, the rest waits.
A moved run is a new run; when the last segment has come over, the old one and its mark go.
"""

import array
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from backsight_agent.adapters.store.activity import InUse
from backsight_agent.adapters.store.erasing import Erasing, discard, erase_owned
from backsight_agent.adapters.store.files import (
    Media,
    Steps,
    make_folder,
    remove_empty,
    sync_folder,
    write_durably,
)
from backsight_agent.adapters.store.schema import INIT_FILE, SEGMENT_FILE, camera_of, number_of
from backsight_agent.adapters.store.threads import file_error, transaction
from backsight_agent.domain.boxes import HEADER_BYTES, SegmentHeader, make_header, parse_header
from backsight_agent.domain.ledger import Reason
from backsight_agent.ports import Erased, MomentTaken, StoreFailed, StoreFull

HANDFUL = 32  # files; so many are out of a reader's reach at once, for a moment

_NEW_RUN = """
INSERT OR IGNORE INTO run (camera, run_ms, after, init_bytes, segments)
SELECT camera, :new, after, init_bytes, 0 FROM run WHERE camera = :camera AND run_ms = :old
"""
_TO_MOMENT = """
UPDATE segment SET start_ms = start_ms + :shift, end_ms = end_ms + :shift, run_ms = :new
WHERE camera = :camera AND start_ms = :start AND run_ms = :old
"""
_NEWEST = "UPDATE camera SET newest_ms = newest_ms + :shift WHERE camera = :camera AND newest_ms = :start"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Move:
    """A run of which it is decided how far it is shifted."""

    camera: str
    run_ms: int
    shift_ms: int

    @property
    def new_run_ms(self) -> int:
        return self.run_ms + self.shift_ms

    @property
    def values(self) -> dict[str, int]:
        """For statements."""
        return {
            "camera": number_of(self.camera),
            "old": self.run_ms,
            "new": self.new_run_ms,
            "shift": self.shift_ms,
        }


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment that is still where it was."""

    start_ms: int
    end_ms: int
    sequence: int


def moves_in(db: sqlite3.Connection) -> list[Move]:
    """What is decided and not done."""
    rows = db.execute("SELECT camera, run_ms, shift_ms FROM undated WHERE shift_ms IS NOT NULL")
    return [Move(camera_of(camera), run_ms, shift_ms) for camera, run_ms, shift_ms in rows]


def starts_of(db: sqlite3.Connection, camera: int, run_ms: int) -> "array.array[int]":
    """The segments of a run, in order of time. The run counts them, so that no further is looked."""
    sql = """SELECT start_ms FROM segment WHERE camera = :camera AND run_ms = :run AND start_ms >= :run
        ORDER BY start_ms
        LIMIT coalesce((SELECT segments FROM run WHERE camera = :camera AND run_ms = :run), 0)"""
    rows = db.execute(sql, {"camera": camera, "run": run_ms})
    return array.array("q", (start_ms for (start_ms,) in rows))


def handfuls(starts: Sequence[int], shift_ms: int) -> Iterator[list[int]]:
    """Those that are moved at once, in order: forward the last first, so that each place is free by then.

    None comes to a place that another of the same handful has left: both names were made durable at once.
    """
    handful: list[int] = []
    for start_ms in reversed(starts) if shift_ms > 0 else starts:
        if len(handful) == HANDFUL or start_ms + shift_ms in handful:
            yield handful
            handful = []
        handful.append(start_ms)
    if handful:
        yield handful


def pieces_of(db: sqlite3.Connection, move: Move, handful: Sequence[int]) -> list[Piece]:
    """Those of a handful that are still there."""
    sql = "SELECT start_ms, end_ms, sequence FROM segment WHERE camera = ? AND start_ms = ? AND run_ms = ?"
    keys = [(number_of(move.camera), start_ms, move.run_ms) for start_ms in handful]
    rows = [db.execute(sql, key).fetchone() for key in keys]
    return [Piece(*row) for row in rows if row]


@dataclass(frozen=True, slots=True)
class Carrier:
    """Moves the files of one run. Blocks."""

    media: Media
    move: Move
    steps: Steps
    is_absent: Callable[[], bool]  # whether a disk is not there on which a file may be

    def carry(self, pieces: Sequence[Piece]) -> tuple[list[Piece], StoreFailed | StoreFull | None]:
        """Those that are at their new places now, durably; and what stopped the others."""
        done: list[Piece] = []
        folders: set[Path] = set()
        trouble: StoreFailed | StoreFull | None = None
        try:
            if pieces:
                self._carry_init()
            for piece in pieces:
                folders |= self._carry_one(piece)
                done.append(piece)
        except OSError as error:
            trouble = file_error(error)
        except StoreFailed as error:
            trouble = error
        for folder in sorted(folders):
            sync_folder(folder)
        self.steps("moved folders synced")
        return done, trouble

    def tidy(self, pieces: Sequence[Piece]) -> None:
        """Empty hours go."""
        for piece in pieces:
            for place in self.media.everywhere(self.media.segment(self.move.camera, piece.start_ms)):
                remove_empty(place.parent)

    def _carry_init(self) -> None:
        """A copy: segments that are still to come need the old one."""
        old = self.media.there(self.media.init(self.move.camera, self.move.run_ms))
        new = old.with_name(f"{self.move.new_run_ms}.mp4")
        if old.exists() and not new.exists():
            write_durably(new, old.read_bytes(), self.steps)

    def _carry_one(self, piece: Piece) -> set[Path]:
        """The folders in which a name changed."""
        move = self.move
        there = self.media.there(self.media.segment(move.camera, piece.start_ms + move.shift_ms))
        if there.exists():
            if self._header_of(there) != self._header(piece):
                raise MomentTaken(f"{there} is there already: {move.run_ms} cannot be dated yet")
            return {there.parent}  # before a crash; its name may be as new as that
        old = self._old(piece)
        if old is None:
            log.warning("segment %d of camera %s is not there any more", piece.start_ms, move.camera)
            return set()
        new = self._beside(old, piece)
        _overwrite(old, make_header(self._header(piece)))
        self.steps("header moved")
        _rename(old, new)
        self.steps("segment moved")
        return {old.parent, new.parent}

    def _old(self, piece: Piece) -> Path | None:
        """Where it was; a file of another run may have come there since. Raises StoreFailed for a disk."""
        places = self.media.everywhere(self.media.segment(self.move.camera, piece.start_ms))
        for place in (place for place in places if place.exists()):
            header = self._header_of(place)
            ours = header is None or header.run_ms in (self.move.run_ms, self.move.new_run_ms)
            if ours and (header is None or header.sequence == piece.sequence):
                return place
        if self.is_absent():
            raise StoreFailed("a disk is not there: what it holds cannot be dated")
        return None

    def _beside(self, old: Path, piece: Piece) -> Path:
        """Its new place on the disk that it is on."""
        new = self.media.segment(self.move.camera, piece.start_ms + self.move.shift_ms)
        root = next(root for root in self.media.roots if old.is_relative_to(root))
        return next(place for place in self.media.everywhere(new) if place.is_relative_to(root))

    def _header(self, piece: Piece) -> SegmentHeader:
        """As it is to be."""
        move = self.move
        return SegmentHeader(move.camera, move.new_run_ms, piece.start_ms + move.shift_ms, piece.sequence)

    @staticmethod
    def _header_of(path: Path) -> SegmentHeader | None:
        with path.open("rb") as opened:
            return parse_header(opened.read(HEADER_BYTES))


def commit(db: sqlite3.Connection, move: Move, pieces: Sequence[Piece]) -> None:
    """The rows of what was carried; what left the history meanwhile leaves its new place, too."""
    if not pieces:
        return
    values, moved = move.values, 0
    db.execute(_NEW_RUN, values)
    db.execute(
        "DELETE FROM garbage WHERE camera = ? AND kind = ? AND ms = ?", _init_key(move, move.new_run_ms)
    )
    for piece in pieces:
        row = values | {"start": piece.start_ms}
        if db.execute(_TO_MOMENT, row).rowcount:
            db.execute(_NEWEST, row)
            moved += 1
        else:
            discard(db, [(number_of(move.camera), SEGMENT_FILE, piece.start_ms + move.shift_ms)])
    count = "UPDATE run SET segments = segments + ? WHERE camera = ? AND run_ms = ?"
    camera = number_of(move.camera)
    db.executemany(count, [(moved, camera, move.new_run_ms), (-moved, camera, move.run_ms)])


def finish(db: sqlite3.Connection, move: Move, erasing: Erasing) -> Erased:
    """All of it is where it belongs: the old run goes, and what its owner has erased of the new one."""
    db.execute("DELETE FROM undated WHERE camera = :camera AND run_ms = :old", move.values)
    db.execute("DELETE FROM run WHERE camera = :camera AND run_ms = :old AND segments = 0", move.values)
    if not db.execute("SELECT 1 FROM run WHERE camera = :camera AND run_ms = :old", move.values).fetchone():
        discard(db, [_init_key(move, move.run_ms)])
    db.execute(_NEWEST, move.values | {"start": move.run_ms})
    return erase_owned(db, erasing, move.new_run_ms)


def resume(db: sqlite3.Connection, media: Media, now_ms: int, steps: Steps, in_use: InUse) -> None:
    """After a crash: of each run that was being moved, what is neither here nor there. Blocks."""
    for move in moves_in(db):
        starts = starts_of(db, number_of(move.camera), move.run_ms)
        carrier = Carrier(media, move, steps, lambda: bool(media.troubles))
        pieces = pieces_of(db, move, next(handfuls(starts, move.shift_ms), []))
        done, trouble = carrier.carry(pieces)
        with transaction(db):
            commit(db, move, done)
            if trouble is None and len(pieces) == len(starts):
                finish(
                    db, move, Erasing(move.camera, Reason.OWNER.value, now_ms, in_use.runs_of(move.camera))
                )
        steps("moved rows recovered")
        if trouble is not None:
            log.warning("run %d of camera %s cannot be dated yet: %s", move.run_ms, move.camera, trouble)


def _init_key(move: Move, run_ms: int) -> tuple[int, int, int]:
    return number_of(move.camera), INIT_FILE, run_ms


def _overwrite(path: Path, header: bytes) -> None:
    """In place: it lies within one sector, which is written whole or not at all."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.pwrite(descriptor, header, 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _rename(old: Path, new: Path) -> None:
    """Should the new folder be swept away as an empty one: again."""
    for _ in range(10):
        make_folder(new.parent)
        try:
            old.rename(new)
        except FileNotFoundError:
            if not old.exists():
                raise
        else:
            return
    raise FileNotFoundError(f"{new.parent} vanishes whenever it is made")
