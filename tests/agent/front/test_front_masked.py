"""A stream that fails while control says that the lens is masked is a camera that is off."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from backsight_agent.camera_ports import CameraOff, CameraUnreachable, StreamBroken, StreamRefused
from backsight_agent.domain.media import Arrival, VideoUnit
from backsight_agent.domain.states import Board, CameraFacts
from backsight_agent.tasks.masked import MaskableSource
from fakes.clock import FakeClock

CAMERA = "40ae300a0b0c"
ARRIVAL = Arrival(VideoUnit(b"", 0, is_key=True), 0.0)


class FailingSource:
    """Gives one frame, then fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[Arrival]]:
        yield self._arrivals()

    async def _arrivals(self) -> AsyncIterator[Arrival]:
        yield ARRIVAL
        raise self._error


async def outcome(error: Exception, *, masked: bool) -> Exception:
    board = Board((CAMERA,), FakeClock())
    board.set_facts(CAMERA, CameraFacts(off=masked))
    with pytest.raises(type(error) if not masked else Exception) as raised:
        async with MaskableSource(FailingSource(error), CAMERA, board).open() as arrivals:
            assert [arrival async for arrival in arrivals] == [ARRIVAL]
    return raised.value


@pytest.mark.parametrize("error", [StreamBroken("ended"), StreamRefused("453")])
async def test_behind_a_mask_it_is_off(error: Exception) -> None:
    assert isinstance(await outcome(error, masked=True), CameraOff)


@pytest.mark.parametrize("error", [StreamBroken("ended"), StreamRefused("453"), CameraUnreachable("gone")])
async def test_without_a_mask_it_is_what_it_is(error: Exception) -> None:
    assert await outcome(error, masked=False) is error


async def test_a_camera_that_is_gone_is_gone_behind_a_mask_too() -> None:
    assert isinstance(await outcome(CameraUnreachable("gone"), masked=True), CameraUnreachable)
