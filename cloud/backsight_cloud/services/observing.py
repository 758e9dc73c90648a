"""Looks at the database now and then for the page of metrics, so that no scrape ever waits for it.

The costs are the same however often the page is asked for. A database that does not answer leaves the last
look standing; the page says how old it is.
"""

import asyncio
import logging
from collections.abc import Callable

from backsight_cloud.domain.vitals import Looked, MoneySeen, ServiceVitals, Town
from backsight_cloud.ports import Database
from backsight_shared.clock import Clock
from backsight_shared.errors import BacksightError

EVERY_S = 10.0  # seconds between two looks

log = logging.getLogger(__name__)

Disk = Callable[[], tuple[int, int]]


async def observe_forever(database: Database, disk: Disk, vitals: ServiceVitals, clock: Clock) -> None:
    """Look for ever; what fails is seen by the age of the last look."""
    while True:
        try:
            town = await _town(database, vitals, clock)
            free, total = await asyncio.to_thread(disk)
            vitals.looked = Looked(clock.monotonic(), town, free, total)
        except (BacksightError, OSError) as error:
            log.debug("the database cannot be looked at: %s", error)
        await clock.sleep(EVERY_S)


async def _town(database: Database, vitals: ServiceVitals, clock: Clock) -> Town:
    vitals.asking_since = clock.monotonic()
    try:
        async with database.read() as view:
            waiting = await view.orders.waiting()
            vitals.money.seen = MoneySeen(await view.billings.standings(), waiting.count, waiting.since_ms)
            return await view.figures.town()
    finally:
        vitals.asking_since = None
