"""What leaves the history before the cloud had it is counted, and said while it goes on."""

import logging

import pytest

from backsight_agent.tasks.upload_missed import OVER_AFTER_S
from backsight_shared.event import Event, EventKind, Origin
from fakes.cloud import Outage
from fakes.uploading import DOOR, YARD, Home


async def erase(home: Home, camera: str, number: int, reason: str = "expired") -> None:
    """The first so many of a camera's segments leave."""
    horizon = home.recorded[camera][number - 1].end_ms
    await home.store.retention.erase_until(camera, horizon, reason, home.clock.now_ms())


async def a_home_without_its_cloud() -> Home:
    home = Home()
    home.cloud.at = Outage()
    await home.record(DOOR, 10)
    await home.record(YARD, 10)
    return home


async def test_it_is_said_on_the_board_how_many_and_why() -> None:
    home = await a_home_without_its_cloud()
    async with home.uploading():
        await home.clock.advance(60)
        await erase(home, DOOR, 3)
        await home.clock.advance(60)
        assert (
            f"The cloud is out of reach: 3 segments of {DOOR} left the history before the cloud had them"
            in home.board.problems
        )


async def test_a_cloud_that_is_reached_too_slowly_is_told_from_one_that_is_not_reached() -> None:
    home = await a_home_without_its_cloud()
    async with home.uploading():
        await erase(home, DOOR, 1)  # before three failures say that the cloud is away
        await home.clock.advance(30)
    assert any(problem.startswith("The cloud is out of reach: 1 segment ") for problem in home.board.problems)


async def test_the_number_grows_while_it_goes_on_and_the_log_has_it_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    home = await a_home_without_its_cloud()
    async with home.uploading():
        await home.clock.advance(60)
        for number in (1, 2, 5):
            await erase(home, DOOR, number)
            await home.clock.advance(60)
        assert any("5 segments of" in problem for problem in home.board.problems)
    said = [record for record in caplog.records if "left the history before" in record.getMessage()]
    assert [record.levelno for record in said] == [logging.WARNING]


async def test_when_nothing_more_is_missed_it_is_over() -> None:
    home = await a_home_without_its_cloud()
    async with home.uploading():
        await home.clock.advance(60)
        await erase(home, DOOR, 3)
        await home.clock.advance(60)
        home.cloud.at = lambda _: None
        await home.clock.advance(OVER_AFTER_S + 60)
        assert home.board.problems == ()


async def test_what_was_missed_before_the_start_is_not_said_again() -> None:
    home = await a_home_without_its_cloud()
    await home.store.backlog.is_meant(DOOR, "all")
    await erase(home, DOOR, 3)
    async with home.uploading():
        await home.clock.advance(120)
        assert not any("left the history" in problem for problem in home.board.problems)
        assert await home.store.backlog.missed() == {DOOR: 3}


async def test_what_the_cloud_has_is_not_missed() -> None:
    home = Home()
    await home.record(DOOR, 5)
    async with home.uploading():
        await home.clock.advance(60)
        await erase(home, DOOR, 5)
        await home.clock.advance(60)
        assert await home.store.backlog.missed() == {}
        assert home.board.problems == ()


async def test_what_a_smaller_plan_or_the_owner_took_is_not_missed() -> None:
    home = await a_home_without_its_cloud()
    async with home.uploading():
        await erase(home, DOOR, 3, "plan_changed")
        await erase(home, YARD, 3, "owner")
        assert await home.store.backlog.missed() == {}


async def test_what_had_to_make_room_is_missed() -> None:
    home = await a_home_without_its_cloud()
    async with home.uploading():
        await erase(home, DOOR, 3, "disk_full")
        assert await home.store.backlog.missed() == {DOOR: 3}


@pytest.mark.parametrize(("policy", "number"), [("all", 6), ("events", 3), ("off", 0), (None, 0)])
async def test_only_what_was_meant_for_the_cloud_is_missed(policy: str | None, number: int) -> None:
    home = await a_home_without_its_cloud()
    home.policies.of[DOOR] = policy  # type: ignore[assignment]
    start_ms = home.recorded[DOOR][3].start_ms + 4_000
    await home.store.events.note(Event(DOOR, start_ms, start_ms + 2_000, EventKind.MOTION, Origin.HUB))
    async with home.uploading():
        await erase(home, DOOR, 6)
        assert (await home.store.backlog.missed()).get(DOOR, 0) == number
