"""A wire between two processes that can be cut, stalled, throttled or refused while it is used."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Self

CHUNK = 16 * 1024  # bytes
CLOSING_S = 5.0  # seconds for the last bytes to go out
LOOK_S = 0.02  # seconds; how soon a stall that is over is noticed


@dataclass(frozen=True, slots=True)
class Weather:
    """How a wire is now."""

    name: str = "fair"
    refuses: bool = False  # nobody listens
    stalls: bool = False  # connections are taken and stay; nothing passes
    bytes_per_s: float | None = None  # of each direction of each connection
    drops_after: int | None = None  # bytes that a connection carries before it is cut


FAIR = Weather()


class Wire:
    """Listens at one place and connects to another. `weather` may be set at any time by `turn`."""

    def __init__(self, target: tuple[str, int], host: str = "127.0.0.1", port: int = 0) -> None:
        self._target, self.host, self.port = target, host, port
        self.weather = FAIR
        self.connections = 0  # so far
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._shut()
        self.cut()

    async def turn(self, weather: Weather) -> None:
        """From now on it is like this."""
        self.weather = weather
        if weather.refuses:
            self._shut()
            self.cut()
        elif self._server is None:
            await self._listen()

    def cut(self) -> None:
        """Every connection of this moment breaks, hard."""
        for writer in list(self._writers):
            _break(writer)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._connected, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def _shut(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        carried = _Carried()
        async with self._known(writer):
            try:
                far_reader, far_writer = await asyncio.open_connection(*self._target)
            except OSError:
                return
            async with self._known(far_writer):
                there = asyncio.ensure_future(self._carry(reader, far_writer, carried))
                back = asyncio.ensure_future(self._carry(far_reader, writer, carried))
                await self._both(there, back, carried)
                if carried.is_broken:
                    _break(writer)
                    _break(far_writer)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, carried: "_Carried"
    ) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while data := await reader.read(CHUNK):
                while self.weather.stalls:
                    await asyncio.sleep(LOOK_S)
                if (rate := self.weather.bytes_per_s) is not None:
                    await asyncio.sleep(len(data) / rate)
                carried.size += len(data)
                if (most := self.weather.drops_after) is not None and carried.size > most:
                    carried.is_broken = True
                    return
                writer.write(data)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()

    async def _both(
        self, there: asyncio.Future[None], back: asyncio.Future[None], carried: "_Carried"
    ) -> None:
        """Until both ways have ended, or one of them broke."""
        ways = {there, back}
        while ways and not carried.is_broken:
            _, ways = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(there, back, return_exceptions=True)

    @asynccontextmanager
    async def _known(self, writer: asyncio.StreamWriter) -> AsyncIterator[None]:
        self._writers.add(writer)
        try:
            yield
        finally:
            self._writers.discard(writer)
            writer.close()
            with suppress(OSError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), CLOSING_S)


def _break(writer: asyncio.StreamWriter) -> None:
    """Not closed politely: whoever is at the other end gets a reset."""
    with suppress(OSError):
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@dataclass
class _Carried:
    """What a connection has carried so far, both ways."""

    size: int = 0
    is_broken: bool = False


def slow(bytes_per_s: float) -> Weather:
    """A thin line."""
    return replace(FAIR, name=f"{bytes_per_s / 1000:.0f} kB/s", bytes_per_s=bytes_per_s)


REFUSING = replace(FAIR, name="refused", refuses=True)
STALLED = replace(FAIR, name="stalled", stalls=True)


def dropping(after: int) -> Weather:
    """Connections that break while they are used."""
    return replace(FAIR, name=f"cut after {after / 1000:.0f} kB", drops_after=after)
