"""Keeps the ledger short: once a day its lines that are three months old become one for each day."""

import logging
from typing import Protocol

from backsight_agent.domain.ledger import kept_by_day_before
from backsight_shared.clock import Clock

EVERY_S = 86_400.0
DOUBT_S = 3_600.0  # seconds; after which a clock in doubt is looked at again

log = logging.getLogger(__name__)


class KeepsLedger(Protocol):
    """The side of the store that can do it."""

    async def shorten_ledger(self, before_ms: int) -> int: ...


class TellsTrust(Protocol):
    """What is old is only known by a clock that is right."""

    def trusted_now_ms(self) -> int | None: ...


async def shorten_ledger_forever(store: KeepsLedger, time: TellsTrust, clock: Clock) -> None:
    """Doing it twice changes nothing."""
    while True:
        now_ms = time.trusted_now_ms()
        if now_ms is not None and (merged := await store.shorten_ledger(kept_by_day_before(now_ms))):
            log.debug("%d old lines of the ledger were taken into those of their days", merged)
        await clock.sleep(DOUBT_S if now_ms is None else EVERY_S)
