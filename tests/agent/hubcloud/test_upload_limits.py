"""The uploader sends what it may, holds little, and lets nothing that is stuck hold up the rest."""

import asyncio

import pytest

from backsight_agent.domain.upload_pace import Pace
from backsight_agent.ports import CloudRefusedHub
from backsight_agent.tasks.upload import REFUSED_S
from backsight_agent.tasks.upload_budget import Budget
from backsight_shared.entitlement import UploadPolicy
from backsight_shared.event import Event, EventKind, Origin
from backsight_shared.segment import Segment
from backsight_shared.wire import BATCH_SEGMENTS
from fakes.clock import settle
from fakes.cloud import Outage
from fakes.uploading import DOOR, YARD, Home


async def test_what_the_cloud_has_already_is_not_sent_again() -> None:
    home = Home()
    await home.record(DOOR, 3)
    home.cloud.indexed.extend(home.recorded[DOOR])
    async with home.uploading():
        await home.clock.advance(1)
    assert not any("runs" not in put for put in home.cloud.puts)
    assert await home.waiting() == 0


async def test_a_refused_segment_is_reported_counted_and_does_not_hold_up_the_others() -> None:
    home = Home()
    await home.record(DOOR, 5)
    bad = home.recorded[DOOR].pop(2)
    home.cloud.refuses[DOOR, bad.start_ms] = "too large"
    async with home.uploading():
        await home.clock.advance(1)
    assert home.everything_arrived_once_in_order()
    assert home.store.state.refused == {(DOOR, bad.start_ms): "too large"}
    assert home.board.problems == (f"The cloud refused footage of {DOOR}: too large",)


@pytest.mark.parametrize("reason", ["expired", "erased"])
async def test_a_segment_that_left_the_history_on_its_way_is_no_problem_to_show(reason: str) -> None:
    home = Home()
    await home.record(DOOR, 2)
    old = home.recorded[DOOR].pop(0)
    home.cloud.refuses[DOOR, old.start_ms] = reason
    async with home.uploading():
        await home.clock.advance(1)
    assert home.everything_arrived_once_in_order()
    assert home.board.problems == ()


async def test_a_segment_that_left_the_hub_while_it_waited_is_skipped() -> None:
    home = Home()
    await home.record(DOOR, 4)
    gone = home.recorded[DOOR].pop(1)
    del home.store.state.files[DOOR, gone.start_ms]
    async with home.uploading():
        await home.clock.advance(1)
    assert home.everything_arrived_once_in_order()


async def test_a_segment_that_never_gets_through_holds_up_the_others_for_a_while_only() -> None:
    home = Home()
    await home.record(DOOR, 4)
    stuck = home.recorded[DOOR].pop(0)
    home.cloud.at = Outage(f"put {DOOR}/{stuck.start_ms}")
    async with home.uploading():
        await home.clock.advance(1)
        assert home.cloud.of(DOOR) == []
        await home.clock.advance(60)
        assert home.everything_arrived_once_in_order()
        assert await home.waiting() == 1


async def test_a_run_that_the_cloud_forgot_while_it_goes_on_is_uploaded_again() -> None:
    """An outage longer than the window, within one run: nothing of it may be refused afterwards."""
    home = Home()
    await home.record(DOOR, 3)
    async with home.uploading():
        await home.clock.advance(1)
        home.cloud.forget_run(DOOR, home.runs[DOOR].run_ms)
        await home.record(DOOR, 3)
        await home.clock.advance(1)
    assert home.everything_arrived_once_in_order()
    assert home.store.state.refused == {}


async def test_a_run_that_is_forgotten_between_places_and_commits_is_uploaded_again() -> None:
    home = Home()
    await home.record(DOOR, 3)
    async with home.uploading():
        await home.clock.advance(1)
        forgets = [True]

        def forget(step: str) -> None:
            if step == "commits" and forgets:
                forgets.clear()
                home.cloud.forget_run(DOOR, home.runs[DOOR].run_ms)

        home.cloud.at = forget
        await home.record(DOOR, 3)
        await home.clock.advance(60)
    assert [one.start_ms for one in home.cloud.of(DOOR)] == [one.start_ms for one in home.recorded[DOOR]]


