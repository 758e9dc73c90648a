"""A cloud that takes something and then loses the connection costs a question, not a second sending."""

import pytest

from backsight_agent.ports import AnswerLost, CloudUnavailable, StoreFailed
from backsight_shared.segment import Segment
from fakes.uploading import DOOR, Home


class Losing:
    """Loses so many answers of steps that begin so, after they had their effect."""

    def __init__(self, step: str, times: int) -> None:
        self.step, self.times = step, times

    def __call__(self, step: str) -> None:
        if step.startswith(self.step) and self.times > 0:
            self.times -= 1
            raise AnswerLost("the connection was lost")


def put_once(home: Home) -> bool:
    segments = [put for put in home.cloud.puts if "/runs/" not in put]
    return len(segments) == len(set(segments))


@pytest.mark.parametrize("times", [1, 5, 20])
async def test_a_segment_whose_answer_was_lost_is_committed_and_not_sent_again(times: int) -> None:
    home = Home()
    await home.record(DOOR, 20)
    home.cloud.at = Losing(f"put answered {DOOR}/1", times)
    async with home.uploading():
        await home.clock.advance(60)
    assert home.everything_arrived_once_in_order()
    assert put_once(home)


@pytest.mark.parametrize("times", [1, 3])
async def test_a_commit_whose_answer_was_lost_sends_nothing_again(times: int) -> None:
    home = Home()
    await home.record(DOOR, 20)
    home.cloud.at = Losing("commits answered", times)
    async with home.uploading():
        await home.clock.advance(120)
    assert home.everything_arrived_once_in_order()
    assert put_once(home)


async def test_segments_that_were_put_before_the_cloud_went_away_are_only_committed_when_it_is_back() -> None:
    home = Home()
    await home.record(DOOR, 3)
    away = [True]

    def no_commits(step: str) -> None:
        if step == "commits" and away:
            raise CloudUnavailable("the cloud is away")

    home.cloud.at = no_commits
    async with home.uploading():
        await home.clock.advance(30)
        assert home.cloud.of(DOOR) == []
        away.clear()
        await home.clock.advance(60)
    assert home.everything_arrived_once_in_order()
    assert put_once(home)


async def test_bytes_that_did_not_arrive_though_all_were_sent_are_sent_again() -> None:
    home = Home()
    await home.record(DOOR, 3)
    lost = f"put {DOOR}/{home.recorded[DOOR][1].start_ms}"
    home.cloud.at = Losing(lost, 1)  # before its effect
    async with home.uploading():
        await home.clock.advance(60)
    assert home.everything_arrived_once_in_order()


async def test_bytes_that_the_cloud_threw_away_before_they_were_committed_are_sent_again() -> None:
    """An uncommitted object becomes garbage there when the hub stays away for long."""
    home = Home()
    await home.record(DOOR, 2)
    home.cloud.at = Losing("commits", 1)
    async with home.uploading():
        for segment in home.recorded[DOOR]:
            del home.cloud.objects[f"{DOOR}/{segment.start_ms}"]
        await home.clock.advance(60)
    assert home.everything_arrived_once_in_order()


async def test_behind_one_that_failed_nothing_is_sent_in_vain() -> None:
    home = Home()
    await home.record(DOOR, 20)
    stuck = f"put {DOOR}/{home.recorded[DOOR][0].start_ms}"

    def refuse(step: str) -> None:
        if step == stuck:
            raise CloudUnavailable("it does not get through")

    home.cloud.at = refuse
    async with home.uploading():
        await home.clock.advance(0.1)
        assert [put for put in home.cloud.puts if "/runs/" not in put] == []


async def test_any_number_of_segments_that_never_get_through_is_stepped_over_in_the_end() -> None:
    home = Home()
    await home.record(DOOR, 12)
    stuck = [f"put {DOOR}/{segment.start_ms}" for segment in home.recorded[DOOR][:6]]

    def refuse(step: str) -> None:
        if step in stuck:
            raise CloudUnavailable("it does not get through")

    home.cloud.at = refuse
    async with home.uploading():
        await home.clock.advance(600)
    assert home.cloud.of(DOOR) == home.recorded[DOOR][6:]


async def test_a_disk_that_cannot_be_read_is_an_outage_and_ends_nothing() -> None:
    home = Home()
    await home.record(DOOR, 3)
    read = home.store.backlog.read_segment

    async def fail(_: Segment) -> bytes:
        raise StoreFailed("The disk is not there: mount it")

    home.store.backlog.read_segment = fail  # type: ignore[method-assign]
    async with home.uploading():
        await home.clock.advance(60)
        assert home.board.problems == ("Uploading waits: The disk is not there: mount it",)
        home.store.backlog.read_segment = read  # type: ignore[method-assign]
        await home.clock.advance(60)
    assert home.everything_arrived_once_in_order()
    assert home.board.problems == ()
