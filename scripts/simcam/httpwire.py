"""Reads requests of the HTTP kind (RTSP has the same shape) from a socket, and builds answers."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

IDLE_LIMIT_S = 120  # how long a kept connection may say nothing
BODY_LIMIT = 1_000_000  # bytes


class Request(NamedTuple):
    """One request; header names are lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The target without its query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The query, the first value of each name."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}


async def read_request(reader: asyncio.StreamReader, first: bytes = b"") -> Request | None:
    """The next request, or None when the client has gone; `first` are bytes of it read before."""
    async with asyncio.timeout(IDLE_LIMIT_S):
        try:
            head = first + await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        start, *lines = head.decode("latin-1").strip().split("\r\n")
        method, target, _ = start.split(" ", 2)
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        length = int(headers.get("content-length", "0"))
        if length > BODY_LIMIT:
            raise ValueError(f"a body of {length} bytes is too long")
        return Request(method, target, headers, await reader.readexactly(length))


def answer(status: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """An HTTP/1.1 answer; `status` is code and reason."""
    named = {"Content-Length": str(len(body)), **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body
