"""Reading never waits for the disk: what it cannot take in time is dropped as one loud, marked stretch."""

import asyncio

import pytest

from backsight_agent.domain.gops import TimedGop
from backsight_agent.domain.media import Gop, VideoUnit
from backsight_agent.domain.states import Board, State
from backsight_agent.tasks.gop_queue import (
    QUEUE_LIMIT_BYTES,
    QUEUE_LIMIT_GOPS,
    GopQueue,
    Pause,
    Read,
    limit_bytes,
)
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
    for number in range(100):
        queue.put(read(MIB, number))
    sizes = [item.timed.size_bytes for item in await drained(queue) if isinstance(item, Read)]
    assert QUEUE_LIMIT_BYTES // 2 < sum(sizes) <= QUEUE_LIMIT_BYTES


async def test_small_gops_are_bounded_by_their_number(queue: GopQueue) -> None:
    for number in range(1000):
        queue.put(read(1, number))
    assert len(await drained(queue)) <= QUEUE_LIMIT_GOPS


async def test_many_cameras_share_what_may_wait(board: Board) -> None:
    assert limit_bytes(1) == limit_bytes(10) == QUEUE_LIMIT_BYTES
    assert 64 * limit_bytes(64) <= 256 * MIB


async def test_one_gop_is_always_taken_however_large(queue: GopQueue) -> None:
    queue.put(read(QUEUE_LIMIT_BYTES + 1))
    assert len(await drained(queue)) == 1


async def test_a_full_queue_is_on_the_board_at_once_and_in_its_place(queue: GopQueue, board: Board) -> None:
    for number in range(30):
        queue.put(read(MIB, number))
    assert board.states[CAMERA].state is State.HUB_TROUBLE
    first, *rest = await drained(queue)
    assert isinstance(first, Pause)
    assert first.state is State.HUB_TROUBLE
    assert all(isinstance(item, Read) for item in rest)


async def test_what_is_lost_is_the_oldest_as_one_stretch_and_the_newest_stays(queue: GopQueue) -> None:
    for number in range(40):
        queue.put(read(MIB, number))
    left = [item.timed.gop.video[0].pts_us for item in await drained(queue) if isinstance(item, Read)]
    assert left == list(range(40 - len(left), 40))
    assert queue.dropped == 40 - len(left)


async def test_when_the_writer_is_only_a_little_too_slow_few_stretches_are_lost(queue: GopQueue) -> None:
    leaving, lost = aiter(queue), 0
    for number in range(400):  # four come while three go
        queue.put(read(MIB, number))
        if number % 4:
            lost += isinstance(await anext(leaving), Pause)
    assert lost <= 100 // 12 + 1
