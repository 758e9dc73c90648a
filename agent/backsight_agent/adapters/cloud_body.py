"""A request's body that goes out piece by piece: as fast as the owner allows, and watched for progress."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import payload
from aiohttp.abc import AbstractStreamWriter

from backsight_agent.domain.bandwidth import MOST_PIECE, Bucket
from backsight_shared.clock import Clock

# What is handed over must nearly be what is sent, or a slow link looks like one that stands still.
_NOT_SENT_BYTES = 64 * 1024  # that the kernel, and the connection above it, may keep for later


class Limit:
    """What may leave the house in a second: one for all bodies on their way. None limits nothing."""

    def __init__(self, bytes_per_s: float | None, clock: Clock) -> None:
        self._bucket = None if bytes_per_s is None else Bucket(bytes_per_s)
        self._clock = clock

    @property
    def piece_bytes(self) -> int:
        return MOST_PIECE if self._bucket is None else self._bucket.piece_bytes

    async def let_pass(self, size_bytes: int) -> None:
        """Wait until these bytes may go."""
        if self._bucket is not None:
            self._bucket, wait_s = self._bucket.take(size_bytes, self._clock.monotonic())
            if wait_s > 0:
                await self._clock.sleep(wait_s)


class Patience:
    """Ends what lasts with TimeoutError once the link takes nothing for so long; each piece renews it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timeout: asyncio.Timeout | None = None

    @asynccontextmanager
    async def lasting(self) -> AsyncIterator[None]:
        """While inside."""
        try:
            async with asyncio.timeout(self._seconds) as self._timeout:
                yield
        finally:
            self._timeout = None

    def renew(self) -> None:
        """Something went out. From now on the link must take the next."""
        if self._timeout is not None and not self._timeout.expired():
            self._timeout.reschedule(asyncio.get_running_loop().time() + self._seconds)

    def pause(self) -> None:
        """Nothing is wanted of the link for now."""
        if self._timeout is not None and not self._timeout.expired():
            self._timeout.reschedule(None)


class PacedBody(payload.Payload):
    """Bytes that are sent so."""

    def __init__(self, data: bytes, limit: Limit, patience: Patience) -> None:
        super().__init__(data, content_type="application/octet-stream")
        self._data, self._limit, self._patience = memoryview(data), limit, patience
        self._pieces_out = 0
        self.is_out = False  # all of it was handed over

    @property
    def consumed(self) -> bool:
        """Whether it may not be sent anew behind our back. A connection that was dead before it began may."""
        return self.is_out or self._pieces_out > 1

    @property
    def size(self) -> int:
        return len(self._data)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        raise TypeError("footage is no text")

    async def write(self, writer: AbstractStreamWriter) -> None:
        if writer.transport is not None:
            _keep_little(writer.transport)
        step = self._limit.piece_bytes
        for begin in range(0, len(self._data), step):
            piece = self._data[begin : begin + step]
            self._patience.pause()
            await self._limit.let_pass(len(piece))
            self._patience.renew()
            await writer.write(piece)
            await writer.drain()
            self._pieces_out += 1
        self._patience.pause()  # the answer has a patience of its own
        self.is_out = True


def _keep_little(transport: asyncio.WriteTransport) -> None:
    transport.set_write_buffer_limits(high=_NOT_SENT_BYTES)
    connection, option = transport.get_extra_info("socket"), getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if connection is not None and option is not None:
        connection.setsockopt(socket.IPPROTO_TCP, option, _NOT_SENT_BYTES)
