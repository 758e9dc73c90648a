"""Tells the cloud what was noticed: oldest first, at once when it is there, after weeks when it was not."""

import asyncio
import logging
from collections.abc import Collection
from typing import Protocol

from backsight_agent.domain.states import Board
from backsight_agent.ports import CloudApi, CloudRefusedHub, CloudUnavailable, EventLog
from backsight_shared.clock import Clock, sleep_or, wait_at_most
from backsight_shared.entitlement import UploadPolicy
from backsight_shared.event import Event
from backsight_shared.supervision import delay_after
from backsight_shared.wire import REPORT_EVENTS, EventsReport

LOOK_S = 30.0  # seconds; events that may not be sent now may be later
REFUSED_S = 300.0  # seconds; after the cloud did not accept the hub: only a person changes that

PROBLEM = "send_events"

log = logging.getLogger(__name__)


class Allows(Protocol):
    """What may be sent, by the entitlement."""

    def upload(self, camera: str) -> UploadPolicy | None: ...


class TellsTime(Protocol):
    """Whether the hub's clock can be trusted: an event of 1970 is no event."""

    def trusted_now_ms(self) -> int | None: ...


async def send_events_forever(
    cameras: Collection[str],
    events: EventLog,
    cloud: CloudApi,
    online: asyncio.Event,
    allows: Allows,
    time: TellsTime,
    board: Board,
    clock: Clock,
) -> None:
    """Send for ever; doing it twice changes nothing in the cloud."""
    failures = 0
    while True:
        events.added.clear()
        try:
            trusted = time.trusted_now_ms() is not None
            sent = trusted and await _send_some(cameras, events, cloud, allows)
        except CloudRefusedHub as error:
            board.set_problem(PROBLEM, f"Events are not sent: {error}")
            await clock.sleep(REFUSED_S)
        except CloudUnavailable as error:
            failures += 1
            log.log(logging.WARNING if failures == 1 else logging.DEBUG, "events wait: %s", error)
            await _pause(online, delay_after(failures), clock)
        else:
            failures = 0
            board.set_problem(PROBLEM, None)
            if not sent:
                await sleep_or(events.added, LOOK_S, clock)


async def _send_some(cameras: Collection[str], events: EventLog, cloud: CloudApi, allows: Allows) -> bool:
    """One report; False when there is nothing to send, or nothing that may be."""
    allowed = [camera for camera in cameras if allows.upload(camera) in ("all", "events")]
    waiting = await events.unsent(allowed, REPORT_EVENTS)
    if not waiting:
        return False
    answer = await cloud.events(EventsReport(tuple(waiting)))
    await events.mark_sent(waiting)
    for event, told in zip(waiting, answer.events, strict=True):
        if told.state == "refused":
            _say(event, told.reason)
    return True


def _say(event: Event, reason: str) -> None:
    log.info("the cloud does not take an event of %s at %d: %s", event.camera, event.start_ms, reason)


async def _pause(online: asyncio.Event, seconds: float, clock: Clock) -> None:
    """A pause ends early when the cloud comes back."""
    if online.is_set():
        await clock.sleep(seconds)
    else:
        await wait_at_most(online, seconds, clock)
