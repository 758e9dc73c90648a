"""A broker in memory that retains what it is given, and can lose all of it."""

import asyncio
from collections.abc import AsyncIterator

from backsight_cloud.ports import BrokerUnavailable, HubMessage


class FakeBroker:
    """Implements the port `Broker`."""

    def __init__(self) -> None:
        self.connected = asyncio.Event()
        self.reconnected = asyncio.Event()
        self.retained: dict[str, str] = {}
        self.published: list[str] = []
        self.refuses = False
        self._messages: asyncio.Queue[HubMessage] = asyncio.Queue()

    def connect(self) -> None:
        self.connected.set()
        self.reconnected.set()

    def lose_everything(self) -> None:
        """As a broker that was killed and started again."""
        self.retained.clear()
        self.connect()

    def say(self, hub: str, kind: str, payload: bytes) -> None:
        self._messages.put_nowait(HubMessage(hub, kind, payload))

    async def publish_entitlement(self, hub: str, document: str) -> None:
        if self.refuses or not self.connected.is_set():
            raise BrokerUnavailable("the broker is not connected")
        self.retained[hub] = document
        self.published.append(hub)

    async def forget(self, hub: str) -> None:
        self.retained.pop(hub, None)

    async def messages(self) -> AsyncIterator[HubMessage]:
        while True:
            yield await self._messages.get()
