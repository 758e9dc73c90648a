"""What is wrong with the disks is on the board while it is so, and in the log once."""

import asyncio
import logging

import pytest

from backsight_agent.domain.states import Board
from backsight_agent.tasks.disk import watch_disks_forever
from fakes.clock import FakeClock, settle


class FakeDisks:
    def __init__(self) -> None:
        self.troubles: list[str] = []

    async def look(self) -> list[str]:
        return self.troubles

    async def audit(self) -> None:
        assert not self.troubles


async def test_troubles_come_and_go(caplog: pytest.LogCaptureFixture) -> None:
    clock, disks = FakeClock(), FakeDisks()
    board = Board((), clock)
    with caplog.at_level(logging.WARNING):
        task = asyncio.ensure_future(watch_disks_forever(disks, board, clock))
        await settle()
        assert board.problems == ()
        disks.troubles = ["The disk at /a is not there", "The disk at /b is another one"]
        await clock.advance(60)
        assert board.problems == tuple(disks.troubles)
        disks.troubles = ["The disk at /b is another one"]
        await clock.advance(60)
        assert board.problems == tuple(disks.troubles)
        disks.troubles = []
        await clock.advance(60)
        assert board.problems == ()
        task.cancel()
        await asyncio.wait([task])
    assert [record.getMessage() for record in caplog.records] == [
        "The disk at /a is not there",
        "The disk at /b is another one",
        "the disks are as they should be again",
    ]
