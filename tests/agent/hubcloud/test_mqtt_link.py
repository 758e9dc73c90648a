"""A hub hears every document of its cloud and says how it is, through a real broker that may vanish."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest

from backsight_agent.adapters import mqtt_link, mqtt_session
from backsight_agent.adapters.keystore import Keystore, NotPaired
from backsight_agent.adapters.mqtt_link import MqttLink
from backsight_agent.ports import CloudUnavailable
from backsight_shared import topics
from backsight_shared.wire import Certificate, Pairing
from fakes.broker_process import BrokerProcess
from fakes.certificates import TestAuthority

HUB = "hub-1"
ENTITLEMENT, STATUS, PULL = topics.entitlement(HUB), topics.status(HUB), topics.pull(HUB)

pytestmark = pytest.mark.slow


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[BrokerProcess]:
    async with BrokerProcess(tmp_path / "broker", TestAuthority()).running() as process:
        yield process


@pytest.fixture
def keystore(tmp_path: Path, broker: BrokerProcess) -> Keystore:
    return paired_with(broker, tmp_path / "state")


def paired_with(broker: BrokerProcess, folder: Path, hub: str = HUB) -> Keystore:
    keystore = Keystore(folder)
    keystore.make_key()
    certificate = broker.authority.certify(keystore.request_certificate(), hub)
    pairing = Pairing("cloud-1", hub, certificate, broker.authority.pem, "127.0.0.1", broker.port, ())
    keystore.save_pairing("https://cloud.example", pairing, None)
    return keystore


async def publish(
    broker: BrokerProcess, payload: str, topic: str = ENTITLEMENT, *, retain: bool = True
) -> None:
    async with broker.service() as service:
        await service.publish(topic, payload, qos=1, retain=retain)


@asynccontextmanager
async def connected(keystore: Keystore) -> AsyncIterator[MqttLink]:
    async with MqttLink(keystore) as link:
        async with asyncio.timeout(15):
            await link.connected.wait()
        yield link


async def within(seconds: float, what: Awaitable[str]) -> str:
    async with asyncio.timeout(seconds):
        return await what


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not true():
            await asyncio.sleep(0.01)


async def listen(service: aiomqtt.Client, topic: str) -> AsyncIterator[aiomqtt.Message]:
    await service.subscribe(topic, qos=1)
    async for message in service.messages:
        yield message


async def test_a_retained_document_is_there_on_connecting(broker: BrokerProcess, keystore: Keystore) -> None:
    await publish(broker, "one")
    async with connected(keystore) as link:
        assert await within(5, anext(aiter(link.documents()))) == "one"


async def test_later_documents_arrive_in_order(broker: BrokerProcess, keystore: Keystore) -> None:
    async with connected(keystore) as link:
        documents = aiter(link.documents())
        await publish(broker, "one")
        await publish(broker, "two")
        assert [await within(5, anext(documents)) for _ in range(2)] == ["one", "two"]


async def test_many_documents_at_once_all_arrive_however_slowly_they_are_read(
    broker: BrokerProcess, keystore: Keystore
) -> None:
    async with connected(keystore) as link:
        async with broker.service() as service:
            for number in range(200):
                await service.publish(ENTITLEMENT, f"{number}", qos=1, retain=True)
        heard: list[str] = []
        async with asyncio.timeout(20):
            async for document in link.documents():
                heard.append(document)
                if set(heard) == {str(number) for number in range(200)}:
                    break


async def test_a_document_of_another_hub_is_not_heard(
    broker: BrokerProcess, keystore: Keystore, tmp_path: Path
) -> None:
    await publish(broker, "not yours", topics.entitlement("hub-2"))
    await publish(broker, "yours")
    async with connected(keystore) as link:
        assert await within(5, anext(aiter(link.documents()))) == "yours"


async def test_a_document_that_was_not_handled_comes_again_after_a_restart(
    broker: BrokerProcess, keystore: Keystore
) -> None:
    """Handled means that the next one was asked for. Not retained: only the session can bring it again."""
    async with connected(keystore) as link:
        await publish(broker, "one", retain=False)
        await publish(broker, "two", retain=False)
        documents = aiter(link.documents())
        assert await within(5, anext(documents)) == "one"
        assert await within(5, anext(documents)) == "two"
    async with connected(keystore) as link:
        assert await within(5, anext(aiter(link.documents()))) == "two"


async def test_a_document_that_was_handled_does_not_come_again(
    broker: BrokerProcess, keystore: Keystore
) -> None:
    async with connected(keystore) as link:
        await publish(broker, "one", retain=False)
        documents = aiter(link.documents())
        assert await within(5, anext(documents)) == "one"
        next_one = asyncio.ensure_future(anext(documents))
        await publish(broker, "two", retain=False)
        assert await within(5, next_one) == "two"
    async with connected(keystore) as link:
        await publish(broker, "three", retain=False)
        documents = aiter(link.documents())
        assert await within(5, anext(documents)) == "two"
        assert await within(5, anext(documents)) == "three"


async def test_a_reader_that_fails_gets_the_same_document_again(
    broker: BrokerProcess, keystore: Keystore
) -> None:
    await publish(broker, "one")
    async with connected(keystore) as link:
        first = link.documents()
        assert await within(5, anext(aiter(first))) == "one"
        del first
        assert await within(5, anext(aiter(link.documents()))) == "one"


async def test_a_document_published_while_the_hub_was_away_is_there_when_it_is_back(
    broker: BrokerProcess, keystore: Keystore
) -> None:
    async with connected(keystore):
        pass
    await publish(broker, "new")
    async with connected(keystore) as link:
        assert await within(5, anext(aiter(link.documents()))) == "new"


async def test_a_retained_document_that_was_taken_away_says_nothing(
    broker: BrokerProcess, keystore: Keystore
) -> None:
    async with connected(keystore) as link:
        await publish(broker, "")
        await publish(broker, "one")
        assert await within(5, anext(aiter(link.documents()))) == "one"


async def test_a_broker_that_is_killed_and_started_again_is_found_again_and_documents_still_arrive(
    broker: BrokerProcess, keystore: Keystore
) -> None:
    await publish(broker, "before")
    async with connected(keystore) as link:
        documents = aiter(link.documents())
        assert await within(5, anext(documents)) == "before"
        await broker.kill()
        await until(lambda: not link.connected.is_set())
        with pytest.raises(CloudUnavailable, match="not connected"):
            await link.pull(1)
        await broker.start()
        async with asyncio.timeout(15):
            await link.connected.wait()
        await publish(broker, "after")
        assert await within(5, anext(documents)) == "after"


async def test_a_hub_that_starts_before_its_broker_connects_once_it_is_there(
    broker: BrokerProcess, keystore: Keystore
) -> None:
    await broker.kill()
    async with MqttLink(keystore) as link:
        await asyncio.sleep(0.2)
        assert not link.connected.is_set()
        await broker.start()
        async with asyncio.timeout(15):
            await link.connected.wait()


async def test_a_pull_says_which_serial_the_hub_has(broker: BrokerProcess, keystore: Keystore) -> None:
    async with broker.service() as service:
        heard = listen(service, PULL)
        first = asyncio.ensure_future(anext(heard))
        await asyncio.sleep(0.2)
        async with connected(keystore) as link:
            await link.pull(41)
            async with asyncio.timeout(5):
                message = await first
        assert json.loads(bytes(message.payload)) == {"have_serial": 41}
        assert not message.retain


async def statuses(service: aiomqtt.Client) -> AsyncIterator[str]:
    async for message in listen(service, STATUS):
        yield bytes(message.payload).decode()


async def test_a_status_is_retained(broker: BrokerProcess, keystore: Keystore) -> None:
    async with connected(keystore) as link:
        await link.publish_status(b"fine")
        async with broker.service() as service:
            assert await within(5, anext(statuses(service))) == "fine"


async def test_a_hub_that_leaves_is_offline(broker: BrokerProcess, keystore: Keystore) -> None:
    async with broker.service() as service:
        async with connected(keystore) as link:
            await link.publish_status(b"fine")
            heard = statuses(service)
            assert await within(5, anext(heard)) == "fine"
        assert json.loads(await within(5, anext(heard)))["online"] is False


async def test_a_hub_that_is_back_says_its_status_again_by_itself(
    broker: BrokerProcess, keystore: Keystore
) -> None:
    async with connected(keystore) as link:
        await link.publish_status(b"fine")
        await broker.kill()
        await until(lambda: not link.connected.is_set())
        with pytest.raises(CloudUnavailable):
            await link.publish_status(b"still fine")
        await broker.start()
        async with asyncio.timeout(15):
            await link.connected.wait()
        async with broker.service() as service:
            assert await within(5, anext(statuses(service))) == "still fine"


async def test_what_the_broker_does_not_allow_is_an_error_and_not_a_silence(
    broker: BrokerProcess, keystore: Keystore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connected(keystore) as link:
        monkeypatch.setattr(mqtt_link.topics, "pull", lambda _: "backsight/v1/hubs/hub-2/pull")
        with pytest.raises(CloudUnavailable, match="Not authorized"):
            await link.pull(1)


async def test_a_hub_whose_certificate_is_of_another_authority_is_not_let_in(
    broker: BrokerProcess, keystore: Keystore, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = TestAuthority("stranger").certify(keystore.request_certificate(), HUB)
    keystore.replace_certificate(Certificate(stranger, broker.authority.pem))
    async with MqttLink(keystore) as link:
        await until(lambda: "not connected to the cloud's broker" in caplog.text)
        assert not link.connected.is_set()


async def test_a_broker_whose_certificate_is_not_trusted_is_not_spoken_to(
    broker: BrokerProcess, keystore: Keystore, caplog: pytest.LogCaptureFixture
) -> None:
    keystore.replace_certificate(
        Certificate(keystore.certificate_file.read_text(), TestAuthority("other").pem)
    )
    async with MqttLink(keystore) as link:
        await until(lambda: "certificate verify failed" in caplog.text)
        assert not link.connected.is_set()


async def test_after_a_renewal_it_connects_anew_with_the_new_certificate(
    broker: BrokerProcess, keystore: Keystore
) -> None:
    stranger = TestAuthority("stranger").certify(keystore.request_certificate(), HUB)
    good = keystore.certificate_file.read_text()
    async with connected(keystore) as link:
        keystore.replace_certificate(Certificate(stranger, broker.authority.pem))
        link.reconnect()
        await until(lambda: not link.connected.is_set())
        keystore.replace_certificate(Certificate(good, broker.authority.pem))
        link.reconnect()
        async with asyncio.timeout(15):
            await link.connected.wait()
        await link.pull(1)


async def test_a_damaged_keystore_is_said_and_tried_again(
    broker: BrokerProcess, keystore: Keystore, caplog: pytest.LogCaptureFixture
) -> None:
    good = keystore.certificate_file.read_text()
    keystore.certificate_file.write_text("garbage")
    async with MqttLink(keystore) as link:
        await until(lambda: "not connected to the cloud's broker" in caplog.text)
        keystore.certificate_file.write_text(good)
        async with asyncio.timeout(15):
            await link.connected.wait()


async def test_an_error_of_our_own_in_the_thread_is_logged_and_ends_only_the_connection(
    broker: BrokerProcess,
    keystore: Keystore,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with connected(keystore) as link:

        def broken(*_: object) -> None:
            monkeypatch.undo()
            raise RuntimeError("a mistake of ours")

        monkeypatch.setattr(mqtt_session.Session, "_on_message", broken)
        link.reconnect()
        await until(lambda: not link.connected.is_set())
        async with asyncio.timeout(15):
            await link.connected.wait()
        await publish(broker, "one")
        await until(lambda: "a mistake of ours" in caplog.text)
        assert await within(15, anext(aiter(link.documents()))) == "one"


async def test_leaving_ends_the_thread(broker: BrokerProcess, keystore: Keystore) -> None:
    async with connected(keystore):
        assert "mqtt" in {thread.name for thread in threading.enumerate()}
    assert "mqtt" not in {thread.name for thread in threading.enumerate()}


async def test_leaving_while_there_is_no_broker_takes_no_longer(
    broker: BrokerProcess, keystore: Keystore
) -> None:
    await broker.kill()
    async with asyncio.timeout(3):
        async with MqttLink(keystore):
            await asyncio.sleep(0.1)
    assert "mqtt" not in {thread.name for thread in threading.enumerate()}


async def test_a_server_that_accepts_and_says_nothing_does_not_hold_up_leaving_for_long(
    broker: BrokerProcess, keystore: Keystore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_session, "CONNECT_TIMEOUT_S", 1.0)
    await broker.kill()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100_000)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", broker.port)
    async with server:
        async with asyncio.timeout(8):
            async with MqttLink(keystore) as link:
                await asyncio.sleep(0.3)
                assert not link.connected.is_set()
    assert "mqtt" not in {thread.name for thread in threading.enumerate()}


async def test_a_hub_that_is_not_paired_has_no_link(tmp_path: Path) -> None:
    with pytest.raises(NotPaired):
        MqttLink(Keystore(tmp_path / "elsewhere"))
