"""A real mosquitto with real certificates, as the service runs it, and hubs that connect to it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from aiomqtt import Client, Message, ProtocolVersion

from backsight_cloud.adapters.authority import Authority, KeyPair, open_authority
from backsight_cloud.adapters.broker import MqttBroker
from backsight_cloud.adapters.kept_ports import kept
from backsight_cloud.adapters.mosquitto import Mosquitto
from backsight_cloud.adapters.mosquitto_config import BrokerPlace
from backsight_cloud.adapters.mqtt_client import BrokerDoor
from backsight_cloud.adapters.revocations import BrokerRevocations
from backsight_cloud.adapters.server_certificate import ServerCertificate
from backsight_shared.clock import SystemClock
from backsight_shared.settings import Listen
from backsight_shared.supervision import supervise

DEADLINE_S = 10.0
REFUSED_S = 1.5  # seconds; who is refused by TLS 1.3 is told nothing that the client library notices


class MosquittoStage:
    """The broker's side as app.py puts it together."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = SystemClock()
        (folder / "secrets").mkdir(exist_ok=True)
        self.authority: Authority = open_authority(folder / "secrets", self.clock.now_ms())
        self.tls = ServerCertificate(folder / "tls", (), self.authority, self.clock)
        self.port = kept(folder / "ports.json", "broker", Listen("127.0.0.1", 0)).port
        place = BrokerPlace(folder / "broker", "127.0.0.1", self.port, self.tls)
        self.mosquitto = Mosquitto(place, self.authority, self.clock)
        self.mosquitto.prepare([])
        self.door = BrokerDoor("127.0.0.1", self.port, folder / "broker", self.authority, self.clock)
        self.broker = MqttBroker(self.door, self.clock)
        self.revocations = BrokerRevocations(self.mosquitto, self.door, [])

    @property
    def pid(self) -> int:
        process = self.mosquitto._process
        assert process is not None
        return process.pid

    def issue(self, hub: str) -> KeyPair:
        return self.authority.make_client(hub, self.clock.now_ms())

    def client(self, pair: KeyPair | None, name: str, clean: bool = True) -> Client:
        """A hub's client; with another name than the certificate's it is a forged one."""
        context = ssl.create_default_context(cadata=self.authority.ca_pem)
        if pair is not None:
            certificate, key = self.folder / f"{name}.crt", self.folder / f"{name}.key"
            certificate.write_bytes(pair.certificate_pem)
            key.write_bytes(pair.key_pem)
            context.load_cert_chain(certificate, key)
        return Client(
            "127.0.0.1",
            self.port,
            identifier=name,
            protocol=ProtocolVersion.V5,
            clean_start=clean,
            tls_context=context,
            timeout=REFUSED_S,
        )


@asynccontextmanager
async def running_mosquitto(folder: Path) -> AsyncIterator[MosquittoStage]:
    """Started, connected, and ended with the block."""
    stage = MosquittoStage(folder)
    async with asyncio.TaskGroup() as tree, AsyncExitStack() as ending:
        for name, run in {"mosquitto": stage.mosquitto.run, "broker": stage.broker.run}.items():
            task = tree.create_task(supervise(name, run, stage.clock, lambda *_: None))
            ending.callback(task.cancel)
        await asyncio.wait_for(stage.broker.connected.wait(), DEADLINE_S)
        yield stage


async def next_message(client: Client) -> Message:
    """The next message, within the deadline."""
    async with asyncio.timeout(DEADLINE_S):
        return await anext(aiter(client.messages))


def payload(message: Message) -> str:
    assert isinstance(message.payload, bytes)
    return message.payload.decode()
