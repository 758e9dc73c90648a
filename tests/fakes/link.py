"""The MQTT side of a hub and its vault, in memory."""

import asyncio
from collections.abc import AsyncIterator

from backsight_agent.ports import CloudUnavailable


class FakeLink:
    """Implements the port CloudLink: a message is acknowledged when the next one is asked for."""

    def __init__(self) -> None:
        self.connected = asyncio.Event()
        self.pulls: list[int] = []
        self.statuses: list[bytes] = []
        self.acknowledged: list[str] = []
        self.reconnections = 0
        self._arrived: asyncio.Queue[str] = asyncio.Queue()
        self._handed: str | None = None

    def deliver(self, document: str) -> None:
        self._arrived.put_nowait(document)

    async def documents(self) -> AsyncIterator[str]:
        while True:
            if self._handed is None:
                self._handed = await self._arrived.get()
            yield self._handed
            self.acknowledged.append(self._handed)
            self._handed = None

    async def pull(self, have_serial: int) -> None:
        self._refuse_when_away()
        self.pulls.append(have_serial)

    async def publish_status(self, payload: bytes) -> None:
        self._refuse_when_away()
        self.statuses.append(payload)

    def reconnect(self) -> None:
        self.reconnections += 1

    def _refuse_when_away(self) -> None:
        if not self.connected.is_set():
            raise CloudUnavailable("the broker is not connected")


class FakeVault:
    """Implements the port Vault."""

    def __init__(self, document: str | None = None) -> None:
        self.document = document
        self.fails_with: Exception | None = None

    async def load_document(self) -> str | None:
        if self.fails_with is not None:
            raise self.fails_with
        return self.document

    async def save_document(self, document: str) -> None:
        if self.fails_with is not None:
            raise self.fails_with
        self.document = document
