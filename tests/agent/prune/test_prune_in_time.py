"""What is past its window is gone within a second, whatever happens meanwhile; nothing inside ever is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backsight_agent.adapters.store.opening import open_store
from backsight_agent.domain.holding import FixedWindows
from backsight_agent.domain.states import Board
from backsight_agent.domain.trusted_time import TrustedTime
from backsight_agent.ports import StoreFailed
from backsight_agent.tasks.prune import PruneHealth, Time, prune_forever
from backsight_shared.clock import SystemClock
from backsight_shared.segment import Run
from backsight_shared.window import WindowStep
from fakes.clock import NOON_MS, FakeClock
from fakes.footage_of_hub import CAMERA, one_segment, record
from fakes.store import FakeStore
from stage.files import segment_files

DAY_MS = 24 * 3_600_000


class Steps:
    def __init__(self, *steps: WindowStep) -> None:
        self.of_all, self.changed = steps, asyncio.Event()

    def steps(self, camera: str) -> tuple[WindowStep, ...] | None:
        return self.of_all

    def change(self, *steps: WindowStep) -> None:
        self.of_all = steps
        self.changed.set()


@asynccontextmanager
async def pruning(
    store: FakeStore, windows: Steps, time: Time, clock: FakeClock, health: PruneHealth | None = None
) -> AsyncIterator[None]:
    board = Board((CAMERA,), clock)
    task = asyncio.create_task(prune_forever(store.retention, windows, time, board, clock, health))
    try:
        await clock.advance(0)
        yield
        assert not task.done()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def trusted(clock: FakeClock) -> TrustedTime:
    return TrustedTime(clock, lambda: True)


async def left(store: FakeStore) -> int:
    return len(await store.history.segments(CAMERA, 0, 2**50, None))


async def test_each_segment_goes_when_its_time_has_come() -> None:
    clock, store = FakeClock(), FakeStore()
    await record(store, 3, NOON_MS - 30_000)
    async with pruning(store, Steps(WindowStep(0, 60_000)), trusted(clock), clock):
        await clock.advance(39.9)
        assert await left(store) == 3
        await clock.advance(0.2)
        assert await left(store) == 2
        await clock.advance(10)
        assert await left(store) == 1


async def test_a_shorter_window_works_at_once() -> None:
    clock, store = FakeClock(), FakeStore()
    await record(store, 3, NOON_MS - 30_000)
    windows = Steps(WindowStep(0, DAY_MS))
    async with pruning(store, windows, trusted(clock), clock):
        windows.change(WindowStep(0, DAY_MS), WindowStep(NOON_MS, 15_000))
        await clock.advance(0)
        assert await left(store) == 2


async def test_trust_that_returns_works_at_once() -> None:
    clock, store = FakeClock(), FakeStore()
    await record(store, 1, NOON_MS - 30_000)
    time = TrustedTime(clock, lambda: False, paired=True)
    async with pruning(store, Steps(WindowStep(0, 15_000)), time, clock):
        await clock.advance(300)
        assert await left(store) == 1
        time.confirm(clock.now_ms())
        await clock.advance(0)
        assert await left(store) == 0


async def test_a_clock_that_jumps_forward_deletes_nothing() -> None:
    clock, store = FakeClock(), FakeStore()
    await record(store, 1, NOON_MS - 10_000)
    async with pruning(store, Steps(WindowStep(0, 3_600_000)), trusted(clock), clock):
        clock.jump(10 * DAY_MS)
        await clock.advance(120)
        assert await left(store) == 1


async def test_the_first_segment_of_a_new_camera_goes_in_time() -> None:
    clock, store = FakeClock(), FakeStore()
    async with pruning(store, Steps(WindowStep(0, 20_000)), trusted(clock), clock):
        await clock.advance(10)
        await record(store, 1, NOON_MS)
        await clock.advance(19.9)
        assert await left(store) == 1
        await clock.advance(0.2)
        assert await left(store) == 0


async def test_it_outlives_a_store_that_fails_and_catches_up() -> None:
    clock, store, health = FakeClock(), FakeStore(), PruneHealth()
    await record(store, 1, NOON_MS - 10_000)
    store.state.fails_with = StoreFailed("the disk is gone")
    async with pruning(store, Steps(WindowStep(0, 0)), trusted(clock), clock, health):
        await clock.advance(600)
        assert health.overdue_s(clock.now_ms()) == 600
        store.state.fails_with = None
        await clock.advance(5)
        assert await left(store) == 0


SECONDS = st.integers(0, 90)


@settings(max_examples=60, deadline=None)
@given(
    changes=st.lists(st.tuples(SECONDS, st.integers(0, 60)), max_size=5),
    lengths=st.lists(st.integers(1, 15), min_size=1, max_size=6),
)
def test_at_every_second_exactly_what_the_windows_cover_is_there(
    changes: list[tuple[int, int]], lengths: list[int]
) -> None:
    """Against a model that walks time in seconds: a horizon is the largest `t - window(t)` so far."""
    asyncio.run(_walk(changes, lengths))


async def _walk(changes: list[tuple[int, int]], lengths: list[int]) -> None:
    clock, store, windows = FakeClock(), FakeStore(), Steps(WindowStep(NOON_MS - DAY_MS, 30_000))
    run, ends, at_ms = Run(CAMERA, NOON_MS - 60_000), [], NOON_MS - 60_000
    await store.recordings.begin_run(run, b"init")
    for number, length_s in enumerate(lengths):
        await one_segment(store, run, number, at_ms, length_s * 1000, b"data")
        at_ms += length_s * 1000
        ends.append(at_ms)
    horizon, window_ms = NOON_MS - 30_000, 30_000
    async with pruning(store, windows, trusted(clock), clock):
        for second in range(91):
            now_ms = NOON_MS + second * 1000
            horizon = max(horizon, now_ms - window_ms)
            # Of several changes at one moment the last one holds: the others never were in force.
            for window_s in [window for moment, window in changes if moment == second]:
                window_ms = window_s * 1000
                windows.change(*windows.of_all, WindowStep(now_ms, window_ms))
            horizon = max(horizon, now_ms - window_ms)
            await clock.advance(0.01)
            assert await left(store) == sum(1 for end in ends if end > horizon)
            await clock.advance(0.99)


@pytest.mark.slow
async def test_on_a_real_disk_in_real_time(tmp_path: Path) -> None:
    clock = SystemClock()
    async with open_store(tmp_path, clock) as store:
        now_ms = clock.now_ms()
        await record(store, 5, now_ms - 2500, length_ms=500)
        windows, time = FixedWindows(1500, [CAMERA]), TrustedTime(clock, lambda: True)
        task = asyncio.create_task(
            prune_forever(store.retention, windows, time, Board((CAMERA,), clock), clock)
        )
        while await store.retention.oldest_end_ms(CAMERA) is not None or segment_files(tmp_path):
            oldest = await store.retention.oldest_end_ms(CAMERA)
            assert oldest is None or clock.now_ms() - oldest < 1500 + 1000
            await asyncio.sleep(0.01)
        task.cancel()
        assert clock.now_ms() - now_ms >= 1500
