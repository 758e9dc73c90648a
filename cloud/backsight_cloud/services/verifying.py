"""Finds a store that lies: it said that an object is deleted, and the object is still there.

What was deleted is asked for again half an hour later, and some of it a day later. What is there nevertheless
becomes garbage once more, and is counted. An object that was placed anew meanwhile is no longer noted.
"""

import logging
from collections.abc import Sequence

from backsight_cloud.domain.deletions import SECOND_LOOK_MS, is_looked_at_twice
from backsight_cloud.domain.records import Deleted
from backsight_cloud.ports import Database, Objects
from backsight_cloud.services.pruning import PruneHealth
from backsight_cloud.services.wakes import Wakes
from backsight_shared.clock import Clock

LOOK_EVERY_S = 300.0  # seconds
BATCH = 1_000  # objects asked for at once

log = logging.getLogger(__name__)


async def verify_forever(
    database: Database, objects: Objects, wakes: Wakes, clock: Clock, health: PruneHealth
) -> None:
    """Look at what was deleted, for ever; beside the pruner, which is not to wait for it."""
    while True:
        await verify_what_is_due(database, objects, wakes, clock, health)
        await clock.sleep(LOOK_EVERY_S)


async def verify_what_is_due(
    database: Database, objects: Objects, wakes: Wakes, clock: Clock, health: PruneHealth
) -> None:
    """One pass; what is still there is garbage again afterwards."""
    now_ms, batch = clock.now_ms(), None
    while batch is None or len(batch) == BATCH:
        async with database.read() as tx:
            batch = await tx.deletions.due(now_ms, BATCH)
            health.deletes_to_verify = await tx.deletions.waiting()
        if batch and (lies := await _look_at(batch, database, objects, now_ms)):
            log.warning("the store said of %d objects that they are deleted, and they are not", lies)
            health.lying_deletes += lies
            wakes.prune.set()


async def _look_at(batch: Sequence[Deleted], database: Database, objects: Objects, now_ms: int) -> int:
    """How many are still there, though nobody put them again."""
    still_there = await objects.sizes([one.key for one in batch])
    gone = [one for one in batch if one.key not in still_there]
    twice = {one.key for one in gone if one.looks == 0 and is_looked_at_twice(one.key)}
    async with database.begin() as tx:
        await tx.deletions.look_again(sorted(twice), now_ms + SECOND_LOOK_MS)
        await tx.deletions.forget([one.key for one in gone if one.key not in twice])
        return await tx.deletions.came_back(sorted(still_there), now_ms)
