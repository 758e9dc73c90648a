"""The cloud hears of every event: at once, or after weeks; of none that its owner keeps at home."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from backsight_agent.domain.holding import Held, HeldEntitlement, UploadPolicies
from backsight_agent.domain.states import Board
from backsight_agent.ports import CloudRefusedHub, CloudUnavailable
from backsight_agent.tasks.send_events import LOOK_S, REFUSED_S, send_events_forever
from backsight_shared.entitlement import CameraEntitlement, Entitlement, UploadPolicy
from backsight_shared.event import Event, EventKind, Origin
from backsight_shared.window import WindowStep
from backsight_shared.wire import REPORT_EVENTS
from fakes.clock import NOON_MS, FakeClock, settle
from fakes.cloud import FakeCloud
from fakes.store import FakeStore

DOOR, YARD = "74fece010203", "3c52a1000001"


@dataclass
class Home:
    """A hub that is entitled to send everything of both cameras, unless a test says otherwise."""

    clock: FakeClock = field(default_factory=FakeClock)
    store: FakeStore = field(default_factory=FakeStore)
    cloud: FakeCloud = field(default_factory=FakeCloud)
    online: asyncio.Event = field(default_factory=asyncio.Event)
    policies: dict[str, UploadPolicy | None] = field(default_factory=lambda: {DOOR: "all", YARD: "all"})
    trusted: bool = True

    def __post_init__(self) -> None:
        self.board = Board((DOOR, YARD), self.clock)
        self.online.set()

    def upload(self, camera: str) -> UploadPolicy | None:
        return self.policies[camera]

    def trusted_now_ms(self) -> int | None:
        return self.clock.now_ms() if self.trusted else None

    async def notice(self, *events: Event) -> None:
        for event in events:
            await self.store.events.note(event)
        await settle()

    @property
    def arrived(self) -> list[Event]:
        return list(self.cloud.noticed.values())


def an_event(start_s: int = 0, length_s: int = 10, camera: str = DOOR) -> Event:
    start_ms = NOON_MS + start_s * 1000
    return Event(camera, start_ms, start_ms + length_s * 1000, EventKind.MOTION, Origin.HUB, 50)


@asynccontextmanager
async def sending(home: Home) -> AsyncIterator[Home]:
    task = asyncio.ensure_future(
        send_events_forever(
            *((DOOR, YARD), home.store.events, home.cloud, home.online),
            *(home, home, home.board, home.clock),
        )
    )
    await settle()
    try:
        yield home
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_an_event_is_told_at_once() -> None:
    async with sending(Home()) as home:
        await home.notice(an_event())
        assert home.arrived == [an_event()]


async def test_an_event_that_goes_on_is_told_again() -> None:
    async with sending(Home()) as home:
        await home.notice(an_event(0, 10))
        await home.notice(an_event(0, 30))
        assert home.arrived == [an_event(0, 30)]


async def test_what_was_told_is_not_told_again() -> None:
    async with sending(Home()) as home:
        await home.notice(an_event())
        await home.clock.advance(3600)
        assert len(home.cloud.event_reports) == 1


async def test_many_events_are_told_oldest_first_in_reports_of_a_bounded_size() -> None:
    home = Home()
    count = 2 * REPORT_EVENTS + 5
    await home.notice(*[an_event(number) for number in reversed(range(count))])
    async with sending(home):
        await home.clock.advance(1)
        assert [len(report.events) for report in home.cloud.event_reports] == [REPORT_EVENTS] * 2 + [5]
        assert home.arrived == [an_event(number) for number in range(count)]


async def test_weeks_without_a_cloud_are_survived_with_few_tries() -> None:
    home, tries = Home(), 0

    def away(step: str) -> None:
        nonlocal tries
        tries += 1
        raise CloudUnavailable("the cloud is away")

    home.cloud.at = away
    await home.notice(an_event())
    async with sending(home):
        await home.clock.advance(14 * 86_400)
        assert tries < 14 * 86_400 / 25
        home.cloud.at = lambda _: None
        await home.clock.advance(120)
        assert home.arrived == [an_event()]


async def test_a_cloud_that_comes_back_hears_of_it_without_a_long_wait() -> None:
    home = Home()
    home.cloud.at = _unavailable
    home.online.clear()
    await home.notice(an_event())
    async with sending(home):
        await home.clock.advance(3600)
        home.cloud.at = lambda _: None
        home.online.set()
        await home.clock.advance(1)
        assert home.arrived == [an_event()]


def _unavailable(step: str) -> None:
    raise CloudUnavailable("the cloud is away")


async def test_a_refused_event_is_not_told_again_and_holds_up_no_other() -> None:
    home = Home()
    home.cloud.refuses_events = {an_event(0).start_ms}
    await home.notice(an_event(0), an_event(60))
    async with sending(home):
        await home.clock.advance(600)
        assert len(home.cloud.event_reports) == 1
        assert an_event(60) in home.arrived


async def test_a_hub_that_is_refused_says_so_and_asks_again_seldom() -> None:
    home = Home()

    def refuse(step: str) -> None:
        raise CloudRefusedHub("it was unpaired")

    home.cloud.at = refuse
    await home.notice(an_event())
    async with sending(home):
        await home.clock.advance(1)
        assert home.board.problems == ("Events are not sent: it was unpaired",)
        home.cloud.at = lambda _: None
        await home.clock.advance(REFUSED_S + 1)
        assert len(home.board.problems) == 0
        assert home.arrived == [an_event()]


@pytest.mark.parametrize("policy", ["off", None])
async def test_a_camera_that_sends_nothing_holds_up_no_other(policy: UploadPolicy | None) -> None:
    home = Home()
    home.policies[DOOR] = policy
    await home.notice(*[an_event(number) for number in range(REPORT_EVENTS)], an_event(camera=YARD))
    async with sending(home):
        await home.clock.advance(1)
        assert home.arrived == [an_event(camera=YARD)]
        home.policies[DOOR] = "events"
        await home.clock.advance(LOOK_S + 1)
        assert len(home.arrived) == REPORT_EVENTS + 1


async def test_nothing_is_told_before_the_clock_can_be_trusted() -> None:
    home = Home(trusted=False)
    await home.notice(an_event())
    async with sending(home):
        await home.clock.advance(600)
        assert home.arrived == []
        home.trusted = True
        await home.clock.advance(LOOK_S + 1)
        assert home.arrived == [an_event()]


# ---- what may be sent

STRICTER: list[tuple[UploadPolicy, UploadPolicy, UploadPolicy]] = [
    ("all", "all", "all"),
    ("all", "events", "events"),
    ("events", "all", "events"),
    ("off", "events", "off"),
    ("events", "off", "off"),
]


@pytest.mark.parametrize(("plan", "own", "both"), STRICTER)
def test_the_stricter_of_plan_and_owner_holds(
    plan: UploadPolicy, own: UploadPolicy, both: UploadPolicy
) -> None:
    held = HeldEntitlement("cloud", "hub", ())
    entitled = {DOOR: CameraEntitlement("free", (WindowStep(0, 1000),), plan)}
    held.obey(Held(Entitlement("cloud", "hub", 1, 0, 0, entitled), "signed"))
    assert UploadPolicies(held, {DOOR: own}).upload(DOOR) == both


def test_a_camera_that_no_document_names_is_not_sent() -> None:
    assert UploadPolicies(HeldEntitlement("cloud", "hub", ()), {DOOR: "all"}).upload(DOOR) is None
