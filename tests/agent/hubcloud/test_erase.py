"""A hub erases what its owner erased in the cloud, however late it hears of it, by a clock it can trust."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from backsight_agent.domain.holding import Held, HeldEntitlement
from backsight_agent.domain.states import Board
from backsight_agent.ports import StoreFailed
from backsight_agent.tasks.erase import LOOK_S, erase_forever
from backsight_shared.entitlement import CameraEntitlement, Entitlement
from backsight_shared.erased import ErasedSpan
from backsight_shared.segment import Run, Segment
from backsight_shared.window import WindowStep
from fakes.clock import NOON_MS, FakeClock, settle
from fakes.footage_of_hub import CAMERA, OTHER, record
from fakes.store import FakeStore


def a_span(from_s: int, to_s: int) -> ErasedSpan:
    """Seconds from noon."""
    return ErasedSpan(NOON_MS + from_s * 1000, NOON_MS + to_s * 1000)


class Time:
    def __init__(self, clock: FakeClock) -> None:
        self._clock, self.trusted = clock, True

    def trusted_now_ms(self) -> int | None:
        return self._clock.now_ms() if self.trusted else None


class Hub:
    """Two cameras with a minute of footage each."""

    def __init__(self) -> None:
        self.clock, self.store = FakeClock(NOON_MS + 3_600_000), FakeStore()
        self.held = HeldEntitlement("cloud", "hub", ())
        self.time, self.board = Time(self.clock), Board((CAMERA, OTHER), self.clock)
        self.sweep = asyncio.Event()
        self.serial = 0

    def hear(self, *spans: ErasedSpan, camera: str = CAMERA) -> None:
        """A newer document."""
        self.serial += 1
        entitled = CameraEntitlement("free", (WindowStep(0, 10**9),), "all", spans)
        document = Entitlement("cloud", "hub", self.serial, 0, 0, {camera: entitled})
        self.held.obey(Held(document, f"document {self.serial}"))

    async def left(self, camera: str = CAMERA) -> list[int]:
        segments = await self.store.history.segments(camera, 0, 2**50, None)
        return [(one.start_ms - NOON_MS) // 1000 for one in segments]

    async def ledger(self) -> list[tuple[str, int]]:
        return [(line.reason, line.count) for line in await self.store.history.erasures(CAMERA, 9)]

    @asynccontextmanager
    async def erasing(self) -> AsyncIterator[None]:
        work = erase_forever(self.store.retention, self.held, self.time, self.sweep, self.board, self.clock)
        task = asyncio.create_task(work)
        await settle()
        try:
            yield
            assert not task.done()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def hub() -> Hub:
    made = Hub()
    for camera in (CAMERA, OTHER):
        await record(made.store, 6, camera=camera)
    return made


async def test_what_a_new_document_names_goes_at_once_and_the_files_are_asked_to(hub: Hub) -> None:
    async with hub.erasing():
        hub.hear(a_span(15, 30))
        await settle()
        assert await hub.left() == [0, 30, 40, 50]
        assert await hub.left(OTHER) == [0, 10, 20, 30, 40, 50]
        assert await hub.ledger() == [("owner", 2)]
        assert hub.sweep.is_set()


async def test_what_was_heard_before_a_restart_is_done_after_it(hub: Hub) -> None:
    hub.hear(a_span(0, 60))
    async with hub.erasing():
        assert await hub.left() == []


async def test_hearing_it_again_changes_nothing(hub: Hub) -> None:
    async with hub.erasing():
        for _ in range(3):
            hub.hear(a_span(0, 10))
            await settle()
        assert await hub.ledger() == [("owner", 1)]
        assert await hub.left() == [10, 20, 30, 40, 50]


async def test_a_document_that_no_longer_names_it_brings_nothing_back(hub: Hub) -> None:
    async with hub.erasing():
        hub.hear(a_span(0, 10))
        await settle()
        hub.hear()
        await settle()
        assert await hub.left() == [10, 20, 30, 40, 50]


async def test_a_camera_that_the_newest_document_does_not_name_is_erased_by_the_last_that_did(
    hub: Hub,
) -> None:
    hub.hear(a_span(0, 10))
    hub.hear(camera=OTHER)
    async with hub.erasing():
        assert await hub.left() == [10, 20, 30, 40, 50]


async def test_it_waits_for_a_clock_that_can_be_trusted(hub: Hub) -> None:
    hub.time.trusted = False
    hub.hear(a_span(0, 60))
    async with hub.erasing():
        await hub.clock.advance(600)
        assert len(await hub.left()) == 6
        hub.time.trusted = True
        await hub.clock.advance(LOOK_S)
        assert await hub.left() == []


async def test_what_was_being_written_then_leaves_when_it_is_finished(hub: Hub) -> None:
    run = Run(CAMERA, NOON_MS + 60_000)
    await hub.store.recordings.begin_run(run, b"init")
    file = await hub.store.recordings.begin_segment(run, 0, run.run_ms)
    await file.append(b"data")
    async with hub.erasing():
        hub.hear(a_span(50, 65))
        await settle()
        assert isinstance(await file.finish(run.run_ms + 10_000), Segment)
        assert await hub.left() == [0, 10, 20, 30, 40]


async def test_a_store_that_fails_is_tried_again_and_said_to_still_have_it(hub: Hub) -> None:
    hub.store.state.fails_with = StoreFailed("the disk is away")
    hub.hear(a_span(0, 60))
    async with hub.erasing():
        assert any("still has what its owner erased: the disk is away" in one for one in hub.board.problems)
        hub.store.state.fails_with = None
        await hub.clock.advance(LOOK_S)
        assert await hub.left() == []
        assert not hub.board.problems


async def test_with_nothing_to_erase_it_sleeps(hub: Hub) -> None:
    asked = 0

    def trusted_now_ms() -> int:
        nonlocal asked
        asked += 1
        return NOON_MS

    hub.time.trusted_now_ms = trusted_now_ms  # type: ignore[method-assign]
    async with hub.erasing():
        hub.hear()
        await hub.clock.advance(3600)
        assert asked == 0
