"""A link between a hub and its cloud, in real bytes: slow, cut at a chosen byte, coming and going."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

_PIECE = 8 * 1024
_BUFFER = 32 * 1024  # small, so that what the hub has sent is nearly what the cloud has got


@dataclass
class Proxy:
    """Carries each connection to `port`. What a test changes holds at once."""

    port: int
    is_up: bool = True  # while not, nobody gets through
    holds: bool = False  # connections stay, and nothing moves
    bytes_per_s: float | None = None  # to the cloud, by all connections together
    # For each connection: after so many bytes to the cloud, or back, it is cut.
    cuts_up: Iterator[int] = field(default_factory=lambda: iter(()))
    cuts_down: Iterator[int] = field(default_factory=lambda: iter(()))
    own_port: int = 0
    connections: int = 0
    carried: list[tuple[float, int]] = field(default_factory=list)  # to the cloud: when, how many bytes
    _free_at: float = 0.0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.own_port}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Proxy"]:
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self.own_port = listening.getsockname()[1]
        server = await asyncio.start_server(self._carry, sock=listening, limit=_BUFFER)
        try:
            yield self
        finally:
            server.close()
            self.cut()
            await asyncio.sleep(0)

    def cut(self) -> None:
        """All connections end at once, without a word."""
        for writer in self._writers:
            writer.transport.abort()

    def go_down(self) -> None:
        self.is_up = False
        self.cut()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with suppress(OSError):
            if self.is_up:
                await self._both_ways(reader, writer)
        writer.transport.abort()
        self._writers.discard(writer)

    async def _both_ways(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        up, down = next(self.cuts_up, None), next(self.cuts_down, None)
        back, onward = await asyncio.open_connection("127.0.0.1", self.port)
        self._writers.add(onward)
        ways = [
            asyncio.ensure_future(self._one_way(reader, onward, up, upwards=True)),
            asyncio.ensure_future(self._one_way(back, writer, down, upwards=False)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            onward.transport.abort()
            self._writers.discard(onward)

    async def _one_way(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: int | None, *, upwards: bool
    ) -> None:
        """Until either end is closed, or it is cut."""
        loop, left = asyncio.get_running_loop(), cut
        while piece := await reader.read(_PIECE if left is None else min(_PIECE, left)):
            while self.holds:
                await asyncio.sleep(0.02)
            writer.write(piece)
            await writer.drain()
            if upwards:
                self.carried.append((loop.time(), len(piece)))
                await self._take_time(len(piece))
            left = None if left is None else left - len(piece)
            if left == 0:
                return

    async def _take_time(self, size_bytes: int) -> None:
        if self.bytes_per_s:
            now = asyncio.get_running_loop().time()
            self._free_at = max(self._free_at, now) + size_bytes / self.bytes_per_s
            await asyncio.sleep(self._free_at - now)
