"""A camera's stream and control at whatever address the camera has now."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from backsight_agent.camera_ports import CameraControl, CameraRefusedLogin, Source, StreamRefused
from backsight_agent.domain.media import Arrival
from backsight_agent.domain.noticing import Noticed
from backsight_agent.domain.states import CameraFacts
from backsight_agent.domain.whereabouts import Whereabouts


class Verify(Protocol):
    """Makes sure that the camera at an address is the one that we mean."""

    async def __call__(self, camera: str, host: str) -> None:
        """Raises CameraUnreachable when another camera answers there."""
        ...


class MovingSource:
    """A source that is made anew for each connection, at the address of that moment.

    Two cameras of one owner have the same login: when a router swaps their addresses, only their MACs
    keep their histories apart.
    """

    def __init__(
        self, camera: str, where: Whereabouts, make: Callable[[str], Source], verify: Verify
    ) -> None:
        self._camera = camera
        self._where = where
        self._make = make
        self._verify = verify

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[Arrival]]:
        """See the port."""
        host = self._where.host
        try:
            async with self._make(host).open() as arrivals:
                await self._verify(self._camera, host)
                yield arrivals
        except (CameraRefusedLogin, StreamRefused):
            await self._verify(self._camera, host)  # perhaps it was a stranger that refused us
            raise


class MovingControl:
    """A control that is closed and made anew when the camera has another address."""

    def __init__(self, where: Whereabouts, make: Callable[[str], CameraControl]) -> None:
        self._where = where
        self._make = make
        self._host = where.host
        self._control = make(where.host)

    async def read(self) -> CameraFacts:
        """See the port."""
        return await (await self._now()).read()

    async def noticed(self, since_ms: int) -> Sequence[Noticed]:
        """See the port."""
        return await (await self._now()).noticed(since_ms)

    async def close(self) -> None:
        await self._control.close()

    async def _now(self) -> CameraControl:
        if self._host != self._where.host:
            old, self._host = self._control, self._where.host
            self._control = self._make(self._host)
            await old.close()
        return self._control
