"""The cloud knows which cameras a hub has and how it is: on change, and at least each minute."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from backsight_agent.domain.holding import Held, HeldEntitlement
from backsight_agent.domain.states import Board, CameraFacts, State
from backsight_agent.ports import CloudRefusedHub
from backsight_agent.tasks.report import ASK_TIME_S, MISSED_AFTER_S, REFUSED_S, report_forever
from backsight_shared import shapes
from backsight_shared.entitlement import CameraEntitlement, Entitlement
from backsight_shared.segment import Run
from backsight_shared.window import WindowStep
from backsight_shared.wire import CameraReport, HubStatus
from fakes.clock import NOON_MS, FakeClock, settle
from fakes.cloud import FakeCloud, Outage
from fakes.link import FakeLink
from fakes.store import FakeStore

DOOR, YARD = "74fece010203", "74fece010204"
NAMES = {DOOR: "Front door", YARD: "Yard"}


@dataclass
class Time:
    clock: FakeClock
    trusted: bool = True
    text: str = ""

    def trusted_now_ms(self) -> int | None:
        return self.clock.now_ms() if self.trusted else None


@dataclass
class Hub:
    clock: FakeClock = field(default_factory=FakeClock)
    store: FakeStore = field(default_factory=FakeStore)
    cloud: FakeCloud = field(default_factory=FakeCloud)
    link: FakeLink = field(default_factory=FakeLink)

    def __post_init__(self) -> None:
        self.board = Board((DOOR, YARD), self.clock)
        self.held = HeldEntitlement("cloud-1", "hub-1", ())
        self.time = Time(self.clock)
        self.link.connected.set()

    @asynccontextmanager
    async def reporting(self) -> AsyncIterator[None]:
        task = asyncio.create_task(
            report_forever(
                link=self.link,
                cloud=self.cloud,
                board=self.board,
                backlog=self.store.backlog,
                history=self.store.history,
                held=self.held,
                time=self.time,
                disk=lambda: (30, 100),
                names=NAMES,
                clock=self.clock,
            )
        )
        await settle()
        try:
            yield
            assert not task.done(), task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def entitle(self, window_ms: int) -> None:
        entitled = CameraEntitlement("free", (WindowStep(0, window_ms),))
        document = Entitlement("cloud-1", "hub-1", 7, NOON_MS, NOON_MS, {DOOR: entitled})
        self.held.obey(Held(document, ""))

    async def record(self, starts: list[int]) -> None:
        run = Run(DOOR, starts[0])
        await self.store.recordings.begin_run(run, b"init")
        for sequence, start in enumerate(starts):
            file = await self.store.recordings.begin_segment(run, sequence, start)
            await file.finish(start + 10_000)

    @property
    def status(self) -> HubStatus:
        return shapes.read(HubStatus, json.loads(self.link.statuses[-1]))


async def test_the_cameras_are_reported_at_the_start_even_while_they_are_unknown() -> None:
    hub = Hub()
    async with hub.reporting():
        assert hub.cloud.reports[0].cameras == (
            CameraReport(DOOR, "Front door", ""),
            CameraReport(YARD, "Yard", ""),
        )


async def test_the_cameras_are_reported_again_when_one_says_what_it_is_and_not_otherwise() -> None:
    hub = Hub()
    async with hub.reporting():
        await hub.clock.advance(600)
        assert len(hub.cloud.reports) == 1
        hub.board.set_facts(DOOR, CameraFacts("EC60", "4.0", "2.3.22"))
        await hub.clock.advance(6)
        assert hub.cloud.reports[1].cameras[0] == CameraReport(DOOR, "Front door", "EC60", "4.0", "2.3.22")
        assert len(hub.cloud.reports) == 2


async def test_a_report_that_does_not_get_through_is_made_again() -> None:
    hub = Hub()
    hub.cloud.at = Outage("report", times=3)
    async with hub.reporting():
        await hub.clock.advance(30)
        assert len(hub.cloud.reports) == 1


async def test_a_camera_that_the_cloud_does_not_take_is_shown_by_name_with_the_reason() -> None:
    hub = Hub()
    hub.cloud.bound = {DOOR}
    async with hub.reporting():
        assert hub.board.problems == ("The cloud does not take camera Yard: it belongs to another account",)
        hub.cloud.bound = None
        hub.board.set_facts(DOOR, CameraFacts("EC60"))
        await hub.clock.advance(6)
        assert hub.board.problems == ()


async def test_a_hub_that_is_refused_asks_rarely_and_shows_it() -> None:
    hub = Hub()
    asked = 0

    def refuse(_: str) -> None:
        nonlocal asked
        asked += 1
        raise CloudRefusedHub("the cloud does not accept this hub")

    hub.cloud.at = refuse
    async with hub.reporting():
        await hub.clock.advance(2 * REFUSED_S)
        assert asked == 3
        assert hub.board.problems == ("the cloud does not accept this hub",)


async def test_while_the_clock_is_not_trusted_the_cloud_is_asked_for_its_time() -> None:
    hub = Hub()
    hub.time.trusted = False
    async with hub.reporting():
        await hub.clock.advance(3 * ASK_TIME_S + 6)
        assert 3 <= len(hub.cloud.reports) <= 4
        hub.time.trusted = True
        count = len(hub.cloud.reports)
        await hub.clock.advance(600)
        assert len(hub.cloud.reports) == count


async def test_the_status_says_how_the_hub_and_each_camera_are() -> None:
    hub = Hub()
    hub.entitle(window_ms=25_000)
    await hub.record([NOON_MS - 40_000, NOON_MS - 30_000, NOON_MS - 20_000, NOON_MS - 10_000])
    hub.board.set_state(DOOR, State.RECORDING, "Recording")
    hub.board.set_problem("disk", "The disk is nearly full")
    async with hub.reporting():
        status = hub.status
    assert (status.online, status.serial, status.clock_trusted) == (True, 7, True)
    assert (status.disk_free_bytes, status.disk_total_bytes) == (30, 100)
    assert status.problems == ("The disk is nearly full",)
    door, yard = status.cameras
    assert (door.camera, door.state, door.text, door.backlog) == (DOOR, "recording", "Recording", 4)
    assert (door.history_from_ms, door.last_end_ms) == (NOON_MS - 30_000, NOON_MS)
    assert (yard.state, yard.history_from_ms, yard.backlog) == ("starting", None, 0)


async def test_a_clock_that_is_not_trusted_is_said_and_masks_nothing_new() -> None:
    hub = Hub()
    hub.entitle(window_ms=25_000)
    hub.time.trusted, hub.time.text = False, "The clock jumped"
    await hub.record([NOON_MS - 100_000])
    async with hub.reporting():
        assert not hub.status.clock_trusted
        assert hub.status.clock_text == "The clock jumped"
        assert hub.status.cameras[0].history_from_ms == NOON_MS - 100_000


async def test_a_change_is_published_within_a_second() -> None:
    hub = Hub()
    async with hub.reporting():
        await hub.clock.advance(30)
        hub.board.set_state(DOOR, State.OFF, "Switched off by its owner")
        await settle()
        assert hub.status.cameras[0].state == "off"


async def test_many_changes_are_published_at_most_once_a_second() -> None:
    hub = Hub()
    async with hub.reporting():
        before = len(hub.link.statuses)
        for number in range(100):
            hub.board.set_problem("busy", f"number {number}")
            await hub.clock.advance(0.1)
        assert len(hub.link.statuses) - before <= 11
        await hub.clock.advance(1)
        assert hub.status.problems == ("number 99",)


async def test_without_any_change_it_is_published_each_minute() -> None:
    hub = Hub()
    async with hub.reporting():
        await hub.clock.advance(5)
        before = len(hub.link.statuses)
        await hub.clock.advance(600)
        assert len(hub.link.statuses) - before == 10


async def test_a_broker_that_is_missed_for_a_minute_is_a_problem_until_it_is_back() -> None:
    hub = Hub()
    async with hub.reporting():
        hub.link.connected.clear()
        await hub.clock.advance(2 * MISSED_AFTER_S)
        assert hub.board.problems == ("The cloud's broker cannot be reached; recording goes on",)
        hub.link.connected.set()
        await hub.clock.advance(61)
        assert hub.board.problems == ()


@pytest.mark.parametrize("cameras", [(DOOR, YARD)])
async def test_the_status_is_plain_json(cameras: tuple[str, ...]) -> None:
    hub = Hub()
    async with hub.reporting():
        assert [camera["camera"] for camera in json.loads(hub.link.statuses[0])["cameras"]] == list(cameras)
