"""What has left the history is deleted on the second, nothing else is, and no trouble ends the pruner."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from backsight_cloud.domain.keys import run_key, segment_key
from backsight_cloud.ports import DatabaseUnavailable, ObjectsUnavailable
from backsight_cloud.services.pruning import AGAIN_S, GUARD_S, UNCOMMITTED_MS, PruneHealth, prune_forever
from backsight_cloud.services.sweeping import BATCH
from backsight_cloud.services.wakes import Wakes
from backsight_shared.segment import Segment
from backsight_shared.window import WindowStep
from fakes.clock import NOON_MS, FakeClock, settle
from fakes.database import FakeDatabase
from fakes.household import (
    ANNA,
    DAY_MS,
    DOOR,
    HOUR_MS,
    YARD,
    a_run,
    a_window,
    move_in,
    record,
    segments_of,
)
from fakes.objects import FakeObjects

WINDOW_MS = 12 * HOUR_MS
OLD = a_run(NOON_MS - WINDOW_MS)  # its first segment expires ten seconds after noon


class Cloud:
    def __init__(self) -> None:
        self.clock, self.wakes, self.health = FakeClock(), Wakes(), PruneHealth()
        self.database, self.objects = FakeDatabase(), FakeObjects()

    async def record(self, segments: Sequence[Segment]) -> None:
        await record(self.database, a_run(segments[0].run_ms, segments[0].camera), segments)
        self.objects.held |= {_key(segment): b"s" for segment in segments}

    async def set_steps(self, camera: str, *steps: WindowStep) -> None:
        async with self.database.begin() as tx:
            await tx.cameras.replace_steps(camera, steps)
        self.wakes.prune.set()

    async def left(self, camera: str = DOOR) -> list[Segment]:
        async with self.database.read() as tx:
            return list(await tx.footage.segments(ANNA, camera, 0, NOON_MS + DAY_MS, None))

    async def ledger(self, camera: str = DOOR) -> list[tuple[str, int]]:
        async with self.database.read() as tx:
            return [(line.reason, line.count) for line in await tx.footage.erasures(ANNA, camera, 100)]

    async def garbage(self) -> int:
        async with self.database.read() as tx:
            return len(await tx.footage.garbage(10_000))

    @asynccontextmanager
    async def pruning(self) -> AsyncIterator[None]:
        run = prune_forever(self.database, self.objects, self.wakes, self.clock, self.health)
        task = asyncio.create_task(run)
        await settle()
        try:
            yield
            assert not task.done()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _key(segment: Segment) -> str:
    return segment_key(ANNA, segment.camera, segment.start_ms)


@pytest.fixture
async def cloud() -> Cloud:
    made = Cloud()
    await move_in(made.database, WINDOW_MS)
    return made


# ------------------------------------------------------------ on the second


async def test_a_segment_is_kept_until_its_end_passes_the_horizon(cloud: Cloud) -> None:
    segments = segments_of(OLD, 3)
    await cloud.record(segments)
    async with cloud.pruning():
        await cloud.clock.advance(9.9)
        assert await cloud.left() == segments


async def test_a_second_later_it_is_gone_with_its_object_and_a_line_says_so(cloud: Cloud) -> None:
    segments = segments_of(OLD, 3)
    await cloud.record(segments)
    async with cloud.pruning():
        await cloud.clock.advance(10.5)
        assert await cloud.left() == segments[1:]
        assert _key(segments[0]) not in cloud.objects.held
        assert await cloud.garbage() == 0
        assert await cloud.ledger() == [("expired", 1)]


async def test_it_goes_on_from_segment_to_segment(cloud: Cloud) -> None:
    segments = segments_of(OLD, 6)
    await cloud.record(segments)
    async with cloud.pruning():
        for gone in range(1, 6):
            await cloud.clock.advance(10.5 if gone == 1 else 10)
            assert await cloud.left() == segments[gone:]


async def test_what_expired_while_nobody_ran_is_gone_at_the_start(cloud: Cloud) -> None:
    await cloud.record(segments_of(a_run(NOON_MS - 2 * DAY_MS), 3))
    async with cloud.pruning():
        assert await cloud.left() == []
        assert not cloud.objects.held


async def test_a_smaller_plan_takes_what_is_outside_at_once_and_says_why(cloud: Cloud) -> None:
    segments = segments_of(a_run(NOON_MS - 2 * HOUR_MS), 3)
    await cloud.record(segments)
    async with cloud.pruning():
        await cloud.set_steps(DOOR, *a_window(WINDOW_MS), WindowStep(NOON_MS, HOUR_MS))
        await settle()
        assert await cloud.left() == []
        assert await cloud.ledger() == [("plan_changed", 3)]


async def test_a_change_for_one_camera_leaves_the_others_alone(cloud: Cloud) -> None:
    door, yard = (segments_of(a_run(NOON_MS - 2 * HOUR_MS, camera)) for camera in (DOOR, YARD))
    await cloud.record(door)
    await cloud.record(yard)
    async with cloud.pruning():
        await cloud.set_steps(DOOR, WindowStep(NOON_MS, HOUR_MS))
        await settle()
        assert (await cloud.left(DOOR), await cloud.left(YARD)) == ([], yard)


async def test_a_larger_plan_takes_nothing_and_brings_nothing_back(cloud: Cloud) -> None:
    segments = segments_of(OLD, 3)
    await cloud.record(segments)
    async with cloud.pruning():
        await cloud.clock.advance(10.5)
        await cloud.set_steps(DOOR, *a_window(WINDOW_MS), WindowStep(cloud.clock.now_ms(), 30 * DAY_MS))
        await cloud.clock.advance(HOUR_MS / 1000)
        assert await cloud.left() == segments[1:]


async def test_a_smaller_plan_that_is_known_ahead_takes_effect_at_its_moment(cloud: Cloud) -> None:
    segments = segments_of(a_run(NOON_MS - 2 * HOUR_MS), 3)
    await cloud.record(segments)
    async with cloud.pruning():
        await cloud.set_steps(DOOR, *a_window(WINDOW_MS), WindowStep(NOON_MS + 60_000, HOUR_MS))
        await cloud.clock.advance(59)
        assert await cloud.left() == segments
        await cloud.clock.advance(1.5)
        assert await cloud.left() == []


async def test_without_window_steps_nothing_is_deleted(cloud: Cloud) -> None:
    segments = segments_of(a_run(NOON_MS - 100 * DAY_MS), 3)
    await cloud.record(segments)
    await cloud.set_steps(DOOR)
    async with cloud.pruning():
        await cloud.clock.advance(HOUR_MS / 1000)
        assert await cloud.left() == segments


async def test_a_first_segment_that_is_about_to_expire_is_noticed_when_the_pruner_is_woken(
    cloud: Cloud,
) -> None:
    async with cloud.pruning():
        await cloud.clock.advance(5)
        await cloud.record(segments_of(OLD, 1))
        cloud.wakes.prune.set()
        await cloud.clock.advance(5.5)
        assert await cloud.left() == []


async def test_what_no_one_woke_it_for_is_found_within_the_guard(cloud: Cloud) -> None:
    async with cloud.pruning():
        await cloud.clock.advance(15)
        await cloud.record(segments_of(OLD, 1))
        await cloud.clock.advance(GUARD_S)
        assert await cloud.left() == []


async def test_a_wall_clock_that_was_set_forward_is_noticed_within_the_guard(cloud: Cloud) -> None:
    await cloud.record(segments_of(a_run(NOON_MS), 1))
    async with cloud.pruning():
        cloud.clock.jump(WINDOW_MS + 10_000)
        await cloud.clock.advance(GUARD_S)
        assert await cloud.left() == []


# ------------------------------------------------------------ large amounts


async def test_a_long_history_leaves_in_many_small_transactions(cloud: Cloud) -> None:
    hours = [segments_of(a_run(NOON_MS - 40 * HOUR_MS + n * HOUR_MS), 2) for n in range(20)]
    for segments in hours:
        await cloud.record(segments)
    async with cloud.pruning():
        await settle(2000)
        assert await cloud.left() == []
        assert await cloud.garbage() == 0
        assert await cloud.ledger() == [("expired", 40)]


async def test_more_objects_than_one_batch_are_all_deleted(cloud: Cloud) -> None:
    await cloud.record(segments_of(a_run(NOON_MS - 20 * HOUR_MS), 2 * BATCH + 1))
    async with cloud.pruning():
        await settle(2000)
        assert not cloud.objects.held
        assert await cloud.garbage() == 0


# ------------------------------------------------------------ runs and uncommitted objects


async def test_the_init_of_a_run_goes_after_the_last_of_its_segments(cloud: Cloud) -> None:
    init = run_key(ANNA, DOOR, OLD.run_ms)
    cloud.objects.held[init] = b"init"
    await cloud.record(segments_of(OLD, 1))
    await cloud.record(segments_of(a_run(OLD.run_ms + 20_000), 1))
    async with cloud.pruning():
        await cloud.clock.advance(10.5)
        assert init in cloud.objects.held
        await cloud.clock.advance(20)
        assert init not in cloud.objects.held


async def test_what_was_put_and_never_committed_goes_after_an_hour(cloud: Cloud) -> None:
    async with cloud.database.begin() as tx:
        await tx.footage.note_placed([("anna/orphan", DOOR)], NOON_MS)
    cloud.objects.held["anna/orphan"] = b"bytes"
    async with cloud.pruning():
        await cloud.clock.advance(UNCOMMITTED_MS / 1000)
        assert "anna/orphan" in cloud.objects.held
        await cloud.clock.advance(GUARD_S)
        assert "anna/orphan" not in cloud.objects.held
        assert await cloud.garbage() == 0


# ------------------------------------------------------------ trouble


async def test_an_object_that_cannot_be_deleted_holds_up_no_other_and_is_tried_again(cloud: Cloud) -> None:
    segments = segments_of(a_run(NOON_MS - DAY_MS), 3)
    await cloud.record(segments)
    cloud.objects.undeletable = {_key(segments[0])}
    async with cloud.pruning():
        assert set(cloud.objects.held) == {_key(segments[0])}
        assert await cloud.garbage() == 1
        assert cloud.health.stuck_objects == 1
        cloud.objects.undeletable.clear()
        await cloud.clock.advance(GUARD_S)
        assert not cloud.objects.held
        assert cloud.health.stuck_objects == 0


async def test_while_objects_do_not_answer_the_index_is_pruned_on_time(cloud: Cloud) -> None:
    segments = segments_of(OLD, 3)
    await cloud.record(segments)
    cloud.objects.fails_with = ObjectsUnavailable("the disk is away")
    async with cloud.pruning():
        await cloud.clock.advance(10.5)
        assert await cloud.left() == segments[1:]
        assert "disk is away" in cloud.health.failing["objects"]
        cloud.objects.fails_with = None
        await cloud.clock.advance(GUARD_S)
        assert _key(segments[0]) not in cloud.objects.held
        assert "objects" not in cloud.health.failing


async def test_a_database_that_does_not_answer_is_asked_again_soon(cloud: Cloud) -> None:
    await cloud.record(segments_of(OLD, 1))
    cloud.database.fails_with = DatabaseUnavailable("locked")
    async with cloud.pruning():
        await cloud.clock.advance(12)
        assert cloud.health.failing == {"database": "locked"}
        assert cloud.health.last_success_ms is None
        cloud.database.fails_with = None
        await cloud.clock.advance(max(AGAIN_S, GUARD_S))
        assert await cloud.left() == []
        assert cloud.health.failing == {}


async def test_one_cameras_trouble_holds_up_no_other(cloud: Cloud) -> None:
    cloud.database.torn = {DOOR}
    for camera in (DOOR, YARD):
        await cloud.record(segments_of(a_run(OLD.run_ms, camera), 1))
    async with cloud.pruning():
        await cloud.clock.advance(11 + AGAIN_S)
        assert await cloud.left(YARD) == []
        assert cloud.health.failing == {DOOR: "torn page"}
        assert cloud.health.overdue_s == AGAIN_S
        cloud.database.torn.clear()
        await cloud.clock.advance(AGAIN_S + 1)
        assert await cloud.left(DOOR) == []
        assert cloud.health.failing == {}


async def test_its_health_says_when_it_last_succeeded(cloud: Cloud) -> None:
    async with cloud.pruning():
        assert cloud.health.last_success_ms == NOON_MS
        await cloud.clock.advance(GUARD_S)
        assert cloud.health.last_success_ms == NOON_MS + GUARD_S * 1000
        assert cloud.health.overdue_s == 0


async def test_an_idle_pruner_sleeps(cloud: Cloud) -> None:
    await cloud.record(segments_of(a_run(NOON_MS), 10))
    async with cloud.pruning():
        await cloud.clock.advance(10 * GUARD_S)
        assert cloud.database.reads <= 24  # the index and the garbage, at the start and at each guard