@pytest.mark.parametrize("policy", ["off", "events", None])
async def test_without_an_entitlement_to_it_nothing_is_uploaded(policy: UploadPolicy | None) -> None:
    home = Home()
    home.policies.of[DOOR] = policy
    await home.record(DOOR, 3)
    await home.record(YARD, 3)
    async with home.uploading():
        await home.clock.advance(60)
        assert home.cloud.of(DOOR) == []
        assert home.cloud.of(YARD) == home.recorded[YARD]
        home.policies.of[DOOR] = "all"
        home.policies.upload_changed.set()
        await settle(200)
        assert home.everything_arrived_once_in_order()


async def test_where_only_events_are_uploaded_it_is_what_shows_them() -> None:
    home = Home()
    home.policies.of[DOOR] = "events"
    await home.record(DOOR, 12)
    shown = home.recorded[DOOR][4]
    event = Event(DOOR, shown.start_ms + 2_000, shown.start_ms + 4_000, EventKind.MOTION, Origin.HUB)
    await home.store.events.note(event)
    async with home.uploading():
        await home.clock.advance(60)
        assert home.cloud.of(DOOR) == home.recorded[DOOR][3:6]


async def test_one_cameras_trouble_does_not_hold_up_another() -> None:
    home = Home()
    await home.record(DOOR, 40)
    await home.record(YARD, 40)
    home.cloud.at = Outage(f"put {DOOR}")
    async with home.uploading():
        await home.clock.advance(5)
        assert home.cloud.of(YARD) == home.recorded[YARD]
        assert home.cloud.of(DOOR) == []


async def test_a_cloud_that_does_not_accept_the_hub_is_asked_rarely_and_shown() -> None:
    home = Home()
    asked = 0

    def refuse(_: str) -> None:
        nonlocal asked
        asked += 1
        raise CloudRefusedHub("the cloud does not accept this hub")

    home.cloud.at = refuse
    await home.record(DOOR, 1)
    async with home.uploading():
        await home.clock.advance(3 * REFUSED_S)
        assert asked <= 4
        assert home.board.problems == ("Uploading waits: the cloud does not accept this hub",)
        home.cloud.at = lambda _: None
        await home.clock.advance(REFUSED_S)
        assert home.everything_arrived_once_in_order()


async def test_memory_is_bounded_by_the_budget_whatever_the_backlog() -> None:
    home = Home()
    size = 2_500_000
    await home.record(DOOR, 60, size)
    await home.record(YARD, 60, size)
    async with home.uploading():
        await home.clock.advance(1)
    assert home.everything_arrived_once_in_order()
    assert home.cloud.puts_most == 4
    assert home.cloud.bytes_most <= 4 * (size + 200)


async def test_the_backlog_is_read_in_batches_of_one_size() -> None:
    home = Home()
    limits = []
    oldest = home.store.backlog.oldest

    async def counted(camera: str, limit: int) -> list[Segment]:
        found = list(await oldest(camera, limit))
        limits.append(len(found))
        return found

    home.store.backlog.oldest = counted  # type: ignore[method-assign]
    await home.record(DOOR, 500)
    async with home.uploading():
        await settle(5000)
    assert home.everything_arrived_once_in_order()
    assert max(limits) == BATCH_SEGMENTS


async def test_a_budget_lets_large_ones_wait_for_bytes_and_one_too_large_go_alone() -> None:
    budget = Budget(size_bytes=100, pace=Pace(at_once=4))
    inside: list[int] = []
    most = 0

    async def hold(size: int) -> None:
        nonlocal most
        async with budget.hold(size):
            inside.append(size)
            most = max(most, sum(inside))
            assert len(inside) == 1 or sum(inside) <= 100
            await settle(5)
            inside.remove(size)

    async with asyncio.TaskGroup() as group:
        for size in (60, 60, 30, 250, 10, 40):
            group.create_task(hold(size))
    assert most == 250
