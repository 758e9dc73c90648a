"""The service's connection to the MQTT broker; it connects again by itself for as long as it runs."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator

from aiomqtt import Client, Message, MqttError

from backsight_cloud.adapters.mosquitto_config import SERVICE
from backsight_cloud.adapters.mqtt_client import BrokerDoor
from backsight_cloud.ports import BrokerUnavailable, HubMessage
from backsight_shared import topics
from backsight_shared.clock import Clock

FIRST_WAIT_S = 0.1  # seconds before connecting again, doubled with each failure
LONGEST_WAIT_S = 5.0
PUBLISHING_AT_ONCE = 20  # the client is quickest with so many on their way

_KINDS = ("pull", "status")
_RETAINED = (topics.entitlement, topics.status)

log = logging.getLogger(__name__)


class MqttBroker:
    """Implements the port `Broker`; `run` keeps it connected."""

    def __init__(self, door: BrokerDoor, clock: Clock) -> None:
        self._door = door
        self._clock = clock
        self._client: Client | None = None
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()  # this connection ended
        self._connected = asyncio.Event()
        self._reconnected = asyncio.Event()
        self._publishing = asyncio.Semaphore(PUBLISHING_AT_ONCE)
        self._heard: dict[tuple[str, str], bytes] = {}  # only the newest of each hub and kind matters
        self._anything_heard = asyncio.Event()

    @property
    def connected(self) -> asyncio.Event:
        return self._connected

    @property
    def reconnected(self) -> asyncio.Event:
        return self._reconnected

    async def run(self) -> None:
        """Be connected until cancelled."""
        failures = 0
        while True:
            try:
                async with self._door.client(SERVICE) as client:
                    await self._subscribe(client)
                    failures = 0
                    await self._listen(client)
            except MqttError as error:
                failures += 1
                if failures == 1:
                    log.warning("no connection to the broker: %s", error)
            finally:
                self._forget_connection()
            await self._clock.sleep(_wait_after(failures))

    async def publish_entitlement(self, hub: str, document: str) -> None:
        await self._publish(topics.entitlement(hub), document.encode())

    async def forget(self, hub: str) -> None:
        for topic in _RETAINED:
            await self._publish(topic(hub), b"")

    async def messages(self) -> AsyncIterator[HubMessage]:
        while True:
            await self._anything_heard.wait()
            self._anything_heard.clear()
            while self._heard:
                hub, kind = next(iter(self._heard))
                yield HubMessage(hub, kind, self._heard.pop((hub, kind)))

    async def _subscribe(self, client: Client) -> None:
        for kind in _KINDS:
            await client.subscribe(f"{topics.ROOT}/+/{kind}", qos=1)

    async def _listen(self, client: Client) -> None:
        log.info("connected to the broker")
        self._client, self._gone = client, asyncio.get_running_loop().create_future()
        self._connected.set()
        self._reconnected.set()
        async for message in client.messages:
            self._hear(message)

    def _forget_connection(self) -> None:
        self._client = None
        self._connected.clear()
        if not self._gone.done():
            self._gone.set_result(None)

    def _hear(self, message: Message) -> None:
        topic, payload = str(message.topic), message.payload
        hub, kind = topics.hub_of(topic), topic.rpartition("/")[2]
        if hub is None or kind not in _KINDS or not isinstance(payload, bytes):
            return
        self._heard[hub, kind] = payload
        self._anything_heard.set()

    async def _publish(self, topic: str, payload: bytes) -> None:
        async with self._publishing:
            if self._client is None:
                raise BrokerUnavailable("the broker is not connected")
            publishing = asyncio.ensure_future(self._client.publish(topic, payload, qos=1, retain=True))
            try:
                await asyncio.wait((publishing, self._gone), return_when=asyncio.FIRST_COMPLETED)
                if not publishing.done():
                    raise BrokerUnavailable("the broker ended while it was given a message")
                publishing.result()
            except MqttError as error:
                raise BrokerUnavailable(f"the broker did not take a message: {error}") from error
            finally:
                publishing.cancel()


def _wait_after(failures: int) -> float:
    """Seconds; short, for the broker is ours and is started again by us."""
    return min(FIRST_WAIT_S * 2.0 ** min(failures, 10), LONGEST_WAIT_S) * random.uniform(0.5, 1.0)
