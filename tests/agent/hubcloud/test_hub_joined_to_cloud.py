"""The hub's cloud side joined: real store, real HTTPS, real broker, real clocks."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from backsight_agent.adapters.cloud_api import HttpCloud
from backsight_agent.adapters.keystore import Keystore
from backsight_agent.adapters.mqtt_link import MqttLink
from backsight_agent.adapters.pairing import pair
from backsight_agent.adapters.store.opening import Store, open_store
from backsight_agent.domain.holding import HeldEntitlement
from backsight_agent.domain.states import Board
from backsight_agent.domain.trusted_time import TrustedTime
from backsight_agent.tasks.entitlements import follow_entitlements
from backsight_agent.tasks.renew import renew_forever
from backsight_agent.tasks.report import report_forever
from backsight_agent.tasks.upload import upload_forever
from backsight_shared import topics
from backsight_shared.clock import SystemClock
from backsight_shared.entitlement import CameraEntitlement, Entitlement, to_claims
from backsight_shared.segment import Run, Segment
from backsight_shared.signing import SigningKey, sign_entitlement
from backsight_shared.window import WindowStep
from fakes.broker_process import BrokerProcess
from fakes.certificates import TestAuthority, server_context
from fakes.cloud_server import CloudServer, problem

DOOR = "74fece010203"
HUB, CLOUD = "hub-1", "cloud-1"

pytestmark = pytest.mark.slow


class Server(CloudServer):
    """A cloud whose broker is where it really is."""

    broker_port = 0

    @property
    def pairing_broker(self) -> tuple[str, int]:
        return "127.0.0.1", self.broker_port


class Joined:
    """A paired hub with its tasks, and its cloud."""

    def __init__(self, folder: Path) -> None:
        self.clock = SystemClock()
        self.authority = TestAuthority()
        self.broker = BrokerProcess(folder / "broker", self.authority)
        self.server = Server(authority=self.authority, codes={"GOOD": ""})
        self.server.clock = self.clock  # type: ignore[assignment]
        self.server.broker_port = self.broker.port
        self.keystore = Keystore(folder / "state")
        self.folder = folder
        self.board = Board((DOOR,), self.clock)
        self.time = TrustedTime(self.clock, lambda: False, paired=True)

    @asynccontextmanager
    async def cloud_running(self) -> AsyncIterator[None]:
        context = server_context(self.authority.server(), self.folder)
        async with self.broker.running(), self.server.serving(context):
            yield

    async def pair(self) -> None:
        ca_file = self.folder / "ca.pem"
        ca_file.write_text(self.authority.pem)
        await pair(self.server.url, "GOOD", "Attic", ca_file, self.keystore, self.clock)
        paired = self.keystore.pairing()
        self.held = HeldEntitlement(paired.cloud, paired.hub, paired.entitlement_keys)

    @asynccontextmanager
    async def hub_running(self, store: Store) -> AsyncIterator[None]:
        async with HttpCloud(self.keystore, self.clock, self.time) as cloud, MqttLink(self.keystore) as link:
            tasks = [
                asyncio.create_task(task)
                for task in (
                    follow_entitlements(link, self.keystore, self.held, self.time, self.board, self.clock),
                    upload_forever(
                        (DOOR,), store.backlog, cloud, link.connected, self.held, self.board, self.clock
                    ),
                    renew_forever(self.keystore, cloud, link, self.clock),
                    report_forever(
                        link,
                        cloud,
                        self.board,
                        store.backlog,
                        store.history,
                        self.held,
                        self.time,
                        lambda: (1, 2),
                        {DOOR: "Front door"},
                        self.clock,
                    ),
                )
            ]
            try:
                async with asyncio.timeout(15):
                    await link.connected.wait()
                yield
                assert not any(task.done() for task in tasks), tasks
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def publish(self, serial: int, hours: int = 12, key: SigningKey | None = None) -> None:
        now = self.clock.now_ms()
        entitled = CameraEntitlement("free", (WindowStep(0, hours * 3_600_000),))
        claims = to_claims(Entitlement(CLOUD, HUB, serial, now, now, {DOOR: entitled}))
        async with self.broker.service() as service:
            document = sign_entitlement(claims, key or self.server.key)
            await service.publish(topics.entitlement(HUB), document, qos=1, retain=True)


async def record(store: Store, clock: SystemClock, count: int) -> list[Segment]:
    start = clock.now_ms() - count * 10_000
    run = Run(DOOR, start)
    await store.recordings.begin_run(run, b"ftyp and moov")
    segments = []
    for number in range(count):
        file = await store.recordings.begin_segment(run, number, start + number * 10_000)
        await file.append(bytes([number]) * 20_000)
        segments.append(await file.finish(start + (number + 1) * 10_000))
    return segments


async def until(true: Callable[[], bool], seconds: float = 15) -> float:
    """Seconds that it took."""
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.005)
    return time.monotonic() - began


@pytest.fixture
async def joined(tmp_path: Path) -> AsyncIterator[Joined]:
    joined = Joined(tmp_path)
    async with joined.cloud_running():
        await joined.pair()
        yield joined


async def test_a_hub_that_was_just_paired_is_entitled_uploads_reports_and_trusts_its_clock(
    joined: Joined,
) -> None:
    await joined.publish(1)
    async with open_store(joined.folder / "state", joined.clock) as store:
        segments = await record(store, joined.clock, 40)
        async with joined.hub_running(store):
            await until(lambda: len(joined.server.cloud.indexed) == 40)
            assert joined.server.cloud.indexed == segments
            for segment in segments:
                data = await store.backlog.read_segment(segment)
                assert joined.server.cloud.data_of([segment]) == [data]
            assert joined.time.trusted_now_ms() is not None
            assert joined.server.cloud.reports[0].cameras[0].name == "Front door"
            async with joined.broker.service() as service:
                await service.subscribe(topics.status(HUB), qos=1)
                async with asyncio.timeout(10):
                    async for message in service.messages:
                        status = json.loads(bytes(message.payload))
                        if status["serial"] == 1:
                            break
            assert status["online"]
            assert status["cameras"][0]["camera"] == DOOR


async def test_a_plan_change_is_held_within_a_second(joined: Joined) -> None:
    await joined.publish(1)
    async with open_store(joined.folder / "state", joined.clock) as store, joined.hub_running(store):
        await until(lambda: joined.held.serial == 1)
        await joined.publish(2, hours=48)
        assert await until(lambda: joined.held.serial == 2) < 1
        assert await joined.keystore.load_document() is not None


async def test_a_document_of_a_stranger_changes_nothing_and_the_next_good_one_is_obeyed(
    joined: Joined,
) -> None:
    await joined.publish(1)
    async with open_store(joined.folder / "state", joined.clock) as store, joined.hub_running(store):
        await until(lambda: joined.held.serial == 1)
        await joined.publish(2, hours=1, key=SigningKey.generate())
        await until(lambda: any("ignored" in problem for problem in joined.board.problems))
        assert joined.held.serial == 1
        await joined.publish(3)
        await until(lambda: joined.held.serial == 3)
        assert not any("ignored" in problem for problem in joined.board.problems)


async def test_documents_arrive_again_after_the_broker_was_killed_and_lost_everything(joined: Joined) -> None:
    await joined.publish(1)
    async with open_store(joined.folder / "state", joined.clock) as store, joined.hub_running(store):
        await until(lambda: joined.held.serial == 1)
        await joined.broker.kill()
        await joined.broker.start()
        await joined.publish(2)
        await until(lambda: joined.held.serial == 2)


async def test_a_cloud_that_was_away_gets_everything_once_it_is_back_in_order_once(joined: Joined) -> None:
    async def away(_: web.Request) -> web.StreamResponse:
        return problem(503, "away")

    await joined.publish(1)
    async with open_store(joined.folder / "state", joined.clock) as store:
        segments = await record(store, joined.clock, 70)
        joined.server.instead = away
        async with joined.hub_running(store):
            await until(lambda: joined.server.calls.count("POST /v1/hub/uploads") >= 2)
            joined.server.instead = None
            await until(lambda: len(joined.server.cloud.indexed) == 70)
            assert joined.server.cloud.indexed == segments


async def test_a_hub_that_restarts_in_the_middle_of_its_backlog_sends_the_rest(joined: Joined) -> None:
    await joined.publish(1)
    async with open_store(joined.folder / "state", joined.clock) as store:
        segments = await record(store, joined.clock, 200)
        async with joined.hub_running(store):
            await until(lambda: len(joined.server.cloud.indexed) > 20)
    async with open_store(joined.folder / "state", joined.clock) as store, joined.hub_running(store):
        await until(lambda: len(joined.server.cloud.indexed) == 200)
        assert joined.server.cloud.indexed == segments


async def test_a_certificate_past_two_thirds_of_its_life_is_renewed_by_itself(joined: Joined) -> None:
    before = joined.keystore.certificate_file.read_text()
    life = joined.keystore.certificate_life()
    late = SystemClock()
    late.now_ms = lambda: life.until_ms - 1000  # type: ignore[method-assign]
    opened = HttpCloud(joined.keystore, joined.clock, joined.time), MqttLink(joined.keystore)
    async with opened[0] as cloud, opened[1] as link:
        await until(link.connected.is_set)
        task = asyncio.create_task(renew_forever(joined.keystore, cloud, link, late))
        await until(lambda: joined.keystore.certificate_file.read_text() != before)
        await until(lambda: not link.connected.is_set())
        await until(link.connected.is_set)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
