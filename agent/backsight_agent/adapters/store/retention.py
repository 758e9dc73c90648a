"""The pruner's side of the store: two-phase deletion, so that a crash between the phases undoes neither."""

# ruff: noqa: S608 - only constants of our own are put into these statements

import errno
import logging
import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from backsight_agent.adapters.store.ballast import Ballast
from backsight_agent.adapters.store.base import Base
from backsight_agent.adapters.store.erasing import Erasing, erase_span, erase_until
from backsight_agent.adapters.store.files import remove_durably
from backsight_agent.adapters.store.heads import Left, count_garbage, left
from backsight_agent.adapters.store.schema import SEGMENT_FILE, camera_of
from backsight_agent.adapters.store.shortening import shorten_ledger
from backsight_agent.adapters.store.tombstones import note_erased
from backsight_agent.ports import Erased

log = logging.getLogger(__name__)

Garbage = tuple[int, int, int]  # camera, kind, ms
Erase = Callable[[sqlite3.Connection, Erasing], Erased]


class StoredRetention:
    """Implements the port Retention."""

    def __init__(self, base: Base, ballast: Ballast) -> None:
        self._ballast = ballast
        self._media, self._index, self._files = base.media, base.index, base.files
        self._heads, self._activity, self._steps = base.heads, base.activity, base.steps
        self._presence = base.presence

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
        return await self.take(
            camera, reason, now_ms, lambda db, erasing: erase_until(db, erasing, horizon_ms)
        )

    async def erase_span(self, camera: str, from_ms: int, to_ms: int, reason: str, now_ms: int) -> Erased:
        """Take every segment and event that overlaps the span out of sight, for good.

        On a full disk, too: it is how its owner makes room.
        """
        folder = self._media.camera(camera)
        async with self._ballast.last_room():
            await self._files.run(lambda: note_erased(folder, from_ms, to_ms, self._steps), folder)
            self._steps("erasing noted")
            return await self.take(
                camera, reason, now_ms, lambda db, erasing: erase_span(db, erasing, from_ms, to_ms)
            )

    async def take(self, camera: str, reason: str, now_ms: int, erase: Erase) -> Erased:
        """Do what takes segments of a camera out of sight, in one transaction.

        Which runs must stay is looked up last of all: one that began while we waited for the disk would go
        with its init, as a run without segments.
        """
        erasing = Erasing(camera, reason, now_ms, self._activity.runs_in_use(camera))

        def work(db: sqlite3.Connection) -> tuple[Erased, Left]:
            erased = erase(db, erasing)
            return erased, left(db, camera, erased.size_bytes)

        done, _ = await self._index.change(work, lambda done: self._heads.erased(camera, done[1]))
        self._steps("erased")
        return done

    async def shorten_ledger(self, before_ms: int) -> int:
        """Keep lines that are older by day; how many were taken into others."""
        return await self._index.change(lambda db: shorten_ledger(db, before_ms))

    async def sweep(self, limit: int) -> int:
        """Unlink up to `limit` garbage files, fsync their folders, forget them; how many are left.

        A file that cannot be unlinked stays in the garbage, comes last from then on, and holds up no other.
        """
        if not self._heads.garbage:
            return 0
        batch = await self._index.read(lambda db: _next_garbage(db, limit))
        paths = [self._path(row) for row in batch]
        errors = await self._files.run(lambda: self._removed(paths), self._media.root)
        for path, error in zip(paths, errors, strict=True):
            if error is not None:
                log.warning("%s cannot be unlinked yet: %s", path, error.strerror)
        self._heads.garbage = await self._index.change(lambda db: _forget(db, batch, errors))
        self._steps("garbage dropped")
        return self._heads.garbage

    def _removed(self, paths: list[Path]) -> list[OSError | None]:
        """For each what went wrong. What is on no disk that is there may be on one that is not."""
        if len(self._media.roots) == 1:
            self._presence.refuse_absent(self._media.root)
            return remove_durably(paths, self._steps)
        absent = self._presence.absent()
        errors: list[OSError | None] = [None] * len(paths)
        for places in zip(*(self._media.everywhere(path) for path in paths), strict=True):
            there = [place for place in places if not any(place.is_relative_to(root) for root in absent)]
            found = dict(zip(there, remove_durably(there, self._steps), strict=True))
            errors = [error or found.get(place) for error, place in zip(errors, places, strict=True)]
        away = OSError(errno.ENODEV, os.strerror(errno.ENODEV)) if absent else None
        return [error or away for error in errors]

    def _path(self, row: Garbage) -> Path:
        camera, kind, ms = row
        place = self._media.segment if kind == SEGMENT_FILE else self._media.init
        return place(camera_of(camera), ms)


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
