"""Deletes the objects of what left the index, in batches, round and round.

A row is dropped only when the store said that the object is gone; and as a store may be wrong, it is noted
for being looked at again (`verifying`).
"""

import logging
from collections.abc import Sequence

from backsight_cloud.domain.deletions import FIRST_LOOK_MS, MOST_NOTED
from backsight_cloud.domain.records import Garbage
from backsight_cloud.ports import Database, Objects, Transaction
from backsight_shared.clock import Clock

BATCH = 1_000  # objects; one call to an S3 store deletes as many

log = logging.getLogger(__name__)


class Sweeping:
    """One round goes through all garbage in order of key; what cannot be deleted waits for the next round."""

    def __init__(self, database: Database, objects: Objects, clock: Clock) -> None:
        self._database = database
        self._objects = objects
        self._clock = clock
        self._after_key = ""
        self._round_stuck = 0
        self._once_more = False
        self.has_more = True  # the garbage that an earlier process left is unknown
        self.stuck = 0  # objects that could not be deleted in the last round
        self.unverified = 0  # that were deleted and will not be looked at again, for lack of room
        self._noted: int | None = None  # deletions that are noted; counted anew in each round

    def again(self) -> None:
        """There may be garbage behind us: begin a round, after the one that may be under way."""
        if self.has_more:
            self._once_more = True
        else:
            self._begin_round()

    async def sweep_some(self) -> None:
        """The next batch of the round."""
        if not self.has_more:
            return
        batch = await self._read(BATCH, self._after_key)
        self._round_stuck += await self._delete(batch)
        if len(batch) == BATCH:
            self._after_key = batch[-1].key
            return
        self.has_more, self.stuck = False, self._round_stuck
        if self._once_more:
            self._begin_round()

    async def sweep_below(self, prefix: str) -> None:
        """What has just left one camera goes first: it must not wait behind another's many objects."""
        batch = await self._read(BATCH, prefix)
        own = [garbage for garbage in batch if garbage.key.startswith(prefix)]
        await self._delete(own)
        if len(own) == BATCH:
            self.again()

    def _begin_round(self) -> None:
        self._after_key, self._round_stuck, self._noted = "", 0, None
        self.has_more, self._once_more = True, False

    def give_up_round(self) -> None:
        """The objects do not answer at all: nothing more is tried until the next `again`."""
        self.has_more, self._once_more = False, False

    async def _room(self, tx: Transaction) -> int:
        """How many more deletions may be noted."""
        if self._noted is None:
            self._noted = await tx.deletions.waiting()
        return max(0, MOST_NOTED - self._noted)

    async def _read(self, limit: int, after_key: str) -> Sequence[Garbage]:
        async with self._database.read() as tx:
            return await tx.footage.garbage(limit, after_key)

    async def _delete(self, batch: Sequence[Garbage]) -> int:
        """How many could not be deleted. Only what is certainly gone is forgotten."""
        if not batch:
            return 0
        gone = set(await self._objects.delete([garbage.key for garbage in batch]))
        camera_of = {garbage.key: garbage.camera for garbage in batch if garbage.key in gone}
        look_ms = self._clock.now_ms() + FIRST_LOOK_MS
        async with self._database.begin() as tx:
            await tx.footage.forget_garbage(list(camera_of))
            noted = list(camera_of.items())[: await self._room(tx)]
            await tx.deletions.note(noted, look_ms)
        self._noted = (self._noted or 0) + len(noted)
        self.unverified += len(camera_of) - len(noted)
        stuck = len(batch) - len(camera_of)
        if stuck:
            log.warning("%d objects cannot be deleted; they are tried again", stuck)
        return stuck
