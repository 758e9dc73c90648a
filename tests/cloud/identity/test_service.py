"""The whole service, as owners start it: hubs are paired, entitled and shut out, whatever is killed."""

import asyncio
import json
import os
import shutil
import signal
import ssl
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiomqtt import Client, MqttError, ProtocolVersion

from backsight_shared import shapes, topics
from backsight_shared.entitlement import Entitlement, from_claims
from backsight_shared.signing import verify_entitlement
from backsight_shared.wire import CameraReport, CamerasReport, HubStatus, Pairing, PairRequest
from fakes.hub_keys import HubKey
from fakes.mosquitto_stage import REFUSED_S, next_message, payload

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

DEADLINE_S = 20.0
DOOR = "74fece010203"
TOML = """state = "state"
[http]
listen = "127.0.0.1:0"
[https]
listen = "127.0.0.1:0"
[broker]
listen = "127.0.0.1:0"
[plans.free]
windows = { EC60 = "20s" }
[plans.plus]
window = "60s"
"""


@dataclass
class Service:
    """A running `backsight-cloud serve`, and its command line."""

    folder: Path
    process: asyncio.subprocess.Process
    said: dict[str, Any]

    async def command(self, *words: str, stdin: str = "") -> Any:
        return await command(self.folder, *words, stdin=stdin)

    def broker_pid(self) -> int:
        return int((self.folder / "state/broker/mosquitto.pid").read_text())


async def command(folder: Path, *words: str, stdin: str = "") -> Any:
    """What the command answers, as JSON; fails with what it complains of."""
    process = await start(folder, "--json", *words)
    out, err = await asyncio.wait_for(process.communicate(stdin.encode()), DEADLINE_S)
    assert process.returncode == 0, err.decode()
    return json.loads(out)


async def start(folder: Path, *words: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "backsight_cloud", *words, cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe
    )


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Service]:
    """Started until it says where it is; ended by SIGTERM, and with code 0, unless the test killed it."""
    process = await start(folder, "serve", "--json", "--log-level", "error")
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), DEADLINE_S)
    try:
        if not line:
            raise AssertionError((await process.communicate())[1].decode())
        yield Service(folder, process, json.loads(line))
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        _, err = await asyncio.wait_for(process.communicate(), DEADLINE_S)
    assert process.returncode in (0, -signal.SIGKILL), err.decode()
    assert "Traceback" not in err.decode()


class PairedHub:
    """A hub that has its certificate and keeps files as the agent does."""

    def __init__(self, folder: Path, service: Service, pairing: Pairing, key: HubKey) -> None:
        self.pairing = pairing
        self.key = key
        self._url = service.said["https"]
        self._context = ssl.create_default_context(cafile=service.said["ca"])
        (folder / "hub.crt").write_text(pairing.certificate_pem)
        (folder / "hub.key").write_bytes(key.private_pem)
        self._mqtt = ssl.create_default_context(cadata=pairing.ca_pem)
        self._mqtt.load_cert_chain(folder / "hub.crt", folder / "hub.key")

    def client(self) -> Client:
        return Client(
            self.pairing.broker_host,
            self.pairing.broker_port,
            identifier=self.pairing.hub,
            protocol=ProtocolVersion.V5,
            tls_context=self._mqtt,
            timeout=REFUSED_S,
        )

    async def report(self) -> int:
        """Tell of one camera; the answer's status."""
        report = CamerasReport((CameraReport(DOOR, "Door", "EC60"),))
        token = self.key.token(self.pairing.hub, self.pairing.cloud, time.time_ns() // 1_000_000)
        connector = aiohttp.TCPConnector(ssl=self._context)
        async with aiohttp.ClientSession(connector=connector) as session:
            headers = {"Authorization": f"Bearer {token}"}
            url = f"{self._url}/v1/hub/cameras"
            async with session.put(url, json=shapes.write(report), headers=headers) as answer:
                return answer.status

    def read(self, document: str) -> Entitlement:
        return from_claims(verify_entitlement(document, self.pairing.entitlement_keys))

    async def document_with(self, client: Client, window_s: int) -> Entitlement:
        """The first document in which the camera has this window."""
        while True:
            document = self.read(payload(await next_message(client)))
            camera = document.cameras.get(DOOR)
            if camera and camera.windows[-1].window_ms == window_s * 1000:
                return document


async def pair(folder: Path, service: Service) -> PairedHub:
    """An account, a code, and a hub that uses it over HTTPS."""
    await service.command("account", "add", "ann@example.org", stdin="correct horse\n")
    code, key = await service.command("code", "ann@example.org"), HubKey()
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=code["ca"]))
    asked = shapes.write(PairRequest(code["code"], key.csr(), "Attic", "1.0"))
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.post(f"{code['url']}/v1/hub/pair", json=asked) as answer,
    ):
        assert answer.status == 201, await answer.text()
        return PairedHub(folder, service, shapes.read(Pairing, await answer.json()), key)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    (tmp_path / "cloud.toml").write_text(TOML)
    async with serving(tmp_path) as service:
        yield service


