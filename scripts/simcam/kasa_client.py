"""The smallest client of a Kasa stream: reads port 19443 from a bare socket, in every framing.

It is here to test the cameras with; the hub has its own.
"""

import asyncio
import ssl
from typing import NamedTuple, Self

from simcam.httpwire import IDLE_LIMIT_S

LINE_LIMIT = 1000  # bytes


class Part(NamedTuple):
    """One part of the stream."""

    content_type: str
    stamp_s: float | None
    body: bytes


class KasaClient:
    """One connection. `connect` it; then `status` says whether parts will come."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._buffer = b""
        self._chunked: bool | None = None
        self.status = 0
        self.headers: dict[str, str] = {}

    @classmethod
    async def connect(cls, address: str, port: int, authorization: str, query: str = "") -> Self:
        """Ask for the stream and read the head of the answer."""
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        headers = f"Host: {address}\r\nAuthorization: {authorization}\r\n"
        async with asyncio.timeout(IDLE_LIMIT_S):
            client = cls(*await asyncio.open_connection(address, port, ssl=tls))
            client._writer.write(f"GET /https/stream/mixed{query} HTTP/1.1\r\n{headers}\r\n".encode())
            client._read_head(await client._reader.readuntil(b"\r\n\r\n"))
        return client

    async def part(self) -> Part:
        """The next part; `EOFError` at the end, `ValueError` when what comes is none."""
        async with asyncio.timeout(IDLE_LIMIT_S):
            if not (await self._line()).startswith(b"--data-boundary--"):
                raise ValueError("no boundary where one must be")
            headers = {}
            while line := await self._line():
                name, _, value = line.decode().partition(": ")
                headers[name] = value
            body = await self._exactly(int(headers["Content-Length"]))
            await self._line()
        stamp = headers.get("X-Timestamp")
        return Part(headers["Content-Type"], None if stamp is None else float(stamp), body)

    async def videos(self, count: int) -> list[Part]:
        """The next access units; sound is left out."""
        parts: list[Part] = []
        while len(parts) < count:
            part = await self.part()
            if part.content_type == "video/x-h264":
                parts.append(part)
        return parts

    def close(self) -> None:
        """Hang up."""
        self._writer.transport.abort()

    def _read_head(self, head: bytes) -> None:
        status, *lines = head.decode().strip().split("\r\n")
        self.status = int(status.split(" ")[1])
        pairs = (line.partition(": ") for line in lines)
        self.headers = {name: value for name, _, value in pairs}

    async def _line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            if len(self._buffer) > LINE_LIMIT:
                raise ValueError("no line where one must be")
            await self._fill()
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    async def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            await self._fill()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    async def _fill(self) -> None:
        """More of the body; whether it is chunked shows in its first two bytes, as headers may lie."""
        if self._chunked is None:
            self._buffer = await self._reader.readexactly(2)
            self._chunked = self._buffer != b"--"
            if self._chunked:
                self._buffer, started = b"", self._buffer
                await self._chunk(started)
        elif self._chunked:
            await self._chunk(b"")
        elif more := await self._reader.read(65_536):
            self._buffer += more
        else:
            raise EOFError("the camera hung up")

    async def _chunk(self, started: bytes) -> None:
        size = int(started + await self._reader.readline(), 16)
        self._buffer += await self._reader.readexactly(size)
        await self._reader.readexactly(2)
