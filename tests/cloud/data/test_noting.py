"""A hub tells what was noticed at its own cameras, inside their history; the rest is refused, one by one."""

import pytest

from backsight_cloud.domain.bounds import AHEAD_MS
from backsight_cloud.services.noting import note_events
from backsight_cloud.services.offers import NotBoundYet
from backsight_shared.errors import Malformed
from backsight_shared.event import Event
from backsight_shared.wire import REPORT_EVENTS, EventAnswer, EventsReport
from fakes.clock import NOON_MS, FakeClock
from fakes.database import FakeDatabase
from fakes.household import ANNA, DOOR, FOREIGN, HOUR_MS, MINUTE_MS, a_hub, an_event, move_in

STORED = EventAnswer("stored")


class Cloud:
    """It is an hour after noon; cameras keep twelve."""

    def __init__(self) -> None:
        self.database = FakeDatabase()
        self.clock = FakeClock(NOON_MS + HOUR_MS)

    async def tell(self, *events: Event) -> list[EventAnswer]:
        answer = await note_events(self.database, self.clock, a_hub(), EventsReport(events))
        return list(answer.events)

    async def kept(self) -> list[Event]:
        async with self.database.read() as tx:
            return list(await tx.events.between(ANNA, DOOR, 0, NOON_MS + 1000 * HOUR_MS, None))


@pytest.fixture
async def cloud() -> Cloud:
    cloud = Cloud()
    await move_in(cloud.database)
    return cloud


async def test_what_a_hub_tells_is_stored_once(cloud: Cloud) -> None:
    assert await cloud.tell(an_event(0), an_event(60)) == [STORED, STORED]
    assert await cloud.tell(an_event(0)) == [STORED]
    assert await cloud.kept() == [an_event(0), an_event(60)]


async def test_another_account_s_camera_is_refused_and_the_rest_is_stored(cloud: Cloud) -> None:
    answers = await cloud.tell(an_event(camera=FOREIGN), an_event(0))
    assert answers == [EventAnswer("refused", "this camera belongs to another account"), STORED]
    assert await cloud.kept() == [an_event(0)]


async def test_what_has_left_the_history_is_refused(cloud: Cloud) -> None:
    assert await cloud.tell(an_event(-12 * 3600, 10)) == [EventAnswer("refused", "expired")]


@pytest.mark.parametrize(("ahead_ms", "state"), [(AHEAD_MS, "stored"), (AHEAD_MS + 1, "refused")])
async def test_an_event_may_be_ten_minutes_ahead_and_no_more(cloud: Cloud, ahead_ms: int, state: str) -> None:
    start_s = (HOUR_MS + ahead_ms - MINUTE_MS) / 1000
    (answer,) = await cloud.tell(an_event(start_s, 60))
    assert answer.state == state


async def test_a_camera_that_was_never_reported_is_asked_for_first(cloud: Cloud) -> None:
    with pytest.raises(NotBoundYet):
        await cloud.tell(an_event(camera="000000000000"))


async def test_a_flood_is_refused_as_a_whole(cloud: Cloud) -> None:
    with pytest.raises(Malformed, match=f"at most {REPORT_EVENTS} events"):
        await cloud.tell(*[an_event(number) for number in range(REPORT_EVENTS + 1)])
    assert await cloud.kept() == []
