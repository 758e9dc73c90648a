"""Whoever waits for the time to be known dates everything as soon as it is, says so, and wakes the pruner."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from backsight_agent.domain.anchoring import EXACT_MS, BootTime, Undated
from backsight_agent.domain.states import Board
from backsight_agent.domain.trusted_time import TrustedTime
from backsight_agent.ports import StoreFailed
from backsight_agent.tasks.dating import Dating
from backsight_agent.tasks.reanchor import IDLE_S, LOOK_S, UNKNOWN, reanchor_forever
from backsight_shared.segment import Run
from fakes.clock import NOON_MS, FakeClock, settle
from fakes.footage_of_hub import CAMERA, one_segment
from fakes.store import FakeStore

YEAR_MS = 365 * 86_400_000


class Hub:
    """A hub whose clock shows 1970, and the task."""

    def __init__(self) -> None:
        self.clock, self.synchronised = FakeClock(1_000_000), False
        self.time = TrustedTime(self.clock, lambda: self.synchronised, paired=True)
        self.dating = Dating("boot", self.time)
        self.store, self.board, self.moved = FakeStore(), Board((CAMERA,), self.clock), asyncio.Event()

    @property
    def offset_ms(self) -> float:
        return self.clock.now_ms() - self.clock.monotonic() * 1000

    async def record(self) -> None:
        """A run of one segment, by the clock as it is."""
        run = Run(CAMERA, self.clock.now_ms())
        await self.store.recordings.begin_run(run, b"init", self.dating.undated(self.offset_ms))
        self.dating.begins(CAMERA, run.run_ms)
        await one_segment(self.store, run, 0, run.run_ms, 10_000, b"data")
        self.dating.ended(CAMERA)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.ensure_future(
            reanchor_forever(
                *(self.store.undated, self.time, self.dating, {CAMERA: "Front door"}, self.board, self.clock),
                moved=self.moved.set,
            )
        )
        await settle()
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def is_told(self) -> None:
        """The clock is set, and the cloud agrees."""
        self.clock.jump(NOON_MS - 1_000_000)
        self.time.confirm(self.clock.now_ms())
        await settle()

    @property
    def starts(self) -> list[int]:
        return [segment.start_ms for segment in self.store.state.of(CAMERA)]


async def test_while_the_time_is_not_known_that_is_said() -> None:
    hub = Hub()
    async with hub.running():
        assert hub.board.problems == ()
        await hub.record()
        await settle()
        assert hub.board.problems == (UNKNOWN,)


async def test_as_soon_as_the_time_is_known_all_is_dated_and_nothing_more_is_said() -> None:
    hub = Hub()
    async with hub.running():
        await hub.record()
        await settle()
        await hub.is_told()
        assert hub.starts == [NOON_MS]
        assert hub.board.problems == ()
        assert hub.moved.is_set()


async def test_it_is_dated_too_when_nobody_tells_but_the_clock_itself() -> None:
    """NTP set it: it is looked at now and then, as long as there is anything to date."""
    hub = Hub()
    async with hub.running():
        await hub.record()
        hub.clock.jump(NOON_MS - 1_000_000)
        await hub.clock.advance(LOOK_S)
        hub.synchronised = True
        await hub.clock.advance(700)
        assert hub.starts == [NOON_MS]


async def test_the_log_says_how_much_was_moved_how_far(caplog: pytest.LogCaptureFixture) -> None:
    hub = Hub()
    with caplog.at_level(logging.INFO):
        async with hub.running():
            await hub.record()
            await hub.is_told()
    hours, rest = divmod(NOON_MS - 1_000_000, 3_600_000)
    assert f"Front door: 1 segments are dated: {hours} h {rest / 1000:.1f} s later" in caplog.text


async def test_what_begins_before_the_time_was_known_and_ends_later_is_dated_when_it_has_ended() -> None:
    hub = Hub()
    async with hub.running():
        run = Run(CAMERA, hub.clock.now_ms())
        await hub.store.recordings.begin_run(run, b"init", hub.dating.undated(hub.offset_ms))
        hub.dating.begins(CAMERA, run.run_ms)
        await one_segment(hub.store, run, 0, run.run_ms, 10_000, b"data")
        await hub.is_told()
        assert hub.starts == [1_000_000]
        hub.dating.ended(CAMERA)
        await settle()
        assert hub.starts == [NOON_MS]


async def test_a_store_that_fails_is_said_and_tried_again() -> None:
    hub = Hub()
    async with hub.running():
        await hub.record()
        hub.store.state.fails_with = StoreFailed("the disk is broken")
        await hub.is_told()
        assert "cannot be dated: the disk is broken" in hub.board.problems[0]
        hub.store.state.fails_with = None
        await hub.clock.advance(LOOK_S)
        assert hub.board.problems == ()
        assert hub.starts == [NOON_MS]


async def test_a_store_that_is_away_is_no_trouble_of_dating_where_nothing_is_undated() -> None:
    hub = Hub()

    async def fails() -> int:
        raise StoreFailed("the disk is away")

    hub.store.undated.count = fails  # type: ignore[method-assign]
    async with hub.running():
        assert hub.board.problems == ()


class Quiet:
    """Nothing is undated; how often that was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def count(self) -> int:
        self.asked += 1
        return 0

    async def boots(self) -> list[object]:
        raise AssertionError("there is nothing to look for")

    async def decide(self, found: Mapping[str, BootTime], going_on: Mapping[str, int]) -> None:
        raise AssertionError("there is nothing to decide")

    async def move_next(self) -> None:
        raise AssertionError("there is nothing to move")


async def test_where_nothing_is_undated_it_sleeps() -> None:
    hub, quiet = Hub(), Quiet()
    hub.store.undated = quiet  # type: ignore[assignment]
    async with hub.running():
        await hub.clock.advance(10 * IDLE_S)
    assert quiet.asked == 11


# ---- what is marked


def test_what_is_recorded_in_known_time_is_not_marked() -> None:
    hub = Hub()
    hub.time.confirm(NOON_MS)
    right_ms = NOON_MS - hub.clock.monotonic() * 1000
    assert hub.dating.undated(right_ms) is None
    assert hub.dating.undated(right_ms + EXACT_MS) is None
    assert hub.dating.undated(right_ms - EXACT_MS - 1) == Undated("boot", round(right_ms) - EXACT_MS - 1)


def test_without_a_time_to_ask_nothing_is_marked() -> None:
    assert Dating().undated(-5 * YEAR_MS) is None


def test_who_dates_is_told_when_something_is_marked_and_when_a_run_has_ended() -> None:
    hub = Hub()
    hub.dating.ended(CAMERA)
    assert not hub.dating.wanted.is_set()
    hub.dating.undated(hub.offset_ms)
    assert hub.dating.wanted.is_set()
    hub.dating.wanted.clear()
    hub.dating.begins(CAMERA, 5)
    assert hub.dating.going_on == {CAMERA: 5}
    hub.dating.ended(CAMERA)
    assert hub.dating.wanted.is_set()
    assert hub.dating.going_on == {}
