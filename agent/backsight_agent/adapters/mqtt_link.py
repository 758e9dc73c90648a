"""The MQTT side of a paired hub: implements the port CloudLink over a thread that it owns."""

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

from backsight_agent.adapters.keystore import Keystore
from backsight_agent.adapters.mqtt_session import UNACKNOWLEDGED, Session, Terms
from backsight_agent.adapters.mqtt_thread import BrokerThread, Listener
from backsight_agent.ports import CloudUnavailable
from backsight_shared import shapes, topics
from backsight_shared.errors import NeedsAttention
from backsight_shared.wire import HubStatus, Pull

PUBLISH_TIMEOUT_S = 15.0
LEAVE_TIMEOUT_S = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Message:
    """An entitlement that arrived: on which connection, and what to acknowledge it by."""

    number: int
    identity: int
    text: str


class MqttLink:
    """Connected for as long as it is open, over all troubles. Leaving joins the thread."""

    def __init__(self, keystore: Keystore) -> None:
        self._keystore = keystore
        self._hub = keystore.pairing().hub
        self.connected = asyncio.Event()
        self._arrived: asyncio.Queue[_Message] = asyncio.Queue(4 * UNACKNOWLEDGED)
        self._handed: _Message | None = None  # given to `documents`, not yet acknowledged
        self._dropped = False  # more arrived than fit
        self._status: bytes | None = None
        self._publishing: set[asyncio.Future[str | None]] = set()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        say = self._loop.call_soon_threadsafe
        listener = Listener(
            connected=lambda: say(self._on_connected),
            lost=lambda: say(self._on_lost),
            message=lambda number, identity, payload: say(self._on_message, number, identity, payload),
        )
        self._thread = BrokerThread(self._terms, listener)
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not await asyncio.to_thread(self._thread.stop, LEAVE_TIMEOUT_S):
            log.warning("the connection to the broker did not end within %.0f s", LEAVE_TIMEOUT_S)

    async def documents(self) -> AsyncIterator[str]:
        """Signed entitlements as they arrive. Each is acknowledged when the next is asked for.

        One that was handed over to a reader that failed is handed over again.
        """
        while True:
            if self._handed is None:
                self._fetch_what_was_dropped()
                self._handed = await self._arrived.get()
            yield self._handed.text
            self._acknowledge(self._handed)
            self._handed = None

    async def pull(self, have_serial: int) -> None:
        """Ask for a fresh document. Raises CloudUnavailable."""
        await self._publish(topics.pull(self._hub), _json(Pull(have_serial)), retain=False)

    async def publish_status(self, payload: bytes) -> None:
        """Say how the hub is. Said again at each connection: the broker may have published our will."""
        self._status = payload
        await self._publish(topics.status(self._hub), payload, retain=True)

    def reconnect(self) -> None:
        """Connect anew, with the certificate that is in the keystore now."""
        self._thread.reconnect()

    async def _publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        if not self.connected.is_set():
            raise CloudUnavailable("the cloud's broker is not connected")
        done: asyncio.Future[str | None] = self._loop.create_future()
        self._publishing.add(done)
        self._order_publish(topic, payload, done, retain=retain)
        try:
            async with asyncio.timeout(PUBLISH_TIMEOUT_S):
                problem = await done
        except TimeoutError as error:
            raise CloudUnavailable("the cloud's broker does not answer in time") from error
        finally:
            self._publishing.discard(done)
        if problem:
            raise CloudUnavailable(problem)

    def _order_publish(
        self, topic: str, payload: bytes, done: asyncio.Future[str | None], *, retain: bool
    ) -> None:
        def settled(problem: str | None) -> None:  # in the thread
            self._loop.call_soon_threadsafe(_settle, done, problem)

        self._thread.order(lambda session: session.publish(topic, payload, settled, retain=retain))

    def _acknowledge(self, message: _Message) -> None:
        """On the connection that it came by; on another the broker sends it again by itself."""
        self._thread.order(partial(Session.acknowledge, identity=message.identity), message.number)

    def _on_connected(self) -> None:
        self.connected.set()
        if self._status is not None:
            forgotten: asyncio.Future[str | None] = self._loop.create_future()
            self._order_publish(topics.status(self._hub), self._status, forgotten, retain=True)

    def _fetch_what_was_dropped(self) -> None:
        """On a new connection the broker sends everything again that was not acknowledged."""
        if self._dropped and self._arrived.empty():
            self._dropped = False
            self._thread.reconnect()

    def _on_lost(self) -> None:
        """What was not acknowledged comes again on the next connection."""
        self.connected.clear()
        while not self._arrived.empty():
            self._arrived.get_nowait()
        for done in self._publishing:
            _settle(done, "the connection to the cloud's broker was lost")

    def _on_message(self, number: int, identity: int, payload: bytes) -> None:
        message = _Message(number, identity, payload.decode("utf-8", "replace"))
        if not message.text:
            self._acknowledge(message)  # a retained document that was taken away says nothing
        elif self._arrived.full():
            self._dropped = True  # mosquitto 2.0.11 sends more ahead than we asked it to, once we acknowledge
        else:
            self._arrived.put_nowait(message)

    def _terms(self) -> Terms:
        """In the thread, before each connection. Raises OSError."""
        try:
            paired = self._keystore.pairing()
            context = ssl.create_default_context(cafile=str(self._keystore.ca_file))
            context.load_cert_chain(self._keystore.certificate_file, self._keystore.key_file)
        except NeedsAttention as error:
            raise OSError(str(error)) from error
        return Terms(
            host=paired.broker_host,
            port=paired.broker_port,
            client_id=paired.hub,
            context=context,
            topic=topics.entitlement(paired.hub),
            will_topic=topics.status(paired.hub),
            will=_json(HubStatus(online=False)),
        )


def _json(message: object) -> bytes:
    return json.dumps(shapes.write(message)).encode()


def _settle(done: asyncio.Future[str | None], problem: str | None) -> None:
    if not done.done():
        done.set_result(problem)
