"""On a slow link the newest events go first, the oldest always goes on, and progress is no failure."""

import pytest

from backsight_agent.domain.upload_order import EVENTS_IN_A_ROW
from backsight_agent.ports import CloudUnavailable
from backsight_shared.event import Event, EventKind, Origin
from backsight_shared.segment import Segment
from fakes.clock import FakeClock
from fakes.slow_link import Link, SlowCloud
from fakes.uploading import DOOR, YARD, Home

SIZE = 10_000 - 51  # bytes of a segment without its header
SEGMENT_S = 40.0  # seconds that one takes on the slow link
SLOW = 10_000 / SEGMENT_S  # bytes a second


def a_home(bytes_per_s: float = SLOW, up_s: float = float("inf"), down_s: float = 0.0) -> Home:
    clock = FakeClock()
    return Home(clock=clock, cloud=SlowCloud(link=Link(clock, bytes_per_s, up_s, down_s)))


def begun(home: Home) -> list[str]:
    """Puts of segments, in the order in which they began, as camera/number."""
    assert isinstance(home.cloud, SlowCloud)
    known = {
        f"{camera}/{segment.start_ms}": f"{camera}/{number}"
        for camera, segments in home.recorded.items()
        for number, segment in enumerate(segments)
    }
    return [known[put] for put in home.cloud.begun if put in known]


async def an_event(home: Home, segment: Segment) -> None:
    """In the middle of this segment: the one before and the one behind show it too."""
    start_ms = segment.start_ms + 4_000
    await home.store.events.note(
        Event(segment.camera, start_ms, start_ms + 2_000, EventKind.MOTION, Origin.HUB)
    )


async def test_one_put_after_the_other_so_that_whatever_comes_in_between_waits_for_one_only() -> None:
    home = a_home()
    await home.record(DOOR, 10, SIZE)
    await home.record(YARD, 10, SIZE)
    async with home.uploading():
        await home.clock.advance(20 * SEGMENT_S)
    assert home.cloud.puts_most == 1


async def test_what_shows_an_event_goes_before_all_that_is_older() -> None:
    home = a_home()
    await home.record(DOOR, 30, SIZE)
    await an_event(home, home.recorded[DOOR][20])
    async with home.uploading():
        await home.clock.advance(3.5 * SEGMENT_S)
    assert begun(home)[:3] == [f"{DOOR}/{number}" for number in (19, 20, 21)]


async def test_the_newest_event_goes_first_and_each_in_order() -> None:
    home = a_home()
    await home.record(DOOR, 30, SIZE)
    await an_event(home, home.recorded[DOOR][10])
    await an_event(home, home.recorded[DOOR][20])
    async with home.uploading():
        await home.clock.advance(10 * SEGMENT_S)
    of_events = [put for put in begun(home) if int(put.split("/")[1]) > 5]
    assert of_events == [f"{DOOR}/{number}" for number in (19, 20, 21, 9, 10, 11)]


async def test_an_event_of_another_camera_waits_for_one_segment_at_most() -> None:
    home = a_home()
    await home.record(DOOR, 30, SIZE)
    async with home.uploading():
        await home.clock.advance(4.5 * SEGMENT_S)
        before = len(begun(home))
        await home.record(YARD, 3, SIZE)
        await an_event(home, home.recorded[YARD][1])
        await home.clock.advance(4 * SEGMENT_S)
    assert begun(home)[before : before + 3] == [f"{YARD}/{number}" for number in (0, 1, 2)]


async def test_an_event_of_the_same_camera_waits_for_the_batch_under_way_at_most() -> None:
    home = a_home()
    await home.record(DOOR, 30, SIZE)
    async with home.uploading():
        await home.clock.advance(6.5 * SEGMENT_S)
        before = len(begun(home))
        await an_event(home, home.recorded[DOOR][25])
        await home.clock.advance(4 * SEGMENT_S)
    assert begun(home)[before : before + 3] == [f"{DOOR}/{number}" for number in (24, 25, 26)]


