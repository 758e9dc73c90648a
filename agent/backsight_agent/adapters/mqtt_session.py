"""One connection to the broker, from TLS handshake to its end. All of it in one thread, blocking."""

import select
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, LogLevel, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

KEEP_ALIVE_S = 30
CONNECT_TIMEOUT_S = 10.0  # for TCP, for TLS, and then for the broker's welcome
SESSION_EXPIRY_S = 86_400  # the broker keeps what we did not acknowledge for a day
UNACKNOWLEDGED = 16  # messages that the broker may send ahead of our acknowledging them
LARGEST_MESSAGE = 1024 * 1024  # bytes; an entitlement of a thousand cameras is about 200 kB

_TICK_MS = 1000
_DISCONNECT_WITH_WILL = 4  # MQTT v5, 3.14.2.1: the broker publishes our will, as if we had vanished

Done = Callable[[str | None], None]  # called with what went wrong, or None


class ConnectionEnded(OSError):
    """The broker refused or ended the connection."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Where to connect, as whom, and what for."""

    host: str
    port: int
    client_id: str
    context: ssl.SSLContext
    topic: str  # what we listen to
    will_topic: str
    will: bytes


@dataclass(frozen=True, slots=True)
class Hears:
    """Who is told what happens, in this thread."""

    connected: Callable[[], object]  # welcomed and subscribed
    message: Callable[[int, bytes], object]  # (identity for acknowledging, payload)


class Session:
    """A connection; `run` returns after `leave`, and raises ConnectionEnded or OSError otherwise."""

    def __init__(self, terms: Terms, hears: Hears, wake: socket.socket, woken: Callable[[], None]) -> None:
        self.welcomed = False
        self._terms = terms
        self._hears = hears
        self._wake = wake
        self._woken = woken
        self._leaving = False
        self._said = ""  # the last trouble that paho spoke of
        self._publishing: dict[int, Done] = {}
        self._client = self._new_client()

    def run(self) -> None:
        """Connect, and serve the connection until it ends."""
        connecting = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        connecting.SessionExpiryInterval = SESSION_EXPIRY_S
        connecting.ReceiveMaximum = UNACKNOWLEDGED
        connecting.MaximumPacketSize = LARGEST_MESSAGE
        self._client.connect(
            self._terms.host, self._terms.port, KEEP_ALIVE_S, clean_start=False, properties=connecting
        )
        deadline = time.monotonic() + CONNECT_TIMEOUT_S
        while self._serve():
            if not self.welcomed and time.monotonic() > deadline:
                raise ConnectionEnded("the broker does not answer in time")
        if not self._leaving:
            raise ConnectionEnded(self._said or "the broker ended the connection")

    def leave(self, *, with_will: bool) -> None:
        """End the connection, with our will published or not."""
        self._leaving = True
        reason = ReasonCode(PacketTypes.DISCONNECT, identifier=_DISCONNECT_WITH_WILL if with_will else 0)
        self._client.disconnect(reasoncode=reason)

    def acknowledge(self, identity: int) -> None:
        self._client.ack(identity, 1)

    def publish(self, topic: str, payload: bytes, done: Done, *, retain: bool) -> None:
        """Publish with QoS 1; `done` hears when the broker has it, or why not."""
        sent = self._client.publish(topic, payload, qos=1, retain=retain)
        if sent.rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._publishing[sent.mid] = done
        else:
            done("the broker is not connected")

    def _new_client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._terms.client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.tls_set_context(self._terms.context)
        client.will_set(self._terms.will_topic, self._terms.will, qos=1, retain=True)
        client.on_connect, client.on_subscribe = self._on_connect, self._on_subscribe
        client.on_message, client.on_publish = self._on_message, self._on_publish
        client.on_disconnect, client.on_log = self._on_disconnect, self._on_log
        return client

    def _serve(self) -> bool:
        """Wait for something to do and do it; False when the connection has ended."""
        connection: Any = self._client.socket()  # paho's own type does not say that it is an SSLSocket
        if connection is None:
            return False
        ready = self._ready(connection)
        if ready.get(connection.fileno(), 0) & ~select.POLLOUT and self._client.loop_read():
            return False
        if self._wake.fileno() in ready:
            self._woken()
        if self._client.want_write() and self._client.loop_write():
            return False
        return not self._client.loop_misc() and self._client.socket() is not None

    def _ready(self, connection: Any) -> dict[int, int]:
        """Which of the sockets have something for us. TLS may hold bytes that the kernel knows nothing of."""
        poll = select.poll()
        wants = select.POLLIN | (select.POLLOUT if self._client.want_write() else 0)
        poll.register(connection, wants)
        poll.register(self._wake, select.POLLIN)
        held = connection.pending() > 0
        ready = dict(poll.poll(0 if held else _TICK_MS))
        if held:
            ready[connection.fileno()] = ready.get(connection.fileno(), 0) | select.POLLIN
        return ready

    def _on_connect(
        self, client: Client, _data: Any, _flags: ConnectFlags, reason: ReasonCode, _properties: Any
    ) -> None:
        if reason.is_failure:
            self._said = f"the broker refused this hub ({reason})"
        else:
            client.subscribe(self._terms.topic, options=SubscribeOptions(qos=1))

    def _on_subscribe(
        self, client: Client, _data: Any, _mid: int, reasons: list[ReasonCode], _properties: Any
    ) -> None:
        refused = next((reason for reason in reasons if reason.is_failure), None)
        if refused is not None:
            self._said = f"the broker does not let this hub listen ({refused})"
            client.disconnect()
        else:
            self.welcomed = True
            self._hears.connected()

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self._hears.message(message.mid, bytes(message.payload))

    def _on_publish(
        self, _client: Client, _data: Any, mid: int, reason: ReasonCode, _properties: Any
    ) -> None:
        done = self._publishing.pop(mid, None)
        if done is not None:
            done(f"the broker refused a message ({reason})" if reason.is_failure else None)

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        if reason.is_failure and not self._said:
            self._said = f"the broker ended the connection ({reason})"

    def _on_log(self, _client: Client, _data: Any, level: int, text: str) -> None:
        if level == LogLevel.MQTT_LOG_ERR:
            self._said = f"the connection to the broker failed ({text})"
