"""Records what a camera says to a real source, and says it again, whole or spoiled, at full speed.

A tape holds what came down after each thing that went up, so that conversations (RTSP) can be played again
in step: the client's first bytes are answered by the first piece, and so on.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

CHUNK = 65_536
Tape = tuple[bytes, ...]
GONE = (ConnectionError, TimeoutError, ssl.SSLError, asyncio.IncompleteReadError)


class Recorder:
    """A go-between that notes what the camera sent."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._camera = (host, port)
        self._tls = tls
        self._pieces: list[bytearray] = [bytearray()]

    @property
    def tape(self) -> Tape:
        """What was recorded so far."""
        return tuple(bytes(piece) for piece in self._pieces)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's connection."""
        up_reader, up_writer = await asyncio.open_connection(*self._camera, ssl=_client_tls(self._tls))
        try:
            async with asyncio.TaskGroup() as both:
                down = both.create_task(self._down(up_reader, writer))
                await self._up(reader, up_writer)
                down.cancel()
        except* GONE:
            pass
        finally:
            up_writer.close()
            writer.close()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            self._pieces.append(bytearray())
            writer.write(data)
            await writer.drain()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            self._pieces[-1] += data
            writer.write(data)
            await writer.drain()


class Player:
    """Plays `tape` to every client and hangs up."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's connection."""
        with suppress(*GONE):
            first, *others = self.tape
            await _say(writer, first)
            for piece in others:
                if not await reader.read(CHUNK):
                    break
                await _say(writer, piece)
        writer.close()


async def _say(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


@asynccontextmanager
async def listening(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object], tls: ssl.SSLContext | None
) -> AsyncIterator[int]:
    """A server on a free loopback port, while the block lasts."""
    tasks: set[asyncio.Task[object]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with suppress(asyncio.CancelledError):
            await serve(reader, writer)  # type: ignore[misc]
        tasks.discard(task)

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _client_tls(tls: ssl.SSLContext | None) -> ssl.SSLContext | None:
    if tls is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
