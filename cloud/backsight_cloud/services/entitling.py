"""Brings each hub its newest entitlement: compiled, signed, published; and hears what hubs answer."""

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from backsight_cloud.domain.entitling import EntitledCamera, entitlement
from backsight_cloud.domain.limits import Limit
from backsight_cloud.ports import Broker, BrokerUnavailable, Database, HubMessage, Transaction
from backsight_cloud.services.limits import Limiter, TooManyTries
from backsight_cloud.services.wakes import Wakes
from backsight_shared import shapes
from backsight_shared.clock import Clock, sleep_or
from backsight_shared.entitlement import Entitlement, to_claims
from backsight_shared.erased import still_needed
from backsight_shared.errors import Malformed
from backsight_shared.signing import SigningKey, sign_entitlement
from backsight_shared.window import horizon
from backsight_shared.wire import HubStatus

LOOK_EVERY_S = 30.0  # seconds; in case a wake was lost
RENEWED_AFTER_MS = 24 * 3_600_000
AT_ONCE = 100  # hubs in one round: two transactions for all of them
LEASE_MS = 5_000  # a round that is not done by then is done again, by whoever is there
AGAIN_AFTER_S = LEASE_MS / 1000 + 0.1
LARGEST_STATUS = 128 * 1024  # bytes; of 64 cameras, with room

_PULLS = Limit(burst=5, seconds=10.0)  # of one hub; one that asks in a loop shall not keep us busy

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs."""

    name: str
    key: SigningKey = field(repr=False)


class Left(Enum):
    """What one round of publishing leaves to be done."""

    NOTHING = "nothing"
    MORE = "more"
    FAILED = "failed"


async def publish_forever(
    database: Database, broker: Broker, issuer: Issuer, wakes: Wakes, clock: Clock
) -> None:
    """Publish what is due, whenever something is."""
    while True:
        pause_s = LOOK_EVERY_S
        if broker.connected.is_set():
            await _renew_daily(database, clock)
            while (left := await _publish_some(database, broker, issuer, clock)) is Left.MORE:
                pass
            pause_s = AGAIN_AFTER_S if left is Left.FAILED else LOOK_EVERY_S
        await sleep_or(wakes.publish, pause_s, clock)


async def republish_forever(database: Database, broker: Broker, wakes: Wakes, clock: Clock) -> None:
    """After each connection publish everything again: a broker that crashed has lost what it retained."""
    while True:
        await broker.reconnected.wait()
        broker.reconnected.clear()  # first: a connection made from here on is a reason to do it again
        try:
            async with database.begin() as transaction:
                await transaction.publications.mark_all_due(clock.now_ms())
        except BaseException:
            broker.reconnected.set()
            raise
        wakes.publish.set()


async def listen_forever(database: Database, broker: Broker, wakes: Wakes, clock: Clock) -> None:
    """Take what hubs say: a pull makes a document due, a status is kept. Garbage is ignored, and logged."""
    pulls = Limiter(_PULLS, clock)
    async for message in broker.messages():
        try:
            if message.kind == "pull":
                pulls.take(message.hub)
                await _make_due(database, message.hub, wakes, clock)
            elif message.kind == "status":
                await _keep_status(database, message, clock)
        except (Malformed, TooManyTries) as error:
            log.warning("ignored a %s of hub %s: %s", message.kind, message.hub, error)


async def _renew_daily(database: Database, clock: Clock) -> None:
    now_ms = clock.now_ms()
    async with database.begin() as transaction:
        await transaction.publications.mark_due_older_than(now_ms - RENEWED_AFTER_MS, now_ms)


async def _publish_some(database: Database, broker: Broker, issuer: Issuer, clock: Clock) -> Left:
    """One round. What fails stays due, and is claimed again when its lease has ended."""
    now_ms = clock.now_ms()
    documents = await _compile(database, issuer, now_ms)
    if not documents:
        return Left.NOTHING
    published = await _publish(broker, issuer, documents)
    async with database.begin() as transaction:
        await transaction.publications.all_done(published, now_ms, clock.now_ms())
    if len(published) < len(documents):
        return Left.FAILED
    return Left.MORE if len(documents) == AT_ONCE else Left.NOTHING


async def _compile(database: Database, issuer: Issuer, now_ms: int) -> list[Entitlement]:
    """The documents of this round. Their serials are durable before anyone sees them."""
    async with database.begin() as transaction:
        hubs = await transaction.publications.claim(AT_ONCE, now_ms, LEASE_MS)
        if not hubs:
            return []
        serials = await transaction.hubs.next_serials(hubs)
        cameras = await _entitled(transaction, hubs, now_ms)
    return [entitlement(issuer.name, hub, serials[hub], now_ms, cameras[hub]) for hub in hubs]


async def _entitled(
    transaction: Transaction, hubs: Sequence[str], now_ms: int
) -> dict[str, list[EntitledCamera]]:
    """Each hub's cameras, in the order in which they were bound, with what of them is to be erased."""
    entitled: dict[str, list[EntitledCamera]] = {hub: [] for hub in hubs}
    cameras = await transaction.cameras.of_hubs(hubs)
    steps = await transaction.cameras.steps_of([camera.id for camera in cameras])
    erased = await transaction.erasing.spans_of([camera.id for camera in cameras])
    for camera in cameras:
        own = steps.get(camera.id, ())
        needed = still_needed(erased.get(camera.id, ()), horizon(own, camera.reached_ms, now_ms))
        known = EntitledCamera(camera.id, camera.plan, camera.upload, own, needed)
        entitled[camera.hub].append(known)
    return entitled


async def _publish(broker: Broker, issuer: Issuer, documents: Sequence[Entitlement]) -> list[str]:
    """The hubs whose document the broker has taken."""
    async with asyncio.TaskGroup() as tree:
        tries = [tree.create_task(_publish_one(broker, issuer, document)) for document in documents]
    taken = [document.hub for document, one in zip(documents, tries, strict=True) if one.result()]
    if len(taken) < len(documents):
        log.warning("%d entitlements could not be published; they stay due", len(documents) - len(taken))
    return taken


async def _publish_one(broker: Broker, issuer: Issuer, document: Entitlement) -> bool:
    """One hub's trouble is not another's."""
    try:
        signed = sign_entitlement(to_claims(document), issuer.key)
        await broker.publish_entitlement(document.hub, signed)
    except BrokerUnavailable as error:
        log.debug("the entitlement of hub %s waits: %s", document.hub, error)
        return False
    except ValueError:
        log.exception("the entitlement of hub %s cannot be written", document.hub)
        return False
    return True


async def _make_due(database: Database, hub: str, wakes: Wakes, clock: Clock) -> None:
    async with database.begin() as transaction:
        known = await transaction.hubs.hub(hub)
        if known is None or known.unpaired_ms is not None:
            return
        await transaction.publications.mark_due(hub, clock.now_ms())
    wakes.publish.set()


async def _keep_status(database: Database, message: HubMessage, clock: Clock) -> None:
    if not message.payload:  # the retained status was taken away
        return
    if len(message.payload) > LARGEST_STATUS:
        raise Malformed(f"status has {len(message.payload)} bytes")
    try:
        value = json.loads(message.payload)
    except (ValueError, RecursionError) as error:
        raise Malformed("status is not JSON") from error
    status = shapes.read(HubStatus, value, "status")
    async with database.begin() as transaction:
        text = json.dumps(shapes.write(status), separators=(",", ":"))
        await transaction.hubs.set_status(message.hub, text, clock.now_ms())
