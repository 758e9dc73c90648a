"""A camera is recorded always, or only when something happens: then with what came before and after it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from backsight_agent.camera_ports import StreamBroken
from backsight_agent.domain.activity import Activity
from backsight_agent.domain.pre_roll import CONTINUOUS, Keeping
from backsight_agent.domain.states import Board, State
from backsight_agent.tasks.record import record_forever
from fakes.clock import NOON_MS, FakeClock, settle
from fakes.recordings import FakeRecordings
from fakes.streams import FakeMuxers, FakeSource, numbers

CAMERA = "74fece010203"
FPS = 15
EVENTS = Keeping(events_only=True, pre_ms=5_000, post_ms=10_000)


@dataclass
class Hub:
    """One camera being recorded; frame 0 is taken at NOON."""

    keeping: Keeping = EVENTS
    clock: FakeClock = field(default_factory=FakeClock)
    activity: Activity = field(default_factory=Activity)
    store: FakeRecordings = field(default_factory=FakeRecordings)

    def __post_init__(self) -> None:
        self.source = FakeSource(self.clock)
        self.board = Board((CAMERA,), self.clock)

    @property
    def state(self) -> State:
        return self.board.states[CAMERA].state

    @property
    def frames(self) -> list[int]:
        return [number for _, data in self.store.segments for number in numbers(data)]

    @property
    def lengths_s(self) -> list[float]:
        return [(segment.end_ms - segment.start_ms) / 1000 for segment, _ in self.store.segments]

    async def play_s(self, begin_s: int, end_s: int) -> None:
        await self.source.play(begin_s * FPS, end_s * FPS)


@asynccontextmanager
async def recording(hub: Hub) -> AsyncIterator[Hub]:
    task = asyncio.ensure_future(
        record_forever(
            CAMERA, hub.source, FakeMuxers(), hub.store, hub.board, hub.clock, hub.keeping, hub.activity
        )
    )
    await settle()
    try:
        yield hub
    finally:
        task.cancel()
        await asyncio.wait([task])


def at_s(seconds: float) -> int:
    return NOON_MS + round(seconds * 1000)


def seconds_of(frames: list[int]) -> tuple[float, float]:
    return frames[0] / FPS, (frames[-1] + 1) / FPS


async def test_where_only_events_are_kept_nothing_is_written_while_nothing_happens() -> None:
    async with recording(Hub()) as hub:
        await hub.play_s(0, 120)
        assert hub.state is State.WATCHING
    assert hub.store.runs == {}


async def test_an_event_is_kept_with_what_came_before_and_after_it() -> None:
    async with recording(Hub()) as hub:
        await hub.play_s(0, 61)
        hub.activity.begin("motion", at_s(59))
        await hub.play_s(61, 71)
        during = hub.state
        hub.activity.end("motion", at_s(70))
        await hub.play_s(71, 120)
        assert (during, hub.state) == (State.RECORDING, State.WATCHING)
    first_s, last_s = seconds_of(hub.frames)
    assert 52 <= first_s <= 54  # five seconds before, from the key frame on
    assert 80 <= last_s <= 82  # ten seconds after, to the next key frame
    assert hub.frames == list(range(hub.frames[0], hub.frames[-1] + 1))
    assert len(hub.store.runs) == 1


async def test_an_event_that_becomes_known_ten_seconds_late_still_has_its_pre_roll() -> None:
    async with recording(Hub()) as hub:
        await hub.play_s(0, 60)
        hub.activity.begin("motion", at_s(50))
        hub.activity.end("motion", at_s(51))
        await hub.play_s(60, 90)
    first_s, last_s = seconds_of(hub.frames)
    assert first_s <= 45
    assert 61 <= last_s <= 63


async def test_a_short_event_that_was_over_before_it_was_known_is_kept_all_the_same() -> None:
    hub = Hub(Keeping(events_only=True, pre_ms=5_000, post_ms=1_000))
    async with recording(hub):
        await hub.play_s(0, 60)
        hub.activity.begin("ring", at_s(50))
        hub.activity.end("ring", at_s(51))
        await hub.play_s(60, 90)
    first_s, last_s = seconds_of(hub.frames)
    assert first_s <= 45
    assert 52 <= last_s <= 54


async def test_two_events_that_follow_each_other_closely_are_one_recording() -> None:
    async with recording(Hub()) as hub:
        await hub.play_s(0, 40)
        hub.activity.begin("motion", at_s(39))
        hub.activity.end("motion", at_s(40))
        await hub.play_s(40, 46)
        hub.activity.begin("sound", at_s(45))
        hub.activity.end("sound", at_s(46))
        await hub.play_s(46, 90)
    assert len(hub.store.runs) == 1
    assert hub.frames == list(range(hub.frames[0], hub.frames[-1] + 1))


async def test_events_that_are_far_apart_are_two_runs_with_a_gap_that_says_why() -> None:
    async with recording(Hub()) as hub:
        for begin_s in (30, 90):
            await hub.play_s(begin_s - 30, begin_s)
            hub.activity.begin("motion", at_s(begin_s - 1))
            hub.activity.end("motion", at_s(begin_s))
            await hub.play_s(begin_s, begin_s + 30)
    assert hub.store.afters == ["start", "no_event"]
    assert len(hub.frames) == len(set(hub.frames))


async def test_what_waits_in_memory_is_bounded_by_the_pre_roll() -> None:
    async with recording(Hub()) as hub:
        await hub.play_s(0, 600)
        hub.activity.begin("motion", at_s(0))
        await hub.play_s(600, 610)
    assert hub.frames[0] / FPS >= 600 - 5 - 15 - 4


async def test_an_interrupted_stream_is_not_joined_across_the_interruption() -> None:
    async with recording(Hub()) as hub:
        await hub.play_s(0, 20)
        hub.source.cut(StreamBroken("it stalled"))
        await hub.clock.advance(2)
        await hub.play_s(22, 30)
        hub.activity.begin("motion", at_s(27))
        await hub.play_s(30, 40)
    assert hub.frames[0] >= 22 * FPS
    assert hub.store.afters == ["start"]


async def test_always_recorded_is_recorded_whatever_happens() -> None:
    async with recording(Hub(CONTINUOUS)) as hub:
        await hub.play_s(0, 31)
    assert hub.frames == list(range(31 * FPS))


async def test_an_event_ends_its_segment_early_so_that_its_clip_is_soon_in_the_cloud() -> None:
    async with recording(Hub(CONTINUOUS)) as hub:
        await hub.play_s(0, 13)
        hub.activity.begin("motion", at_s(11))  # in the segment that began at 10 s
        await hub.play_s(13, 60)
        assert hub.lengths_s[:4] == [10, 6, 10, 10]
    assert hub.frames == list(range(60 * FPS))


async def test_the_early_segment_is_finished_within_nine_seconds_of_the_event() -> None:
    async with recording(Hub(CONTINUOUS)) as hub:
        await hub.play_s(0, 13)
        hub.activity.begin("motion", at_s(11))
        await hub.play_s(13, 20)
        assert [segment.start_ms for segment, _ in hub.store.segments][1:] == [at_s(10)]


@pytest.mark.parametrize(
    ("pre_ms", "post_ms"), [(4_999, 10_000), (30_001, 10_000), (5_000, 0), (5_000, 300_001)]
)
def test_a_pre_roll_or_post_roll_out_of_bounds_is_refused_in_words(pre_ms: int, post_ms: int) -> None:
    with pytest.raises(ValueError, match="_roll must be"):
        Keeping(True, pre_ms, post_ms)
