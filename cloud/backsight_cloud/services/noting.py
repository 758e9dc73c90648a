"""Takes in what hubs noticed: events of their own cameras, inside the history; twice changes nothing."""

from backsight_cloud.domain.bounds import event_fault
from backsight_cloud.domain.records import Hub
from backsight_cloud.ports import Database
from backsight_cloud.services.offers import Standing, standing_of
from backsight_shared.clock import Clock
from backsight_shared.errors import Malformed
from backsight_shared.event import Event
from backsight_shared.wire import REPORT_EVENTS, EventAnswer, EventsAnswer, EventsReport


async def note_events(database: Database, clock: Clock, hub: Hub, report: EventsReport) -> EventsAnswer:
    """Store what is this hub's to tell; the rest is refused, one by one.

    Raises Malformed or NotBoundYet for the report as a whole.
    """
    if len(report.events) > REPORT_EVENTS:
        raise Malformed(f"message must have at most {REPORT_EVENTS} events")
    now_ms = clock.now_ms()
    async with database.begin() as tx:
        cameras = sorted({event.camera for event in report.events})
        standing = {camera: await standing_of(tx, hub, camera, now_ms) for camera in cameras}
        faults = [_fault(event, standing[event.camera], now_ms) for event in report.events]
        good = [event for event, fault in zip(report.events, faults, strict=True) if not fault]
        await tx.events.note(hub.account, good)
    answers = [EventAnswer("refused", fault) if fault else EventAnswer("stored") for fault in faults]
    return EventsAnswer(tuple(answers))


def _fault(event: Event, standing: Standing, now_ms: int) -> str:
    return standing.refused or event_fault(event, standing.horizon_ms, standing.erased, now_ms)
