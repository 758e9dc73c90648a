"""A listening TCP port that can be shut, opened elsewhere, and whose visitors can be thrown out."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress

from simcam.crew import Crew

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
GONE = (OSError, EOFError, asyncio.LimitOverrunError, ValueError)  # left, timed out, or talked nonsense


class Door:
    """One port of a camera, with one handler for each visitor."""

    def __init__(
        self, name: str, port: int, handler: Handler, crew: Crew, tls: ssl.SSLContext | None = None
    ) -> None:
        self.name = name
        self.port = port
        self._handler = handler
        self._crew = crew
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._visitors: set[asyncio.StreamWriter] = set()

    async def open(self, address: str) -> None:
        """Listen; opening an open door does nothing."""
        if self._server is None:
            self._server = await asyncio.start_server(self._welcome, address, self.port, ssl=self._tls)

    def shut(self) -> None:
        """Stop listening and throw everybody out: the next one is refused."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.throw_out()

    def throw_out(self) -> None:
        """Cut the connections of this moment."""
        for writer in list(self._visitors):
            writer.transport.abort()

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None:  # shut while the TLS handshake was under way
            writer.transport.abort()
            return
        self._crew.start(f"visit:{self.name}", self._visit(reader, writer))

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A visitor who leaves, or talks nonsense, ends only the own visit."""
        self._visitors.add(writer)
        try:
            with suppress(*GONE):
                await self._handler(reader, writer)
        finally:
            self._visitors.discard(writer)
            writer.close()
