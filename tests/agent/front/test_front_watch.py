"""A camera's control is asked gently, and what it says is on the board; its trouble touches nothing else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from backsight_agent.camera_ports import CameraRefusedLogin, CameraUnreachable
from backsight_agent.domain.states import Board, CameraFacts, State
from backsight_agent.tasks.watch import watch_forever
from fakes.clock import FakeClock, settle

CAMERA = "74fece010203"
FACTS = CameraFacts("EC60", "4.0", "2.3.22")


class FakeControl:
    """Answers what it is told to, and counts."""

    def __init__(self) -> None:
        self.asked = 0
        self.closed = False
        self.answer: Callable[[], CameraFacts] = lambda: FACTS

    async def read(self) -> CameraFacts:
        self.asked += 1
        return self.answer()

    async def close(self) -> None:
        self.closed = True


def fails_with(error: Exception) -> Callable[[], CameraFacts]:
    def fail() -> CameraFacts:
        raise error

    return fail


@asynccontextmanager
async def watching(control: FakeControl) -> AsyncIterator[tuple[Board, FakeClock]]:
    clock = FakeClock()
    board = Board((CAMERA,), clock)
    board.set_state(CAMERA, State.RECORDING, "Recording")
    task = asyncio.ensure_future(watch_forever(CAMERA, control, board, clock))
    await settle()
    try:
        yield board, clock
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_it_is_asked_at_once_and_then_every_five_minutes() -> None:
    control = FakeControl()
    async with watching(control) as (board, clock):
        assert board.facts[CAMERA] == FACTS
        assert control.asked == 1
        await clock.advance(3600)
        assert 11 <= control.asked - 1 <= 14


async def test_a_silent_camera_is_asked_again_soon_then_less_often() -> None:
    control = FakeControl()
    control.answer = fails_with(CameraUnreachable("nothing answers"))
    async with watching(control) as (board, clock):
        assert board.facts[CAMERA].control == "nothing answers"
        await clock.advance(31)
        assert control.asked == 2
        await clock.advance(3600)
        assert control.asked <= 17


async def test_a_refused_login_is_not_tried_again_for_half_an_hour() -> None:
    control = FakeControl()
    control.answer = fails_with(CameraRefusedLogin("refused"))
    async with watching(control) as (board, clock):
        await clock.advance(1700)
        assert control.asked == 1
        await clock.advance(200)
        assert control.asked == 2
        assert board.facts[CAMERA].control == "refused"


async def test_what_was_known_stays_known_while_control_is_silent() -> None:
    control = FakeControl()
    async with watching(control) as (board, clock):
        control.answer = fails_with(CameraUnreachable("nothing answers"))
        await clock.advance(400)
        assert board.facts[CAMERA].model == "EC60"
        assert board.facts[CAMERA].control == "nothing answers"
        control.answer = lambda: FACTS
        await clock.advance(400)
        assert board.facts[CAMERA] == FACTS


async def test_a_stream_that_fails_is_a_reason_to_ask_soon() -> None:
    control = FakeControl()
    async with watching(control) as (board, clock):
        control.answer = lambda: CameraFacts("C210", off=True)
        board.set_state(CAMERA, State.STREAM_BROKEN, "The stream stalls")
        await clock.advance(30)
        assert control.asked == 2
        assert board.facts[CAMERA].off


async def test_a_stream_that_keeps_failing_is_no_reason_to_keep_asking() -> None:
    control = FakeControl()
    async with watching(control) as (board, clock):
        board.set_state(CAMERA, State.STREAM_BROKEN, "The stream stalls")
        await clock.advance(260)
        assert control.asked == 2


async def test_a_camera_that_records_again_is_asked_whether_it_is_still_off() -> None:
    control = FakeControl()
    control.answer = lambda: CameraFacts("C210", off=True)
    async with watching(control) as (board, clock):
        control.answer = lambda: CameraFacts("C210")
        await clock.advance(30)
        assert not board.facts[CAMERA].off


async def test_leaving_lets_go_of_the_camera() -> None:
    control = FakeControl()
    async with watching(control):
        pass
    assert control.closed
