"""What its window no longer covers is erased, for the right reason; nothing else ever is."""

import asyncio

import pytest

from backsight_agent.domain.states import Board
from backsight_agent.ports import StoreFailed
from backsight_agent.tasks.prune import GUARD_S, PruneHealth, Pruner
from backsight_shared.window import WindowStep
from fakes.clock import NOON_MS, FakeClock
from fakes.footage_of_hub import CAMERA, OTHER, record
from fakes.store import FakeStore

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Time:
    """Trusted as long as the test says so."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock, self.trusted = clock, True
        self.changed, self.text = asyncio.Event(), "the clock jumped"

    def trusted_now_ms(self) -> int | None:
        return self._clock.now_ms() if self.trusted else None


class StepWindows:
    def __init__(self, **steps: tuple[WindowStep, ...]) -> None:
        self.known: dict[str, tuple[WindowStep, ...]] = dict(steps)
        self.changed = asyncio.Event()

    def steps(self, camera: str) -> tuple[WindowStep, ...] | None:
        return self.known.get(camera)


class House:
    """A store, its pruner, and everything around them, at noon."""

    def __init__(self) -> None:
        self.clock, self.store, self.windows = FakeClock(), FakeStore(), StepWindows()
        self.time, self.health = Time(self.clock), PruneHealth()
        self.board = Board((CAMERA, OTHER), self.clock)
        self.pruner = Pruner(self.store.retention, self.windows, self.time, self.board, self.health)

    def entitle(self, *steps: tuple[int, int], camera: str = CAMERA) -> None:
        """(from, window) in milliseconds from noon."""
        self.windows.known[camera] = tuple(WindowStep(NOON_MS + start, window) for start, window in steps)

    async def starts(self, camera: str = CAMERA) -> list[int]:
        found = await self.store.history.segments(camera, 0, 2**50, None)
        return [segment.start_ms - NOON_MS for segment in found]

    async def reasons(self) -> list[tuple[str, int]]:
        return [(line.reason, line.count) for line in await self.store.history.erasures(CAMERA, 10)]


@pytest.fixture
def house() -> House:
    return House()


async def test_what_has_expired_goes_with_its_files(house: House) -> None:
    await record(house.store, 3, NOON_MS - 30_000)
    house.entitle((-DAY_MS, 20_000))
    await house.pruner.prune_once()
    assert await house.starts() == [-20_000, -10_000]
    assert len(house.store.state.files) == 2


async def test_what_is_inside_its_window_stays_to_the_millisecond(house: House) -> None:
    await record(house.store, 1, NOON_MS - 30_000)
    house.entitle((-DAY_MS, 20_001))
    await house.pruner.prune_once()
    assert await house.starts() == [-30_000]


async def test_without_a_document_nothing_goes(house: House) -> None:
    await record(house.store, 1, 0)
    assert await house.pruner.prune_once() == GUARD_S
    assert len(await house.starts()) == 1


async def test_without_a_step_in_force_nothing_goes(house: House) -> None:
    await record(house.store, 1, 0)
    house.entitle((60_000, 0))
    await house.pruner.prune_once()
    assert len(await house.starts()) == 1


async def test_without_trust_in_the_clock_nothing_goes_and_it_is_said(house: House) -> None:
    await record(house.store, 1, 0)
    house.entitle((-DAY_MS, 0))
    house.time.trusted = False
    await house.pruner.prune_once()
    assert len(await house.starts()) == 1
    assert house.board.problems == ("Nothing is deleted: the clock jumped",)
    assert house.health.last_success_ms is None


async def test_when_trust_returns_pruning_goes_on_and_the_problem_is_gone(house: House) -> None:
    await record(house.store, 1, 0)
    house.entitle((-DAY_MS, 0))
    house.time.trusted = False
    await house.pruner.prune_once()
    house.time.trusted = True
    await house.pruner.prune_once()
    assert await house.starts() == []
    assert house.board.problems == ()


async def test_a_longer_window_brings_nothing_back_and_keeps_what_is_there(house: House) -> None:
    await record(house.store, 3, NOON_MS - 30_000)
    house.entitle((-DAY_MS, 20_000))
    await house.pruner.prune_once()
    house.entitle((-DAY_MS, 20_000), (0, DAY_MS))
    await house.clock.advance(60)
    await house.pruner.prune_once()
    assert await house.starts() == [-20_000, -10_000]


async def test_the_horizon_that_was_reached_holds_when_the_steps_forget_it(house: House) -> None:
    await record(house.store, 3, NOON_MS - 30_000)
    house.entitle((-DAY_MS, 20_000))
    await house.pruner.prune_once()
    house.entitle((-DAY_MS, DAY_MS))
    await record(house.store, 1, NOON_MS - 31_000)  # a clock that was set back
    await house.pruner.prune_once()
    assert await house.starts() == [-20_000, -10_000]


async def test_what_a_changed_plan_takes_is_told_from_what_expired(house: House) -> None:
    await record(house.store, 6, NOON_MS - 60_000)
    house.entitle((-DAY_MS, DAY_MS))
    await house.pruner.prune_once()
    house.entitle((-DAY_MS, 40_000), (0, 20_000))
    await house.pruner.prune_once()
    assert await house.reasons() == [("plan_changed", 4)]


async def test_what_would_have_gone_anyway_has_expired_though_the_plan_changed(house: House) -> None:
    await record(house.store, 6, NOON_MS - 60_000)
    house.entitle((-DAY_MS, 60_000))
    await house.pruner.prune_once()
    await house.clock.advance(15)
    house.entitle((-DAY_MS, 60_000), (15_000, 20_000))
    await house.pruner.prune_once()
    assert await house.reasons() == [("plan_changed", 4), ("expired", 1)]


async def test_a_change_that_was_known_ahead_is_a_change_too(house: House) -> None:
    await record(house.store, 6, NOON_MS - 60_000)
    house.entitle((-DAY_MS, DAY_MS), (30_000, 20_000))
    wait_s = await house.pruner.prune_once()
    assert wait_s == 30
    await house.clock.advance(30)
    await house.pruner.prune_once()
    assert await house.reasons() == [("plan_changed", 6)]


async def test_it_sleeps_until_the_next_segment_expires(house: House) -> None:
    await record(house.store, 3, NOON_MS - 30_000)
    house.entitle((-DAY_MS, 25_000))
    assert await house.pruner.prune_once() == 5


async def test_it_never_sleeps_longer_than_the_guard(house: House) -> None:
    await record(house.store, 1, NOON_MS - 10_000)
    house.entitle((-DAY_MS, DAY_MS))
    assert await house.pruner.prune_once() == GUARD_S


async def test_a_camera_that_has_nothing_yet_is_looked_after_before_its_first_segment_expires(
    house: House,
) -> None:
    house.entitle((-DAY_MS, 20_000))
    assert await house.pruner.prune_once() == 10


async def test_one_cameras_trouble_holds_up_no_other(house: House) -> None:
    await record(house.store, 1, NOON_MS - 10_000)
    await record(house.store, 1, NOON_MS - 10_000, camera=OTHER)
    house.entitle((-DAY_MS, 0))
    house.entitle((-DAY_MS, 0), camera=OTHER)
    house.store.retention.fails_for = {CAMERA: StoreFailed("the disk is gone")}
    await house.pruner.prune_once()
    assert (await house.starts(), await house.starts(OTHER)) == ([-10_000], [])
    assert house.board.problems == (f"Camera {CAMERA} keeps more history than its window: the disk is gone",)


async def test_being_overdue_is_counted_from_when_it_began_and_ends_with_success(house: House) -> None:
    await record(house.store, 1, NOON_MS - 10_000)
    house.entitle((-DAY_MS, 0))
    house.store.retention.fails_for = {CAMERA: StoreFailed("the disk is gone")}
    for _ in range(3):
        await house.pruner.prune_once()
        await house.clock.advance(10)
    assert house.health.overdue_s(house.clock.now_ms()) == 30
    assert (house.health.failures, house.health.last_success_ms) == (3, None)
    house.store.retention.fails_for = {}
    await house.pruner.prune_once()
    assert house.health.overdue_s(house.clock.now_ms()) == 0
    assert house.health.last_success_ms == NOON_MS + 30_000
    assert house.board.problems == ()


async def test_an_unforeseen_error_speaks_to_the_log_not_to_the_owner(house: House) -> None:
    await record(house.store, 1, NOON_MS - 10_000)
    house.entitle((-DAY_MS, 0))
    house.store.retention.fails_for = {CAMERA: ValueError("'NoneType' has no attribute 'x'")}
    await house.pruner.prune_once()
    assert house.board.problems == (f"Camera {CAMERA} keeps more history than its window: see the log",)


async def test_files_that_will_not_go_are_said_and_tried_again(house: House) -> None:
    (stuck, _) = await record(house.store, 2, NOON_MS - 20_000)
    house.entitle((-DAY_MS, 0))
    house.store.state.unlinkable = {(CAMERA, stuck.start_ms)}
    await house.pruner.prune_once()
    assert house.health.files_left == 1
    assert "1 erased files cannot be unlinked" in house.board.problems[0]
    house.store.state.unlinkable = set()
    await house.pruner.prune_once()
    assert (house.health.files_left, house.board.problems) == (0, ())


async def test_a_pass_done_twice_changes_nothing(house: House) -> None:
    await record(house.store, 4, NOON_MS - 40_000)
    house.entitle((-DAY_MS, 20_000))
    await house.pruner.prune_once()
    before = (await house.starts(), await house.reasons())
    await house.pruner.prune_once()
    assert (await house.starts(), await house.reasons()) == before


async def test_a_camera_that_is_no_longer_configured_is_pruned_as_long_as_a_document_names_it(
    house: House,
) -> None:
    gone = "0000deadbeef"
    await record(house.store, 1, NOON_MS - 10_000, camera=gone)
    house.entitle((-DAY_MS, 0), camera=gone)
    await house.pruner.prune_once()
    assert await house.starts(gone) == []