async def test_events_without_end_do_not_starve_the_oldest_of_any_camera() -> None:
    """Three times as much as the link carries, all of it with events, and an old backlog."""
    home = a_home()
    await home.record(DOOR, 40, SIZE)
    await home.record(YARD, 40, SIZE)
    async with home.uploading():
        for _ in range(60):
            await home.record(DOOR, 3, SIZE)
            await an_event(home, home.recorded[DOOR][-2])
            await home.clock.advance(SEGMENT_S)
        sent = begun(home)
    old = [put for put in sent if int(put.split("/")[1]) < 40]
    assert len(old) >= len(sent) / (EVENTS_IN_A_ROW + 1) - 1
    for camera in (DOOR, YARD):
        numbers = [int(put.split("/")[1]) for put in old if put.startswith(camera)]
        assert numbers == list(range(len(numbers)))
        assert len(numbers) >= 5


async def test_everything_arrives_once_when_the_link_has_time_again() -> None:
    home = a_home()
    await home.record(DOOR, 25, SIZE)
    await home.record(YARD, 5, SIZE)
    await an_event(home, home.recorded[DOOR][12])
    async with home.uploading():
        await home.clock.advance(31 * SEGMENT_S + 60)
    for camera in (DOOR, YARD):
        assert sorted(home.cloud.of(camera)) == home.recorded[camera]
    assert len(begun(home)) == 30


async def test_where_only_events_are_sent_the_newest_go_first_too() -> None:
    home = a_home()
    home.policies.of[DOOR] = "events"
    await home.record(DOOR, 30, SIZE)
    await an_event(home, home.recorded[DOOR][3])
    await an_event(home, home.recorded[DOOR][20])
    async with home.uploading():
        await home.clock.advance(20 * SEGMENT_S)
    assert begun(home) == [f"{DOOR}/{number}" for number in (19, 20, 21, 2, 3, 4)]


@pytest.mark.parametrize("segment_s", [40, 400])
async def test_a_slow_link_with_progress_is_no_failure(segment_s: float) -> None:
    home = a_home(10_000 / segment_s)
    await home.record(DOOR, 8, SIZE)
    async with home.uploading():
        await home.clock.advance(8 * segment_s + 30)
        assert home.board.problems == ()
    assert home.everything_arrived_once_in_order()
    assert len(begun(home)) == 8


async def test_a_link_that_is_up_for_three_seconds_and_down_for_five_carries_what_it_can() -> None:
    home = a_home(bytes_per_s=10_000, up_s=3, down_s=5)
    await home.record(DOOR, 60, SIZE)
    async with home.uploading():
        await home.clock.advance(15 * 60)
    assert home.everything_arrived_once_in_order()


async def test_a_link_that_flaps_does_not_make_the_pauses_grow() -> None:
    """60 s of a link that is there three eighths of the time are 160 s; six times that will do."""
    home = a_home(bytes_per_s=10_000, up_s=3, down_s=5)
    await home.record(DOOR, 60, SIZE)
    async with home.uploading():
        await home.clock.advance(6 * 160)
        assert await home.waiting() == 0


async def test_an_event_whose_segment_never_gets_through_does_not_hold_up_the_rest() -> None:
    home = a_home(bytes_per_s=1e9)
    await home.record(DOOR, 10, SIZE)
    await an_event(home, home.recorded[DOOR][5])
    stuck = [f"put {DOOR}/{home.recorded[DOOR][number].start_ms}" for number in (4, 5, 6)]

    def refuse(step: str) -> None:
        if step in stuck:
            raise CloudUnavailable("it does not get through")

    home.cloud.at = refuse
    async with home.uploading():
        await home.clock.advance(300)
    assert [one.sequence for one in home.cloud.of(DOOR)] == [0, 1, 2, 3, 7, 8, 9]


async def test_a_link_that_flaps_for_an_hour_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    home = a_home(bytes_per_s=10_000, up_s=3, down_s=5)
    await home.record(DOOR, 400, SIZE)
    async with home.uploading():
        await home.clock.advance(3600)
    assert 1 <= len(caplog.records) <= 2 * 3600 / 600 + 2
