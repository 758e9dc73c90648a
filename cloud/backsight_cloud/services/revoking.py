"""Shuts unpaired hubs out of the broker, also those that were unpaired while the service was not running."""

import logging

from backsight_cloud.ports import Broker, Database, Revocations
from backsight_cloud.services.wakes import Wakes
from backsight_shared.clock import Clock, sleep_or

LOOK_EVERY_S = 30.0  # seconds; in case a wake was lost

log = logging.getLogger(__name__)


async def revoke_forever(
    database: Database, broker: Broker, revocations: Revocations, wakes: Wakes, clock: Clock
) -> None:
    """Revoke each unpaired hub once; after a restart once more, which changes nothing."""
    done: set[str] = set()
    while True:
        for hub, serials in (await _unpaired(database, clock.now_ms())).items():
            if hub not in done:
                await revocations.revoke(hub, serials)
                await broker.forget(hub)
                done.add(hub)
        await sleep_or(wakes.revoke, LOOK_EVERY_S, clock)


async def _unpaired(database: Database, now_ms: int) -> dict[str, list[str]]:
    """Unpaired hubs with the certificates that would still let them in."""
    async with database.read() as view:
        revoked = set(await view.hubs.revoked(now_ms))
        found = {}
        for hub in await view.hubs.hubs() if revoked else ():
            if hub.unpaired_ms is not None:
                serials = [serial for serial in await view.hubs.certificates(hub.id) if serial in revoked]
                found.update({hub.id: serials} if serials else {})
    return found
