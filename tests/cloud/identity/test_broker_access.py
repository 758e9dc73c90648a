"""At the real broker a hub reads and writes below its own folder, and an unpaired one nothing at all."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiomqtt import Client, MqttError
from cryptography import x509

from backsight_cloud.adapters import mosquitto
from backsight_cloud.adapters.authority import KeyPair, open_authority
from backsight_cloud.adapters.mosquitto import BrokerNotInstalled
from backsight_cloud.ports import BrokerUnavailable, HubMessage
from backsight_shared import topics
from fakes.mosquitto_stage import DEADLINE_S, MosquittoStage, next_message, payload, running_mosquitto

pytestmark = pytest.mark.slow

ANN, BOB = "h00000000000000aa", "h00000000000000bb"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[MosquittoStage]:
    async with running_mosquitto(tmp_path) as stage:
        yield stage


async def heard(stage: MosquittoStage) -> HubMessage:
    async with asyncio.timeout(DEADLINE_S):
        return await anext(aiter(stage.broker.messages()))


async def test_a_hub_reads_its_entitlement_also_when_it_connects_later(stage: MosquittoStage) -> None:
    await stage.broker.publish_entitlement(ANN, "for ann")
    async with stage.client(stage.issue(ANN), ANN) as hub:
        await hub.subscribe(topics.entitlement(ANN), qos=1)
        message = await next_message(hub)
    assert (payload(message), bool(message.retain)) == ("for ann", True)


@pytest.mark.parametrize(
    "wish", [topics.entitlement(BOB), f"{topics.ROOT}/+/entitlement", "#", f"{topics.ROOT}/#"]
)
async def test_a_hub_never_reads_anothers(stage: MosquittoStage, wish: str) -> None:
    await stage.broker.publish_entitlement(BOB, "for bob")
    async with stage.client(stage.issue(ANN), ANN) as hub:
        await hub.subscribe(wish, qos=1)
        await hub.subscribe(topics.entitlement(ANN), qos=1)
        await stage.broker.publish_entitlement(BOB, "for bob again")
        await stage.broker.publish_entitlement(ANN, "for ann")
        assert payload(await next_message(hub)) == "for ann"


@pytest.mark.parametrize("kind", ["pull", "status"])
async def test_a_hub_is_heard_below_its_own_folder(stage: MosquittoStage, kind: str) -> None:
    async with stage.client(stage.issue(ANN), ANN) as hub:
        await hub.publish(f"{topics.ROOT}/{ANN}/{kind}", b"hello", qos=1)
        assert await heard(stage) == HubMessage(ANN, kind, b"hello")


@pytest.mark.parametrize(
    "topic", [topics.status(BOB), topics.pull(BOB), "status", f"{topics.ROOT}/{ANN}/x/status"]
)
async def test_a_hub_is_not_heard_anywhere_else(stage: MosquittoStage, topic: str) -> None:
    async with stage.client(stage.issue(ANN), ANN) as hub:
        await hub.publish(topic, b"forged", qos=1)
        await hub.publish(topics.status(ANN), b"honest", qos=1)
        assert await heard(stage) == HubMessage(ANN, "status", b"honest")


async def test_a_hub_cannot_write_an_entitlement_not_even_its_own(stage: MosquittoStage) -> None:
    await stage.broker.publish_entitlement(ANN, "from the cloud")
    async with stage.client(stage.issue(ANN), ANN) as hub:
        await hub.publish(topics.entitlement(ANN), b"forged", qos=1, retain=True)
        await hub.subscribe(topics.entitlement(ANN), qos=1)
        assert payload(await next_message(hub)) == "from the cloud"


async def test_claiming_anothers_client_id_does_not_take_its_session_over(stage: MosquittoStage) -> None:
    async with stage.client(stage.issue(BOB), BOB) as bob:
        await bob.subscribe(topics.entitlement(BOB), qos=1)
        async with stage.client(stage.issue(ANN), BOB) as forged:
            await forged.subscribe(topics.entitlement(BOB), qos=1)
            await stage.broker.publish_entitlement(BOB, "for bob")
            assert payload(await next_message(bob)) == "for bob"
            await forged.subscribe(topics.entitlement(ANN), qos=1)
            await stage.broker.publish_entitlement(ANN, "for ann")
            assert payload(await next_message(forged)) == "for ann"


async def test_nobody_connects_without_a_certificate(stage: MosquittoStage) -> None:
    with pytest.raises(MqttError):
        await connect(stage.client(None, ANN))


async def test_nobody_connects_with_another_authoritys_certificate(
    stage: MosquittoStage, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = open_authority(tmp_path / "other", stage.clock.now_ms())
    with pytest.raises(MqttError):
        await connect(stage.client(other.make_client("service", stage.clock.now_ms()), ANN))


async def test_an_expired_certificate_is_refused(stage: MosquittoStage) -> None:
    old = stage.authority.make_client(ANN, stage.clock.now_ms() - 15 * 86_400_000)
    with pytest.raises(MqttError):
        await connect(stage.client(old, ANN))


async def test_a_revoked_hub_is_dropped_at_once_and_does_not_come_back(stage: MosquittoStage) -> None:
    pair = stage.issue(ANN)
    with pytest.raises(MqttError):
        await live_until_revoked(stage, pair)
    with pytest.raises(MqttError):
        await connect(stage.client(pair, ANN))


async def test_revoking_one_hub_does_not_touch_another(stage: MosquittoStage) -> None:
    async with stage.client(stage.issue(BOB), BOB) as bob:
        await bob.subscribe(topics.entitlement(BOB), qos=1)
        await stage.revocations.revoke(ANN, [serial_of(stage.issue(ANN).certificate_pem)])
        await stage.broker.publish_entitlement(BOB, "for bob")
        assert payload(await next_message(bob)) == "for bob"


async def live_until_revoked(stage: MosquittoStage, pair: KeyPair) -> None:
    async with stage.client(pair, ANN) as ann:
        await ann.subscribe(topics.entitlement(ANN), qos=1)
        await stage.revocations.revoke(ANN, [serial_of(pair.certificate_pem)])
        await stage.broker.publish_entitlement(ANN, "not for ann any more")
        await next_message(ann)


async def connect(client: Client) -> None:
    async with client:
        pass


async def test_what_was_retained_for_a_hub_can_be_forgotten(stage: MosquittoStage) -> None:
    await stage.broker.publish_entitlement(ANN, "old")
    await stage.broker.forget(ANN)
    async with stage.client(stage.issue(ANN), ANN) as hub:
        await hub.subscribe(topics.entitlement(ANN), qos=1)
        await stage.broker.publish_entitlement(ANN, "new")
        assert payload(await next_message(hub)) == "new"


async def test_of_many_statuses_the_newest_counts_and_memory_is_bounded(stage: MosquittoStage) -> None:
    async with stage.client(stage.issue(ANN), ANN) as hub:
        for number in range(200):
            await hub.publish(topics.status(ANN), str(number), qos=1)
        await hub.publish(topics.pull(ANN), b"", qos=1)
        await asyncio.wait_for(pulled(stage), DEADLINE_S)
        assert len(stage.broker._heard) <= 2


async def pulled(stage: MosquittoStage) -> None:
    while (ANN, "pull") not in stage.broker._heard:
        await stage.broker._anything_heard.wait()
        stage.broker._anything_heard.clear()


async def test_a_killed_broker_is_started_again_and_the_service_is_told(stage: MosquittoStage) -> None:
    stage.broker.reconnected.clear()
    first = stage.pid
    os.kill(first, signal.SIGKILL)
    await asyncio.wait_for(stage.broker.reconnected.wait(), DEADLINE_S)
    assert stage.pid != first


async def test_publishing_without_a_broker_fails_and_does_not_hang(stage: MosquittoStage) -> None:
    os.kill(stage.pid, signal.SIGKILL)
    with pytest.raises(BrokerUnavailable):
        await publish_on_and_on(stage)


async def publish_on_and_on(stage: MosquittoStage) -> None:
    while True:
        await stage.broker.publish_entitlement(ANN, "x")


async def test_a_broker_that_a_killed_service_left_behind_is_ended(tmp_path: Path) -> None:
    MosquittoStage(tmp_path)
    left = await asyncio.create_subprocess_exec(
        shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", str(tmp_path / "broker/mosquitto.conf")
    )
    while not (tmp_path / "broker/mosquitto.pid").exists():
        await asyncio.sleep(0.01)
    async with running_mosquitto(tmp_path) as stage:
        assert stage.pid != left.pid
        assert await asyncio.wait_for(left.wait(), DEADLINE_S) is not None


async def test_no_broker_outlives_the_service(tmp_path: Path) -> None:
    async with running_mosquitto(tmp_path) as stage:
        pid = stage.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_without_mosquitto_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(mosquitto, "_SEARCHED", str(tmp_path))
    with pytest.raises(BrokerNotInstalled, match="apt-get install mosquitto"):
        MosquittoStage(tmp_path)


async def test_keys_are_readable_for_us_only(stage: MosquittoStage) -> None:
    for name in ("broker/mosquitto.conf", "broker/acl", "tls/server.key", "secrets/ca.key"):
        assert (stage.folder / name).stat().st_mode & 0o077 == 0


def serial_of(certificate_pem: bytes) -> str:
    return f"{x509.load_pem_x509_certificate(certificate_pem).serial_number:x}"
