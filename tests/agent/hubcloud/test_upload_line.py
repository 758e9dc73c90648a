"""Cameras stand in line for their turns, puts for room: in order, and nobody who leaves blocks the others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from backsight_agent.domain.upload_order import Ask, Turn
from backsight_agent.domain.upload_pace import Pace
from backsight_agent.tasks.upload_budget import Budget
from backsight_agent.tasks.upload_line import Line
from fakes.clock import settle

DOOR, YARD, ATTIC = "74fece010203", "74fece010204", "74fece010205"


class Standing:
    """Who stands in line, and what they were given."""

    def __init__(self, at_once: int = 1) -> None:
        self.at_once = at_once
        self.line = Line(lambda: self.at_once)
        self.changed = {camera: asyncio.Event() for camera in (DOOR, YARD, ATTIC)}
        self.given: list[tuple[str, Turn | None]] = []

    @asynccontextmanager
    async def asking(self, *asks: Ask) -> AsyncIterator[list[asyncio.Task[None]]]:
        """In this order."""
        tasks = [asyncio.create_task(self._ask(ask)) for ask in asks]
        await settle()
        try:
            yield tasks
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, ask: Ask) -> None:
        self.given.append((ask.camera, await self.line.turn(ask, self.changed[ask.camera])))


@pytest.fixture
async def standing() -> Standing:
    return Standing()


async def test_only_so_many_have_a_turn_at_one_time(standing: Standing) -> None:
    standing.at_once = 2
    async with standing.asking(Ask(DOOR), Ask(YARD), Ask(ATTIC)):
        assert standing.given == [(DOOR, Turn.OLDEST), (YARD, Turn.OLDEST)]
        standing.line.leave(DOOR)
        await settle()
        assert standing.given[2:] == [(ATTIC, Turn.OLDEST)]


async def test_an_event_goes_before_those_that_have_waited(standing: Standing) -> None:
    async with standing.asking(Ask(DOOR), Ask(YARD), Ask(ATTIC, event_ms=5)):
        standing.line.leave(DOOR)
        await settle()
        assert standing.given[1:] == [(ATTIC, Turn.EVENTS)]


async def test_who_asks_again_is_weighed_against_the_others_before_its_turn_is_given_away(
    standing: Standing,
) -> None:
    async with standing.asking(Ask(DOOR, event_ms=5), Ask(YARD)), standing.asking(Ask(DOOR, event_ms=4)):
        assert standing.given == [(DOOR, Turn.EVENTS)] * 2


async def test_who_has_something_else_to_ask_for_leaves_the_line_and_may_ask_again(
    standing: Standing,
) -> None:
    async with standing.asking(Ask(DOOR), Ask(YARD)):
        standing.changed[YARD].set()
        await settle()
        assert standing.given == [(DOOR, Turn.OLDEST), (YARD, None)]
        standing.line.leave(DOOR)
        standing.changed[YARD].clear()
        async with standing.asking(Ask(YARD, event_ms=5)):
            assert standing.given[2:] == [(YARD, Turn.EVENTS)]


async def test_who_is_cancelled_in_line_holds_up_nobody(standing: Standing) -> None:
    async with standing.asking(Ask(DOOR), Ask(YARD), Ask(ATTIC)) as tasks:
        tasks[1].cancel()
        await settle()
        standing.line.leave(DOOR)
        await settle()
        assert standing.given[1:] == [(ATTIC, Turn.OLDEST)]


async def test_puts_begin_in_the_order_in_which_they_asked() -> None:
    budget, begun = Budget(pace=Pace(at_once=1)), list[int]()

    async def put(number: int) -> None:
        async with budget.hold(10):
            begun.append(number)
            await settle(3)

    await asyncio.gather(*(put(number) for number in range(8)))
    assert begun == list(range(8))


async def test_a_put_that_is_cancelled_while_it_waits_or_goes_on_gives_its_room_back() -> None:
    budget, begun = Budget(size_bytes=100, pace=Pace(at_once=1)), list[int]()

    async def put(number: int) -> None:
        async with budget.hold(100):
            begun.append(number)
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(put(number)) for number in range(4)]
    await settle()
    for task in (tasks[1], tasks[0]):  # one that waits, then the one that goes on
        task.cancel()
        await settle()
    assert begun == [0, 2]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_more_puts_begin_as_soon_as_the_link_shows_that_it_is_fast() -> None:
    budget, most, now = Budget(pace=Pace(at_once=1)), 0, 0

    async def put() -> None:
        nonlocal most, now
        async with budget.hold(10):
            now += 1
            most = max(most, now)
            await settle(3)
            now -= 1
            budget.pace = budget.pace.after_put(0.1)

    await asyncio.gather(*(put() for _ in range(20)))
    assert most == 4
