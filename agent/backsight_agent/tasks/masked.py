"""Tells a masked lens from a broken stream: a Tapo camera in privacy mode just ends or refuses its stream."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backsight_agent.camera_ports import CameraOff, Source, StreamBroken, StreamRefused
from backsight_agent.domain.media import Arrival
from backsight_agent.domain.states import Board


class MaskableSource:
    """A source whose trouble means "off" while the camera's control says that the lens is masked."""

    def __init__(self, source: Source, camera: str, board: Board) -> None:
        self._source = source
        self._camera = camera
        self._board = board

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[Arrival]]:
        """As the source's own; what is raised while iterating passes through here, too."""
        try:
            async with self._source.open() as arrivals:
                yield arrivals
        except (StreamRefused, StreamBroken) as error:
            if not self._board.facts[self._camera].off:
                raise
            raise CameraOff("the lens is masked: switch privacy mode off in the Tapo app") from error
