"""The pruner's side of the store: two-phase deletion, so that a crash between the phases undoes neither."""

# ruff: noqa: S608 - only constants of our own are put into these statements

import logging
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from backsight_agent.adapters.store.base import Base
from backsight_agent.adapters.store.erasing import erase_until
from backsight_agent.adapters.store.files import remove_durably
from backsight_agent.adapters.store.heads import count_garbage, oldest_end
from backsight_agent.adapters.store.schema import SEGMENT_FILE, camera_of, number_of
from backsight_agent.ports import Erased

log = logging.getLogger(__name__)

Garbage = tuple[int, int, int]  # camera, kind, ms


class StoredRetention:
    """Implements the port Retention."""

    def __init__(self, base: Base) -> None:
        self._media, self._index, self._files = base.media, base.index, base.files
        self._heads, self._activity, self._steps = base.heads, base.activity, base.steps

    async def cameras(self) -> Sequence[str]:
        """Every camera that has segments."""
        return sorted(self._heads.oldest_end_ms)

    async def oldest_end_ms(self, camera: str) -> int | None:
        """The smallest segment end of a camera: what expires next."""
        return self._heads.oldest_end_ms.get(camera)

    async def reached_ms(self, camera: str) -> int | None:
        """The horizon that was already acted upon."""
        return self._heads.reached_ms.get(camera)

    async def erase_until(self, camera: str, horizon_ms: int, reason: str, now_ms: int) -> Erased:
        """Take every segment with `end <= horizon` out of sight, in one transaction."""
        in_use = self._activity.runs_in_use(camera)

        def work(db: sqlite3.Connection) -> _Erasing:
            erased = erase_until(db, camera, horizon_ms, reason, now_ms, in_use)
            return _Erasing(
                erased, oldest_end(db, number_of(camera)), _reached(db, camera), count_garbage(db)
            )

        def committed(done: _Erasing) -> None:
            self._heads.erased(camera, done.oldest_end_ms, done.reached_ms, done.garbage)

        done = await self._index.change(work, committed)
        self._steps("erased")
        return done.erased

    async def sweep(self, limit: int) -> int:
        """Unlink up to `limit` garbage files, fsync their folders, forget them; how many are left.

        A file that cannot be unlinked stays in the garbage, comes last from then on, and holds up no other.
        """
        if not self._heads.garbage:
            return 0
        batch = await self._index.read(lambda db: _next_garbage(db, limit))
        paths = [self._path(row) for row in batch]
        errors = await self._files.run(lambda: remove_durably(paths, self._steps), self._media.root)
        for path, error in zip(paths, errors, strict=True):
            if error is not None:
                log.warning("%s cannot be unlinked yet: %s", path, error.strerror)
        self._heads.garbage = await self._index.change(lambda db: _forget(db, batch, errors))
        self._steps("garbage dropped")
        return self._heads.garbage

    def _path(self, row: Garbage) -> Path:
        camera, kind, ms = row
        place = self._media.segment if kind == SEGMENT_FILE else self._media.init
        return place(camera_of(camera), ms)


class _Erasing(NamedTuple):
    erased: Erased
    oldest_end_ms: int | None
    reached_ms: int
    garbage: int


def _reached(db: sqlite3.Connection, camera: str) -> int:
    row = db.execute("SELECT reached_ms FROM camera WHERE camera = ?", (number_of(camera),)).fetchone()
    return int(row[0])


def _next_garbage(db: sqlite3.Connection, limit: int) -> list[Garbage]:
    fresh = db.execute("SELECT camera, kind, ms FROM garbage WHERE tries = 0 LIMIT ?", (limit,)).fetchall()
    sql = "SELECT camera, kind, ms FROM garbage WHERE tries > 0 ORDER BY tries LIMIT ?"
    return fresh + db.execute(sql, (limit - len(fresh),)).fetchall()


def _forget(db: sqlite3.Connection, batch: list[Garbage], errors: list[OSError | None]) -> int:
    outcome = list(zip(batch, errors, strict=True))
    where = "WHERE camera = ? AND kind = ? AND ms = ?"
    db.executemany(f"DELETE FROM garbage {where}", [row for row, error in outcome if error is None])
    stuck = [row for row, error in outcome if error is not None]
    db.executemany(f"UPDATE garbage SET tries = tries + 1 {where}", stuck)
    return count_garbage(db)
