"""Reading never waits for the disk: what it cannot take in time is dropped as one loud, marked stretch."""

import asyncio

import pytest

from backsight_agent.domain.gops import TimedGop
from backsight_agent.domain.media import Gop, VideoUnit
from backsight_agent.domain.states import Board, State
from backsight_agent.tasks.gop_queue import QUEUE_LIMIT_BYTES, QUEUE_LIMIT_GOPS, GopQueue, Pause, Read
from fakes.clock import FakeClock

CAMERA = "74fece010203"
MIB = 1024 * 1024


def read(size: int, number: int = 0) -> Read:
    return Read(TimedGop(Gop((VideoUnit(bytes(size), number, is_key=True),), (), number + 1), None, 0.0), 0.0)


@pytest.fixture
def board() -> Board:
    return Board((CAMERA,), FakeClock())


@pytest.fixture
def queue(board: Board) -> GopQueue:
    return GopQueue(CAMERA, board)


async def drained(queue: GopQueue) -> list[Read | Pause]:
    queue.close()
    return [item async for item in queue]


async def test_gops_and_pauses_come_out_in_order(queue: GopQueue) -> None:
    off = Pause(State.OFF, "Off")
    queue.put(read(1, 1))
    queue.pause(off)
    queue.put(read(1, 2))
    assert await drained(queue) == [read(1, 1), off, read(1, 2)]


async def test_a_writer_that_waits_gets_what_comes(queue: GopQueue) -> None:
    waiting = asyncio.ensure_future(anext(aiter(queue)))
    await asyncio.sleep(0)
    queue.put(read(1))
    assert await waiting == read(1)


async def test_the_same_pause_again_is_not_kept_twice(queue: GopQueue) -> None:
    for _ in range(1000):
        queue.pause(Pause(State.OFF, "Off"))
    assert len(await drained(queue)) == 1


async def test_pauses_have_a_bound_too(queue: GopQueue) -> None:
    for number in range(10_000):
        queue.pause(Pause(State.OFF, str(number)))
    assert len(await drained(queue)) <= 2 * QUEUE_LIMIT_GOPS


async def test_memory_stays_below_the_limit(queue: GopQueue) -> None:
    taken = sum(queue.put(read(MIB, number)) for number in range(100))
    assert taken == QUEUE_LIMIT_BYTES // MIB


async def test_small_gops_are_bounded_by_their_number(queue: GopQueue) -> None:
    assert sum(queue.put(read(1, number)) for number in range(1000)) == QUEUE_LIMIT_GOPS


async def test_one_gop_is_always_taken_however_large(queue: GopQueue) -> None:
    assert queue.put(read(QUEUE_LIMIT_BYTES + 1))


async def test_a_full_queue_is_on_the_board_at_once_and_in_its_place(queue: GopQueue, board: Board) -> None:
    for number in range(30):
        queue.put(read(MIB, number))
    assert board.states[CAMERA].state is State.HUB_TROUBLE
    items = await drained(queue)
    assert [item.state for item in items if isinstance(item, Pause)] == [State.HUB_TROUBLE]
    assert isinstance(items[-1], Pause)


async def test_what_is_lost_is_one_stretch_and_not_a_sieve(queue: GopQueue) -> None:
    for number in range(30):
        queue.put(read(MIB, number))
    leaving = aiter(queue)
    await anext(leaving)
    assert not queue.put(read(1, 31))
    while not isinstance(await anext(leaving), Pause):
        pass
    assert queue.put(read(1, 32))
    assert await drained(queue) == [read(1, 32)]
