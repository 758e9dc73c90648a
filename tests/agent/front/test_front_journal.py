"""The log tells what changes for an owner, once, by the camera's name."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from backsight_agent.domain.states import Board, State
from backsight_agent.tasks.journal import write_journal
from fakes.clock import FakeClock, settle

CAMERA = "74fece010203"


@asynccontextmanager
async def journal() -> AsyncIterator[tuple[Board, FakeClock]]:
    clock = FakeClock()
    board = Board((CAMERA,), clock)
    task = asyncio.ensure_future(write_journal({CAMERA: "Front door"}, board, clock))
    await settle()
    try:
        yield board, clock
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_camera_that_changes_its_state_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    async with journal() as (board, clock):
        board.set_state(CAMERA, State.UNREACHABLE, "Nothing answers at 192.168.1.20")
        await clock.advance(5)
    assert caplog.messages == ["Front door: unreachable: Nothing answers at 192.168.1.20"]


async def test_a_problem_is_told_when_it_comes_and_when_it_goes(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with journal() as (board, clock):
        board.set_problem("disk", "The disk is full")
        await clock.advance(5)
        board.set_problem("disk", None)
        await clock.advance(5)
    assert caplog.messages == ["problem: The disk is full", "no longer a problem: The disk is full"]


async def test_what_changed_just_before_the_end_is_told_too(caplog: pytest.LogCaptureFixture) -> None:
    async with journal() as (board, _):
        board.set_state(CAMERA, State.LOGIN_REFUSED, "The camera refused the login")
    assert caplog.messages == ["Front door: login refused: The camera refused the login"]
