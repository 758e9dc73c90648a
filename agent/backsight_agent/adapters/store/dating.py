"""The store's side of dating: decides for all at once, moves run by run, tells those who wait for it."""

import asyncio
import logging
import sqlite3
from collections.abc import Mapping, Sequence

from backsight_agent.adapters.store.base import Base
from backsight_agent.adapters.store.deciding import Decider, boots, count_undated
from backsight_agent.adapters.store.erasing import Erasing
from backsight_agent.adapters.store.heads import Left, left
from backsight_agent.adapters.store.reanchoring import (
    Carrier,
    Move,
    commit,
    finish,
    handfuls,
    moves_in,
    pieces_of,
    starts_of,
)
from backsight_agent.adapters.store.schema import number_of
from backsight_agent.domain.anchoring import BootSpan, BootTime
from backsight_agent.domain.ledger import Reason
from backsight_agent.ports import Dated, StoreFailed, StoreFull

log = logging.getLogger(__name__)


class StoredUndated:
    """Implements the port UndatedHistory."""

    def __init__(self, base: Base, noted: asyncio.Event) -> None:
        self._base = base
        self._noted = noted  # set when events are to be sent
        self._stuck: set[Move] = set()  # could not be carried out at this attempt

    async def count(self) -> int:
        """How many runs and events are not dated."""
        return await self._base.index.read(count_undated)

    async def boots(self) -> Sequence[BootSpan]:
        """The boots that anything undated is of, in their order."""
        return await self._base.index.read(boots)

    async def decide(self, found: Mapping[str, BootTime], going_on: Mapping[str, int]) -> None:
        """See the port. Runs of which a file is being written, or waits to be finished, go on too."""
        base = self._base
        self._stuck.clear()
        written = [*base.activity.open.values(), *base.activity.leftovers.values()]
        unfinished = {*going_on.items(), *((file.camera, file.run_ms) for file in written)}
        in_use, now_ms = base.activity.in_use(), base.clock.now_ms()

        def work(db: sqlite3.Connection) -> dict[str, Left]:
            return Decider(db, base.media, found, unfinished, in_use, now_ms).decide()

        await base.index.change(work, self._tell_heads)
        base.steps("dating decided")
        base.added.set()
        self._noted.set()

    async def move_next(self) -> Dated | None:
        """See the port. A run that cannot be moved now holds up no other."""
        for move in await self._base.index.read(moves_in):
            if move in self._stuck:
                continue
            try:
                return await self._move(move)
            except (StoreFailed, StoreFull) as error:
                self._stuck.add(move)
                log.warning("run %d of camera %s cannot be dated yet: %s", move.run_ms, move.camera, error)
        return None

    async def _move(self, move: Move) -> Dated:
        base, moved = self._base, 0
        base.activity.becoming[move.camera] = move.new_run_ms
        try:
            while starts := await base.index.read(
                lambda db: starts_of(db, number_of(move.camera), move.run_ms)
            ):
                for handful in handfuls(starts, move.shift_ms):
                    moved += await self._move_some(move, handful)
            await self._finish(move)
        finally:
            base.activity.becoming.pop(move.camera, None)
            base.added.set()
        return Dated(move.camera, moved, move.shift_ms)

    async def _move_some(self, move: Move, handful: Sequence[int]) -> int:
        """A handful; while it is on its way nobody looks whether rows and files agree."""
        base = self._base
        carrier = Carrier(base.media, move, base.steps, lambda: bool(base.presence.absent()))
        folder = base.media.camera(move.camera)
        async with base.moving:
            pieces = await base.index.read(lambda db: pieces_of(db, move, handful))
            done, trouble = await base.files.run(lambda: carrier.carry(pieces), folder)
            ends = [piece.end_ms + move.shift_ms for piece in done]
            await base.index.change(
                lambda db: commit(db, move, done), lambda _: self._tell_ends(move.camera, ends)
            )
            base.steps("rows moved")
            await base.files.run(lambda: carrier.tidy(done), folder)
        if trouble is not None:
            raise trouble
        return len(done)

    async def _finish(self, move: Move) -> None:
        base = self._base
        in_use = base.activity.runs_in_use(move.camera)
        erasing = Erasing(move.camera, Reason.OWNER.value, base.clock.now_ms(), in_use)

        def work(db: sqlite3.Connection) -> dict[str, Left]:
            erased = finish(db, move, erasing)
            return {move.camera: left(db, move.camera, erased.size_bytes)}

        await base.index.change(work, self._tell_heads)
        base.steps("dated")

    def _tell_ends(self, camera: str, ends: Sequence[int]) -> None:
        for end_ms in ends:
            self._base.heads.dated(camera, end_ms)

    def _tell_heads(self, cameras: Mapping[str, Left]) -> None:
        for camera, now in cameras.items():
            self._base.heads.erased(camera, now)
