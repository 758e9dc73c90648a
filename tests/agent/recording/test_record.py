"""A camera is recorded for ever: each frame into exactly one segment, and each gap with its reason."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from backsight_agent.camera_ports import (
    CameraOff,
    CameraRefusedLogin,
    CameraUnreachable,
    StreamBroken,
    StreamRefused,
)
from backsight_agent.domain.states import Board, State
from backsight_agent.ports import StoreFailed, StoreFull
from backsight_agent.tasks.gop_queue import QUEUE_LIMIT_GOPS
from backsight_agent.tasks.reading import LOGIN_WAIT_S, LONGEST_WAIT_S, OFF_WAIT_S, wait_s
from backsight_agent.tasks.record import record_forever
from backsight_shared.segment import Segment
from fakes.clock import NOON_MS, FakeClock, settle
from fakes.recordings import FakeRecordings
from fakes.streams import PPS, FakeMuxers, FakeSource, frame, numbers, sound

CAMERA = "74fece010203"


@dataclass
class Hub:
    """One camera being recorded."""

    clock: FakeClock
    source: FakeSource
    muxers: FakeMuxers
    store: FakeRecordings
    board: Board

    @property
    def state(self) -> State:
        return self.board.states[CAMERA].state

    @property
    def text(self) -> str:
        return self.board.states[CAMERA].text

    @property
    def segments(self) -> list[Segment]:
        return [segment for segment, _ in self.store.segments]

    @property
    def frames(self) -> list[int]:
        """Of every finished segment, in order."""
        return [number for _, data in self.store.segments for number in numbers(data)]


def a_hub(**store: object) -> Hub:
    clock = FakeClock()
    return Hub(clock, FakeSource(clock), FakeMuxers(), FakeRecordings(**store), Board((CAMERA,), clock))  # type: ignore[arg-type]


@asynccontextmanager
async def recording(hub: Hub) -> AsyncIterator[Hub]:
    """While the block lasts; then the hub stops."""
    task = asyncio.ensure_future(
        record_forever(CAMERA, hub.source, hub.muxers, hub.store, hub.board, hub.clock)
    )
    await settle()
    try:
        yield hub
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert hub.source.open_now == 0


# ---- when nothing fails


async def test_every_frame_from_the_first_key_frame_on_is_in_exactly_one_segment() -> None:
    hub = a_hub()
    async with recording(hub):
        await hub.source.play(17, 947)
    assert hub.frames == list(range(30, 947))


async def test_segments_are_cut_at_ten_seconds_and_meet() -> None:
    hub = a_hub()
    async with recording(hub):
        await hub.source.play(0, 500)
    assert [(s.sequence, s.end_ms - s.start_ms) for s in hub.segments[:3]] == [
        (0, 10_000),
        (1, 10_000),
        (2, 10_000),
    ]
    assert hub.segments[0].end_ms == hub.segments[1].start_ms
    assert len({segment.run_ms for segment in hub.segments}) == 1


async def test_a_run_is_anchored_at_the_wall_time_of_its_first_frame() -> None:
    hub = a_hub()
    async with recording(hub):
        await hub.source.play(0, 200)
    assert hub.segments[0].start_ms == hub.segments[0].run_ms == pytest.approx(NOON_MS, abs=1)


async def test_the_unfinished_segment_is_finished_when_the_hub_stops() -> None:
    hub = a_hub()
    async with recording(hub):
        await hub.source.play(0, 45)
    (segment,) = hub.segments
    assert segment.end_ms - segment.start_ms == 3000
    assert hub.frames == list(range(45))


async def test_a_fragment_is_stored_as_soon_as_its_gop_is_complete() -> None:
    hub = a_hub()
    async with recording(hub):
        await hub.source.play(0, 31)
        assert hub.state is State.RECORDING


async def test_sound_goes_to_the_muxer_with_its_gop() -> None:
    hub = a_hub()
    async with recording(hub):
        hub.source.send(frame(0))
        hub.source.send(sound(10_000))
        await hub.source.play(1, 31)
    assert [chunk.pts_us for chunk in hub.muxers.opened[0].audio] == [10_000]


# ---- why there is a gap


async def test_the_first_run_of_a_camera_is_after_its_start() -> None:
    hub = a_hub()
    async with recording(hub):
        await hub.source.play(0, 31)
    assert hub.store.afters == ["start"]


async def test_the_first_run_after_a_start_of_the_hub_says_that_it_was_not_running() -> None:
    hub = a_hub(earlier_end_ms=NOON_MS - 3_600_000)
    async with recording(hub):
        await hub.source.play(0, 31)
    assert hub.store.afters == ["hub_not_running"]


@pytest.mark.parametrize(
    ("error", "state", "back_after_s"),
    [
        (CameraOff("it is off"), State.OFF, 5),
        (CameraUnreachable("nobody there"), State.UNREACHABLE, 30),
        (CameraRefusedLogin("wrong password"), State.LOGIN_REFUSED, 1800),
        (StreamRefused("two others watch"), State.STREAM_REFUSED, 30),
        (StreamBroken("silence"), State.STREAM_BROKEN, 30),
    ],
)
async def test_each_trouble_is_on_the_board_and_becomes_the_gaps_reason(
    error: Exception, state: State, back_after_s: float
) -> None:
    hub = a_hub()
    async with recording(hub):
        await hub.source.play(0, 45)
        hub.source.refuses = error
        hub.source.cut(StreamBroken("cut"))
        await hub.clock.advance(3)
        assert hub.state is state
        assert hub.text == str(error)[:1].upper() + str(error)[1:]
        assert hub.frames == list(range(45))
        hub.source.refuses = None
        await hub.clock.advance(back_after_s)
        await hub.source.play(60, 91)
        assert hub.state is State.RECORDING
    assert hub.frames == [*range(45), *range(60, 91)]
    assert hub.store.afters == ["start", state.value]


async def test_a_stream_that_just_ends_is_opened_again() -> None:
    hub = a_hub()
    async with recording(hub):
        await hub.source.play(0, 45)
        hub.source.cut()
        await hub.clock.advance(2)
        assert hub.source.opened == 2
        await hub.source.play(60, 91)
    assert hub.store.afters == ["start", "stream_broken"]


async def test_the_first_telling_reason_stands() -> None:
    hub = a_hub()
    async with recording(hub):
        await hub.source.play(0, 45)
        for error in (StreamBroken("cut"), CameraOff("off"), CameraUnreachable("rebooting")):
            hub.source.refuses = error
            hub.source.cut(error)
            await hub.clock.advance(40)
        hub.source.refuses = None
        await hub.clock.advance(40)
        await hub.source.play(60, 91)
    assert hub.store.afters == ["start", "off"]


async def test_a_stream_without_key_frames_says_so_and_is_opened_again() -> None:
    hub = a_hub()
    async with recording(hub):
        await hub.source.play(1, 600, gop=10**9)
        assert hub.state is State.NO_KEY_FRAMES
        assert "no key frame" in hub.text
        assert hub.source.opened >= 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda hub: hub.clock.jump(3_600_000), "clock_jump"),
        (lambda hub: hub.clock.jump(-3_600_000), "clock_jump"),
        (lambda hub: hub.source.send(sound(4_100_000)), "audio_began"),
    ],
    ids=["wall clock forward", "wall clock back", "sound"],
)
async def test_a_run_ends_where_it_must_and_no_frame_is_lost(
    change: Callable[[Hub], None], reason: str
) -> None:
    hub = a_hub()
    async with recording(hub):
        await hub.source.play(0, 65)
        change(hub)
        await hub.source.play(65, 151)
    assert hub.frames == list(range(151))
    assert hub.store.afters == ["start", reason]
    assert len({segment.start_ms for segment in hub.segments}) == len(hub.segments)


async def test_new_parameter_sets_begin_a_new_run_without_losing_a_frame() -> None:
    hub = a_hub()
    async with recording(hub):
        await hub.source.play(0, 60)
        await hub.source.play(60, 100, sets=PPS)
    assert hub.frames == list(range(100))
    assert hub.store.afters == ["start", "parameters_changed"]
    assert hub.segments[0].end_ms < hub.segments[1].start_ms <= hub.segments[0].end_ms + 1


# ---- patience


def test_waits_grow_from_one_second_to_thirty_and_stay() -> None:
    for failures in (1, 2, 5, 10, 10**6):
        assert 1 <= wait_s(State.UNREACHABLE, failures, 0.0) <= wait_s(State.UNREACHABLE, failures, 1.0) <= 30
    assert wait_s(State.UNREACHABLE, 10**6, 1.0) == LONGEST_WAIT_S


def test_a_refused_login_is_left_alone_for_half_an_hour_and_a_switched_off_camera_asked_soon() -> None:
    assert wait_s(State.LOGIN_REFUSED, 1, 0.0) == LOGIN_WAIT_S
    assert wait_s(State.OFF, 100, 1.0) == OFF_WAIT_S


async def test_a_refused_login_is_tried_twice_an_hour() -> None:
    hub = a_hub()
    hub.source.refuses = CameraRefusedLogin("wrong password")
    async with recording(hub):
        await hub.clock.advance(3_600)
        assert hub.source.opened <= 3


async def test_a_camera_that_was_away_for_hours_is_recorded_when_it_is_back() -> None:
    hub = a_hub()
    async with recording(hub):
        hub.source.refuses = CameraUnreachable("away")
        await hub.clock.advance(2 * 3_600)
        hub.source.refuses = None
        await hub.clock.advance(30)
        await hub.source.play(0, 31)
        assert hub.state is State.RECORDING


# ---- the store


@pytest.mark.parametrize("error", [StoreFull("the disk is full"), StoreFailed("the disk is gone")])
async def test_while_the_store_fails_video_waits_in_memory_and_the_camera_stays_connected(
    error: Exception,
) -> None:
    hub = a_hub()
    async with recording(hub):
        await hub.source.play(0, 95)
        hub.store.fails_with = error
        await hub.source.play(95, 300)
        assert hub.state is State.HUB_TROUBLE
        assert hub.text == str(error)
        hub.store.fails_with = None
        await hub.source.play(300, 1000)
        assert hub.state is State.RECORDING
        assert hub.source.opened == 1
    assert hub.store.afters == ["start", "hub_trouble"]
    kept = numbers(hub.store.abandoned[0][1])
    assert [*kept, *hub.frames] == list(range(1000))


async def test_a_segment_that_cannot_be_finished_is_not_written_twice() -> None:
    hub = a_hub()
    async with recording(hub):
        await hub.source.play(0, 290)
        hub.store.fails_to_finish = StoreFailed("the disk is gone")
        await hub.source.play(290, 330)
        hub.store.fails_to_finish = None
        await hub.source.play(330, 600)
    kept = [number for _, data in hub.store.abandoned for number in numbers(data)]
    assert sorted([*kept, *hub.frames]) == list(range(600))


async def test_a_hub_that_stops_does_not_wait_for_a_disk_that_is_away() -> None:
    hub = a_hub(fails_with=StoreFailed("the disk is gone"))
    async with recording(hub):
        await hub.source.play(0, 95)
    assert hub.frames == []


async def test_a_store_that_fails_at_the_very_start_costs_nothing_once_it_works() -> None:
    hub = a_hub(fails_with=StoreFull("full"), earlier_end_ms=NOON_MS - 10**6)
    async with recording(hub):
        await hub.source.play(0, 65)
        hub.store.fails_with = None
        await hub.source.play(65, 600)
    assert hub.store.afters == ["hub_not_running"]
    assert hub.frames == list(range(600))


async def test_a_disk_that_hangs_bounds_the_memory_and_reading_goes_on() -> None:
    hub = a_hub()
    async with recording(hub):
        await hub.source.play(0, 31)
        hub.store.hang.clear()
        await hub.source.play(31, 31 + (QUEUE_LIMIT_GOPS + 20) * 30)
        assert hub.state is State.HUB_TROUBLE
        assert hub.source.opened == 1
        hub.store.hang.set()
        end = 31 + (QUEUE_LIMIT_GOPS + 30) * 30
        await hub.source.play(31 + (QUEUE_LIMIT_GOPS + 20) * 30, end)
        assert hub.state is State.RECORDING
    assert hub.store.afters == ["start", "hub_trouble"]
    assert hub.frames[-1] == end - 1
    assert len(hub.frames) == len(set(hub.frames))


async def test_video_that_cannot_be_muxed_is_told_and_the_next_gop_tried() -> None:
    hub = a_hub()
    hub.muxers.refuses = 2
    async with recording(hub):
        await hub.source.play(0, 35)
        assert hub.state is State.STREAM_BROKEN
        await hub.source.play(35, 100)
        assert hub.state is State.RECORDING
    assert hub.frames == list(range(60, 100))


# ---- places in time


@pytest.mark.parametrize("what_fails", ["fails_with", "fails_to_finish"])
async def test_what_comes_after_a_failing_store_begins_behind_the_file_that_it_was_left_with(
    what_fails: str,
) -> None:
    """The run began late and catches up; the store ends what it is left with by media time."""
    hub = a_hub(earlier_end_ms=NOON_MS + 25_000)
    async with recording(hub):
        await hub.source.play(0, 280)
        setattr(hub.store, what_fails, StoreFull("the disk is full"))
        await hub.source.play(280, 330)
        setattr(hub.store, what_fails, None)
        await hub.source.play(330, 600)
    start_ms, data = hub.store.abandoned[0]
    following = next(segment for segment in hub.segments if segment.start_ms > start_ms)
    assert following.start_ms >= start_ms + round(len(numbers(data)) * 1000 / 15)


async def test_a_new_run_begins_behind_what_is_recorded_even_when_its_anchor_is_a_little_earlier() -> None:
    hub = a_hub(earlier_end_ms=NOON_MS + 5_000)
    async with recording(hub):
        await hub.source.play(0, 31)
    assert hub.segments[0].start_ms == NOON_MS + 5_001


async def test_after_a_true_step_back_of_the_wall_clock_the_run_has_the_new_time() -> None:
    hub = a_hub(earlier_end_ms=NOON_MS + 3_600_000)
    async with recording(hub):
        await hub.source.play(0, 31)
    assert hub.segments[0].start_ms == pytest.approx(NOON_MS, abs=1)
