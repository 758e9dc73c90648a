"""What goes on at a camera still does when the wall clock is set, and its video and its event are kept."""

import asyncio

import pytest

from backsight_agent.domain.activity import Activity, Doing
from backsight_agent.domain.motion import Finding
from backsight_agent.domain.motion_events import QUIET_MS, MotionEvents
from backsight_agent.domain.pre_roll import Keeping, Piece, PreRoll
from backsight_agent.domain.states import Board, CameraFacts, State
from backsight_agent.domain.trusted_time import TrustedTime
from backsight_agent.tasks.dating import Dating
from backsight_agent.tasks.events import EventBook
from backsight_agent.tasks.notice import notice_forever
from backsight_shared.event import EventKind, Origin
from fakes.clock import NOON_MS, FakeClock
from fakes.footage_of_hub import CAMERA

HOUR_MS, YEAR_MS = 3_600_000, 365 * 86_400_000
STEPS = [-50 * YEAR_MS, -HOUR_MS, HOUR_MS, 50 * YEAR_MS]


class Hub:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.time = TrustedTime(self.clock, lambda: False)
        self.activity = Activity(self.offset_ms)
        self.book = EventBook({CAMERA: self.activity}, Dating("boot", self.time), self.offset_ms)

    def offset_ms(self) -> float:
        return self.clock.now_ms() - self.clock.monotonic() * 1000

    def noticed(self, start_ms: int, until_ms: int, *, over: bool = False) -> None:
        self.book.noticed(CAMERA, EventKind.MOTION, Origin.HUB, start_ms, until_ms, 50, over=over)


@pytest.mark.parametrize("step_ms", STEPS)
def test_what_goes_on_moves_along_with_the_clock(step_ms: int) -> None:
    hub = Hub()
    hub.noticed(NOON_MS, NOON_MS + 2_000)
    hub.clock.jump(step_ms)
    assert hub.activity.doing == Doing(NOON_MS + step_ms, None)
    hub.noticed(NOON_MS + step_ms, NOON_MS + step_ms + 5_000, over=True)
    assert hub.activity.doing == Doing(NOON_MS + step_ms, NOON_MS + step_ms + 5_000)


@pytest.mark.parametrize("step_ms", STEPS)
def test_video_that_was_read_before_the_step_is_measured_by_the_clock_of_then(step_ms: int) -> None:
    hub = Hub()
    before_ms = hub.offset_ms()
    hub.noticed(NOON_MS, NOON_MS + 2_000)
    hub.clock.jump(step_ms)
    assert hub.activity.seen_from(before_ms) == Doing(NOON_MS, None)


@pytest.mark.parametrize("step_ms", STEPS)
def test_a_pre_roll_that_waits_is_kept_over_a_step(step_ms: int) -> None:
    pre_roll: PreRoll[int] = PreRoll(Keeping(events_only=True))
    for number in range(5):
        pre_roll.follow_clock(1_000.0)
        assert pre_roll.take(Piece(number, number * 2_000, number * 2_000 + 2_000, 1), None) == ()
    pre_roll.follow_clock(1_000.0 + step_ms)
    now_ms = 10_000 + step_ms
    wanted = pre_roll.take(Piece(5, now_ms, now_ms + 2_000, 1), Doing(now_ms + 500, None))
    assert wanted == (2, 3, 4, 5)


@pytest.mark.parametrize("step_ms", STEPS)
def test_motion_after_a_step_is_an_event_of_its_own(step_ms: int) -> None:
    events, finding = MotionEvents(), Finding(0.0, 1.0, 50)
    events.take(finding, NOON_MS, NOON_MS + 2_000)
    span = events.take(finding, NOON_MS + step_ms, NOON_MS + step_ms + 2_000)
    assert span is not None
    assert span.start_ms == NOON_MS + step_ms
    assert not span.over


def test_motion_whose_time_is_a_little_back_is_the_same_event() -> None:
    events, finding = MotionEvents(), Finding(0.0, 1.0, 50)
    events.take(finding, NOON_MS, NOON_MS + 2_000)
    span = events.take(finding, NOON_MS - QUIET_MS // 2, NOON_MS - QUIET_MS // 2 + 2_000)
    assert span is not None
    assert span.start_ms == NOON_MS


@pytest.mark.parametrize("step_ms", STEPS)
def test_an_event_is_dated_by_the_clock_as_it_was_when_it_began(step_ms: int) -> None:
    hub = Hub()
    before_ms = hub.offset_ms()
    hub.noticed(NOON_MS, NOON_MS + 2_000)
    hub.clock.jump(step_ms)
    hub.noticed(NOON_MS, NOON_MS + 30_000, over=True)
    (event,) = hub.book.take()
    undated = hub.book.undated(event)
    assert undated is not None
    assert undated.offset_ms == round(before_ms)


def test_an_event_in_known_time_is_right() -> None:
    hub = Hub()
    hub.time.confirm(NOON_MS)
    hub.noticed(NOON_MS, NOON_MS + 2_000)
    (event,) = hub.book.take()
    assert hub.book.undated(event) is None


class Asked:
    """A camera's control that remembers since when it was asked."""

    def __init__(self) -> None:
        self.since_ms: list[int] = []

    async def noticed(self, since_ms: int) -> list[object]:
        self.since_ms.append(since_ms)
        return []


@pytest.mark.parametrize("step_ms", STEPS)
async def test_a_camera_is_asked_for_what_is_new_though_the_clock_was_set(step_ms: int) -> None:
    clock, control = FakeClock(), Asked()
    board = Board((CAMERA,), clock)
    board.set_state(CAMERA, State.RECORDING, "Recording")
    board.set_facts(CAMERA, CameraFacts())
    book = EventBook({CAMERA: Activity()})
    task = asyncio.ensure_future(
        notice_forever(CAMERA, control, book, board, clock, every_s=10)  # type: ignore[arg-type]
    )
    await clock.advance(12)
    clock.jump(step_ms)
    await clock.advance(12)
    task.cancel()
    assert control.since_ms == pytest.approx([NOON_MS, NOON_MS + step_ms], abs=1)  # milliseconds
