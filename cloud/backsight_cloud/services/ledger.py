"""Keeps the ledger short: lines that are three months old are kept by day."""

from backsight_cloud.domain.ledger import kept_by_day_before
from backsight_cloud.ports import Database
from backsight_shared.clock import Clock

BATCH = 500  # lines in one transaction, so that writers do not wait


async def shorten_ledger(database: Database, clock: Clock) -> None:
    """Doing it twice changes nothing."""
    before_ms, merged = kept_by_day_before(clock.now_ms()), BATCH
    while merged == BATCH:
        async with database.begin() as tx:
            merged = await tx.erasing.merge_lines_before(before_ms, BATCH)
