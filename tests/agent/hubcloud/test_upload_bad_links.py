"""Over links that cut, lose answers, come and go, every segment arrives once: real store, TLS and sockets."""

import asyncio
import os
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from backsight_agent.adapters.cloud_api import HttpCloud
from backsight_agent.adapters.keystore import Keystore
from backsight_agent.adapters.pairing import pair
from backsight_agent.adapters.store.opening import Store, open_store
from backsight_agent.domain.states import Board
from backsight_agent.tasks.upload import upload_forever
from backsight_shared.clock import SystemClock
from backsight_shared.segment import Run, Segment
from fakes import dying_uploader
from fakes.certificates import TestAuthority, server_context
from fakes.cloud_server import CloudServer
from fakes.dying_uploader import Everything, Time
from fakes.proxy import Proxy

DOOR = "74fece010203"
SIZE = 200_000  # bytes of a segment
SEED = 20261124  # the same cuts at each run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]


@dataclass
class Hub:
    """A paired hub with footage that waits, the link, and its cloud."""

    folder: Path
    server: CloudServer
    proxy: Proxy
    recorded: list[Segment]

    @property
    def arrived(self) -> list[Segment]:
        return self.server.cloud.indexed

    @property
    def sent_twice(self) -> int:
        """Segments whose bytes arrived more than once, each time that they did."""
        counts = Counter(put for put in self.server.cloud.puts if "/runs/" not in put)
        return sum(count - 1 for count in counts.values())

    @asynccontextmanager
    async def uploading(self) -> AsyncIterator[Store]:
        clock, online = SystemClock(), asyncio.Event()
        online.set()
        keystore, board = Keystore(self.folder), Board((DOOR,), clock)
        async with open_store(self.folder, clock) as store, HttpCloud(keystore, clock, Time()) as cloud:
            task = asyncio.create_task(
                upload_forever((DOOR,), store.backlog, cloud, online, Everything(), board, clock)
            )
            try:
                yield store
                assert not task.done(), task
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def all_arrived(self, store: Store) -> None:
        """Once, byte for byte, and the hub knows it."""
        await until(lambda: len(self.arrived) >= len(self.recorded))
        assert sorted(self.arrived) == self.recorded
        for segment in self.recorded:
            assert self.server.cloud.data_of([segment]) == [await store.backlog.read_segment(segment)]
        async with asyncio.timeout(10):
            while await store.backlog.counts():
                await asyncio.sleep(0.05)


async def until(true: Callable[[], bool], seconds: float = 110) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)


async def record(folder: Path, count: int) -> list[Segment]:
    clock, recorded = SystemClock(), []
    start = clock.now_ms() - count * 10_000
    async with open_store(folder, clock) as store:
        await store.recordings.begin_run(Run(DOOR, start), b"ftyp and moov")
        for number in range(count):
            file = await store.recordings.begin_segment(Run(DOOR, start), number, start + number * 10_000)
            await file.append(bytes([number]) * SIZE)
            recorded.append(await file.finish(start + (number + 1) * 10_000))
    return recorded


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    authority, folder = TestAuthority(), tmp_path / "state"
    ca_file = tmp_path / "authority.pem"
    ca_file.write_text(authority.pem)
    async with AsyncExitStack() as stack:
        server = CloudServer(codes={"GOOD": ""})
        server.clock = SystemClock()  # type: ignore[assignment]
        context = server_context(authority.server(), tmp_path)
        await stack.enter_async_context(server.serving(context))
        proxy = await stack.enter_async_context(Proxy(int(server.url.rpartition(":")[2])).running())
        await pair(proxy.url, "GOOD", "Attic", ca_file, Keystore(folder), SystemClock())
        yield Hub(folder, server, proxy, await record(folder, 30))


async def test_connections_that_are_cut_on_the_way_there_cost_no_segment(hub: Hub) -> None:
    chance = random.Random(SEED)
    hub.proxy.cuts_up = iter([chance.randrange(3 * SIZE) for _ in range(12)])
    async with hub.uploading() as store:
        await hub.all_arrived(store)


async def test_connections_that_are_cut_on_the_way_back_cost_no_segment(hub: Hub) -> None:
    """The first thousand bytes are the handshake; an answer to a put has some two hundred."""
    chance = random.Random(SEED)
    hub.proxy.cuts_down = iter([chance.randrange(1_000, 8_000) for _ in range(12)])
    async with hub.uploading() as store:
        await hub.all_arrived(store)


async def test_answers_that_are_lost_send_nothing_twice(hub: Hub) -> None:
    """The cloud has put the bytes away; then the connection goes, before it can say so."""
    lost = set[str]()

    def lose(step: str) -> None:
        if step.startswith(f"put answered {DOOR}/1") and step not in lost:
            lost.add(step)
            hub.proxy.cut()

    hub.server.cloud.at = lose
    async with hub.uploading() as store:
        await hub.all_arrived(store)
    assert len(lost) == len(hub.recorded)
    assert hub.sent_twice <= len(lost) // 10  # others were on their way when the connections were cut


async def test_a_link_that_is_up_for_three_seconds_and_down_for_five_makes_progress_each_time(
    hub: Hub,
) -> None:
    hub.proxy.bytes_per_s = 800_000  # a segment takes a quarter of a second: twelve while it is up

    async def flap() -> None:
        while True:
            hub.proxy.is_up = True
            await asyncio.sleep(3)
            hub.proxy.go_down()
            await asyncio.sleep(5)

    began = time.monotonic()
    flapping = asyncio.create_task(flap())
    try:
        async with hub.uploading() as store:
            await hub.all_arrived(store)
    finally:
        flapping.cancel()
    print(f"30 segments of {SIZE} bytes took {time.monotonic() - began:.0f} s")


async def test_a_hub_that_is_killed_at_random_instants_goes_on_where_it_was(hub: Hub) -> None:
    """A kill costs what was on its way, and what was put and not committed: half a second's worth."""
    chance, kills = random.Random(SEED), 6
    hub.proxy.bytes_per_s = 2_000_000
    command = [sys.executable, dying_uploader.__file__, str(hub.folder), DOOR]
    path = os.pathsep.join(str(Path(__file__).parents[3] / part) for part in ("agent", "shared"))
    for _ in range(kills):
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"uploading\n"
        await asyncio.sleep(chance.uniform(0.1, 0.8))
        process.kill()
        await process.wait()
    assert len(hub.arrived) > 0
    async with hub.uploading() as store:
        await hub.all_arrived(store)
    assert hub.sent_twice <= kills * 5
