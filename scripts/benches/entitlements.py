"""Measures how soon connected hubs hold a new entitlement: one plan change, and 1,000 hubs at once.

The database, the signing, the publisher and mosquitto are the real ones, over TLS with a certificate for each
hub. The hubs are a thousand connections of one other process, which acknowledge but do not check signatures:
real hubs each do that on their own machine. All of it shares this machine's cores.
"""

import asyncio
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from backsight_cloud.adapters.authority import open_authority
from backsight_cloud.adapters.broker import MqttBroker
from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.adapters.kept_ports import kept
from backsight_cloud.adapters.mosquitto import Mosquitto
from backsight_cloud.adapters.mosquitto_config import BrokerPlace
from backsight_cloud.adapters.mqtt_client import BrokerDoor
from backsight_cloud.adapters.server_certificate import ServerCertificate
from backsight_cloud.config import Settings
from backsight_cloud.domain.records import Account, Camera, Hub
from backsight_cloud.ports import Database
from backsight_cloud.services.cameras import CameraBinding
from backsight_cloud.services.entitling import Issuer, publish_forever
from backsight_cloud.services.wakes import Wakes
from backsight_shared.clock import SystemClock
from backsight_shared.settings import Listen
from backsight_shared.signing import SigningKey
from backsight_shared.window import WindowStep
from benches._hubs import be_hubs

HUBS = 1000
CAMERAS = 2  # of each hub
ROUNDS = 3
SINGLE_CHANGES = 50
DAY_MS = 86_400_000


def run() -> Iterator[dict[str, Any]]:
    """One line for each figure."""
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(_measure(Path(folder)))
    for figure, value in figures.items():
        yield {"bench": "entitlements", "figure": figure, "value": round(value, 4), "unit": "s"}


async def _measure(folder: Path) -> dict[str, float]:
    clock, wakes = SystemClock(), Wakes()
    hubs = [f"h{number:016x}" for number in range(HUBS)]
    async with (
        open_database(f"sqlite+aiosqlite:///{folder / 'cloud.db'}") as database,
        _broker(folder, hubs, clock) as (broker, port, ca_pem),
    ):
        await _furnish(database, hubs, clock.now_ms())
        issuer = Issuer("cloud", SigningKey.generate())
        publishing = asyncio.ensure_future(publish_forever(database, broker, issuer, wakes, clock))
        async with _hubs(port, ca_pem, folder, hubs) as far:
            joined_s = await _told(far)
            single = await _single_changes(database, far, wakes, clock)
            at_once = [await _all_at_once(database, far, wakes, clock) for _ in range(ROUNDS)]
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)
    return {
        f"plan change -> its hub holds the document, {HUBS} connected: median": statistics.median(single),
        f"plan change -> its hub holds the document, {HUBS} connected: worst of {len(single)}": max(single),
        f"change for all -> {HUBS} hubs hold their documents: median of {ROUNDS}": statistics.median(at_once),
        f"{HUBS} hubs connect by TLS and hold what was retained": joined_s,
    }


async def _single_changes(
    database: Database, far: Connection, wakes: Wakes, clock: SystemClock
) -> list[float]:
    """Seconds from asking for each of some plan changes until the one hub has it."""
    cameras = CameraBinding(database, Settings(state=Path()).catalogue, wakes, clock)
    took = []
    for number in range(SINGLE_CHANGES):
        await _listening(far, 1)
        begun = time.monotonic()
        await cameras.set_plan(_camera(number, 0), "plus")
        took.append((await _told(far))[0] - begun)
    return took


async def _all_at_once(database: Database, far: Connection, wakes: Wakes, clock: SystemClock) -> float:
    await _listening(far, HUBS)
    begun = time.monotonic()
    async with database.begin() as transaction:
        await transaction.publications.mark_all_due(clock.now_ms())
    wakes.publish.set()
    return float((await _told(far))[-1]) - begun


async def _listening(far: Connection, wanted: int) -> None:
    """Tell the hubs to expect so many documents."""
    far.send(wanted)
    assert await _told(far) == "listening"


async def _told(far: Connection) -> Any:
    return await asyncio.wait_for(asyncio.to_thread(far.recv), 120)


@asynccontextmanager
async def _broker(
    folder: Path, hubs: list[str], clock: SystemClock
) -> AsyncIterator[tuple[MqttBroker, int, str]]:
    authority = open_authority(folder, clock.now_ms())
    port = kept(folder / "ports.json", "broker", Listen("127.0.0.1", 0)).port
    tls = ServerCertificate(folder / "tls", (), authority, clock)
    mosquitto = Mosquitto(BrokerPlace(folder / "broker", "127.0.0.1", port, tls), authority, clock)
    mosquitto.prepare([])
    for hub in hubs:
        pair = authority.make_client(hub, clock.now_ms())
        (folder / f"{hub}.crt").write_bytes(pair.certificate_pem)
        (folder / f"{hub}.key").write_bytes(pair.key_pem)
    broker = MqttBroker(BrokerDoor("127.0.0.1", port, folder / "broker", authority, clock), clock)
    tasks = [asyncio.ensure_future(run()) for run in (mosquitto.run, broker.run)]
    try:
        await asyncio.wait_for(broker.connected.wait(), 10)
        yield broker, port, authority.ca_pem
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def _hubs(port: int, ca_pem: str, folder: Path, hubs: list[str]) -> AsyncIterator[Connection]:
    spawn = multiprocessing.get_context("spawn")
    near, far = spawn.Pipe()
    work = partial(be_hubs, port, ca_pem, str(folder), hubs, far)
    process = spawn.Process(target=work, daemon=True)
    process.start()
    try:
        yield near
        near.send(None)
        await asyncio.to_thread(process.join, 20)
    finally:
        process.kill()


async def _furnish(database: Database, hubs: list[str], now_ms: int) -> None:
    async with database.begin() as transaction:
        await transaction.people.add_account(Account("ann", "ann@example.org", "hash", "UTC", now_ms))
        for number, hub in enumerate(hubs):
            await transaction.hubs.add_hub(Hub(hub, "ann", hub, "PEM", now_ms))
            for which in range(CAMERAS):
                identity = _camera(number, which)
                camera = Camera(identity, "ann", hub, "Door", "C210", "", "", "free", "all", now_ms)
                await transaction.cameras.bind(camera, [WindowStep(now_ms, 2 * DAY_MS)])
            await transaction.publications.mark_due(hub, now_ms)


def _camera(hub: int, which: int) -> str:
    return f"{hub * CAMERAS + which:012x}"
