"""Every finished segment arrives in the cloud once, in order per camera, whatever fails between two steps."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backsight_agent.ports import CloudUnavailable
from backsight_agent.tasks.upload import upload_forever
from backsight_shared.wire import BATCH_SEGMENTS
from fakes.clock import settle
from fakes.cloud import Outage
from fakes.uploading import DOOR, YARD, Home


async def test_a_backlog_arrives_whole_in_order_and_byte_for_byte() -> None:
    home = Home()
    await home.record(DOOR, 3 * BATCH_SEGMENTS + 5)
    await home.record(YARD, 7)
    async with home.uploading():
        await home.clock.advance(1)
    assert home.everything_arrived_once_in_order()
    sent = home.cloud.data_of(home.recorded[YARD])
    assert sent == [await home.store.backlog.read_segment(one) for one in home.recorded[YARD]]
    assert await home.waiting() == 0


async def test_a_segment_that_is_finished_later_goes_at_once() -> None:
    home = Home()
    async with home.uploading():
        await home.record(DOOR, 1)
        await settle(200)
        assert home.everything_arrived_once_in_order()
        await home.record(YARD, 1)
        await settle(200)
        assert home.everything_arrived_once_in_order()


async def test_each_segment_is_put_once_and_each_init_once() -> None:
    home = Home()
    await home.record(DOOR, 40)
    async with home.uploading():
        await home.clock.advance(1)
    assert len(home.cloud.puts) == len(set(home.cloud.puts)) == 41


STEPS = [
    "places",
    "places answered",
    "put ",
    "put answered",
    f"put {DOOR}/runs",
    "commits",
    "commits answered",
]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("times", [1, 2, 7])
async def test_a_failure_at_any_step_costs_a_repetition_and_no_segment(step: str, times: int) -> None:
    home = Home()
    home.cloud.at = Outage(step, times=times)
    await home.record(DOOR, 70)
    await home.record(YARD, 3)
    async with home.uploading():
        await home.clock.advance(300)
    assert home.everything_arrived_once_in_order()
    assert await home.waiting() == 0


@pytest.mark.parametrize("step", STEPS)
async def test_a_restart_of_the_hub_at_any_step_loses_nothing_and_sends_nothing_twice_into_the_index(
    step: str,
) -> None:
    home = Home()
    await home.record(DOOR, 40)

    def die(at: str) -> None:
        if at.startswith(step):
            raise RuntimeError("the hub lost its power here")

    home.cloud.at = die
    with pytest.raises(BaseExceptionGroup):
        await upload_forever(
            (DOOR, YARD), home.store.backlog, home.cloud, home.online, home.policies, home.board, home.clock
        )
    home.cloud.at = lambda _: None
    async with home.uploading():
        await home.clock.advance(1)
    assert home.everything_arrived_once_in_order()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), max_size=60), st.integers(1, 80), st.integers(0, 5))
async def test_any_sequence_of_failures_ends_with_everything_there_in_order(
    fails: list[bool], count: int, new_runs: int
) -> None:
    home = Home()
    for _ in range(new_runs):
        await home.record(DOOR, 2)
        await home.begin_run(DOOR)
    await home.record(DOOR, count)
    coming = iter(fails)

    def sometimes(_: str) -> None:
        if next(coming, False):
            raise CloudUnavailable("a hiccup")

    home.cloud.at = sometimes
    async with home.uploading():
        await home.clock.advance(3600)
    assert sorted(home.cloud.of(DOOR)) == home.recorded[DOOR]
    assert len(home.cloud.of(DOOR)) == len(home.recorded[DOOR])


async def test_weeks_without_a_cloud_are_survived_with_few_tries_and_then_all_arrives() -> None:
    home = Home()
    outage = Outage("places")
    home.cloud.at = outage
    await home.record(DOOR, 50)
    async with home.uploading():
        await home.clock.advance(3 * 86_400)
        assert 3 * 86_400 / 60 * 0.9 < outage.seen < 3 * 86_400 / 30 * 1.1
        assert home.board.problems == ("Uploading waits: the cloud is away",)
        outage.lasts = False
        await home.clock.advance(60)
        assert home.everything_arrived_once_in_order()
        assert home.board.problems == ()


async def test_new_segments_do_not_cut_a_backoff_short() -> None:
    home = Home()
    outage = Outage("places")
    home.cloud.at = outage
    await home.record(DOOR, 1)
    async with home.uploading():
        await home.clock.advance(600)
        before = outage.seen
        for _ in range(10):
            await home.record(DOOR, 1)
            await home.clock.advance(1)
        assert outage.seen <= before + 1


async def test_progress_keeps_the_waits_short() -> None:
    """Every second batch fails: each success begins the counting anew."""
    home = Home()
    calls = 0

    def every_second(step: str) -> None:
        nonlocal calls
        calls += step == "places"
        if step == "places" and calls % 2:
            raise CloudUnavailable("a hiccup")

    home.cloud.at = every_second
    await home.record(DOOR, 20 * BATCH_SEGMENTS)
    async with home.uploading():
        await home.clock.advance(20)
    assert home.everything_arrived_once_in_order()


async def test_a_cloud_that_comes_back_ends_the_pause() -> None:
    home = Home()
    home.cloud.at = outage = Outage()
    await home.record(DOOR, 3)
    home.online.clear()
    async with home.uploading():
        await home.clock.advance(3600)
        outage.lasts = False
        home.online.set()
        await settle(200)
        assert home.everything_arrived_once_in_order()