async def test_a_plan_change_by_command_reaches_the_connected_hub(service: Service, tmp_path: Path) -> None:
    hub = await pair(tmp_path, service)
    async with hub.client() as client:
        await client.subscribe(topics.entitlement(hub.pairing.hub), qos=1)
        assert await hub.report() == 200
        first = await hub.document_with(client, window_s=20)
        await service.command("plan", "set", "74:FE:CE:01:02:03", "plus")
        second = await hub.document_with(client, window_s=60)
    assert second.serial > first.serial
    assert second.cameras[DOOR].plan == "plus"


async def test_a_killed_broker_comes_back_with_what_it_retained(service: Service, tmp_path: Path) -> None:
    hub = await pair(tmp_path, service)
    await hub.report()
    async with hub.client() as client:
        await client.subscribe(topics.entitlement(hub.pairing.hub), qos=1)
        before = await hub.document_with(client, window_s=20)
    shutil.rmtree(tmp_path / "state/broker/data")
    os.kill(service.broker_pid(), signal.SIGKILL)
    async with await connected_again(hub) as client:
        await client.subscribe(topics.entitlement(hub.pairing.hub), qos=1)
        assert (await hub.document_with(client, window_s=20)).serial > before.serial


async def connected_again(hub: PairedHub) -> Client:
    """A client whose broker has come back; not yet entered."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            try:
                async with hub.client():
                    return hub.client()
            except MqttError:
                await asyncio.sleep(0.05)


async def test_an_unpaired_hub_is_shut_out_everywhere(service: Service, tmp_path: Path) -> None:
    hub = await pair(tmp_path, service)
    with pytest.raises(MqttError):
        await live_until_unpaired(hub, service)
    assert await hub.report() == 401
    with pytest.raises(MqttError):
        await enter(hub.client())
    (listed,) = await service.command("hub", "list")
    assert listed["unpaired_ms"]


async def live_until_unpaired(hub: PairedHub, service: Service) -> None:
    async with hub.client() as client:
        await client.subscribe(topics.entitlement(hub.pairing.hub), qos=1)
        await hub.report()
        await hub.document_with(client, window_s=20)
        await service.command("hub", "unpair", "Attic")
        while True:
            await next_message(client)


async def enter(client: Client) -> None:
    async with client:
        pass


async def test_an_unpaired_hub_stays_out_after_a_restart(tmp_path: Path) -> None:
    (tmp_path / "cloud.toml").write_text(TOML)
    async with serving(tmp_path) as service:
        hub = await pair(tmp_path, service)
    await command(tmp_path, "hub", "unpair", hub.pairing.hub)
    async with serving(tmp_path):
        with pytest.raises(MqttError):
            await enter(hub.client())


async def test_after_kill_9_the_hub_finds_the_service_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "cloud.toml").write_text(TOML)
    async with serving(tmp_path) as service:
        hub = await pair(tmp_path, service)
        broker = service.broker_pid()
        service.process.kill()
        await service.process.wait()
        said = service.said
    async with serving(tmp_path) as service:
        assert {name: service.said[name] for name in ("http", "https", "broker")} == {
            name: said[name] for name in ("http", "https", "broker")
        }
        assert service.broker_pid() != broker
        assert await hub.report() == 200
        async with hub.client() as client:
            await client.subscribe(topics.entitlement(hub.pairing.hub), qos=1)
            assert (await hub.document_with(client, window_s=20)).hub == hub.pairing.hub


async def test_a_hubs_status_is_listed(service: Service, tmp_path: Path) -> None:
    hub = await pair(tmp_path, service)
    status = json.dumps(shapes.write(HubStatus(online=True, version="9.9", serial=4)))
    async with hub.client() as client:
        await client.publish(topics.status(hub.pairing.hub), status, qos=1, retain=True)
        async with asyncio.timeout(DEADLINE_S):
            while not (listed := (await service.command("hub", "list"))[0])["online"]:
                await asyncio.sleep(0.05)
    assert (listed["name"], listed["version"], listed["holds_serial"]) == ("Attic", "9.9", 4)


async def test_nothing_is_left_when_it_ends(tmp_path: Path) -> None:
    (tmp_path / "cloud.toml").write_text(TOML)
    async with serving(tmp_path) as service:
        broker = service.broker_pid()
    assert not (tmp_path / "state/running.json").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(broker, 0)


async def test_a_second_service_on_the_same_folder_is_refused(service: Service, tmp_path: Path) -> None:
    second = await start(tmp_path, "serve")
    _, err = await asyncio.wait_for(second.communicate(), DEADLINE_S)
    assert second.returncode == 1
    assert err.decode() == f"backsight-cloud: another backsight-cloud works on {tmp_path / 'state'} already\n"


async def test_what_is_kept_is_for_us_only(service: Service, tmp_path: Path) -> None:
    open_to_others = [path for path in (tmp_path / "state").rglob("*") if path.lstat().st_mode & 0o077]
    assert open_to_others == []


async def test_an_address_in_use_is_named(service: Service, tmp_path: Path) -> None:
    taken = service.said["http"].rpartition(":")[2]
    other = tmp_path / "other"
    other.mkdir()
    (other / "cloud.toml").write_text(TOML.replace("127.0.0.1:0", f"127.0.0.1:{taken}", 1))
    process = await start(other, "serve")
    _, err = await asyncio.wait_for(process.communicate(), DEADLINE_S)
    assert process.returncode == 1
    assert f"backsight-cloud: cannot listen on 127.0.0.1:{taken}: Address already in use" in err.decode()
    assert "Traceback" not in err.decode()
