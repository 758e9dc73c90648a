"""What an owner erases in the cloud while the hub is away for weeks is gone on both sides, and stays gone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from backsight_agent.adapters.store.opening import Store, open_store
from backsight_agent.domain.holding import HeldEntitlement
from backsight_agent.domain.states import Board
from backsight_agent.tasks.entitlements import follow_entitlements
from backsight_agent.tasks.erase import erase_forever
from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.domain.keys import run_key, segment_key
from backsight_cloud.ports import Database
from backsight_cloud.services.entitling import Issuer, publish_forever
from backsight_cloud.services.erasing import OwnersErasing
from backsight_cloud.services.ingest import Ingest
from backsight_cloud.services.pruning import PruneHealth, Pruner
from backsight_cloud.services.wakes import Wakes
from backsight_shared.erased import Wanted
from backsight_shared.segment import Segment
from backsight_shared.signing import SigningKey
from backsight_shared.wire import Batch, RunOffer
from fakes.broker import FakeBroker
from fakes.clock import NOON_MS, FakeClock
from fakes.footage_of_hub import record
from fakes.house import Time
from fakes.household import ANNA, DAY_MS, DOOR, HUB, a_hub, move_in
from fakes.link import FakeLink, FakeVault
from fakes.objects import FakeObjects

KEY = SigningKey.generate()


class Both:
    """A hub's real store and a cloud's real database, with time and the wires between in the test's hands."""

    def __init__(self, store: Store, database: Database) -> None:
        self.store, self.database = store, database
        self.clock, self.wakes, self.objects = FakeClock(NOON_MS + 60_000), Wakes(), FakeObjects()
        self.ingest = Ingest(database, self.objects, self.clock, self.wakes)
        self.broker, self.link, self.vault = FakeBroker(), FakeLink(), FakeVault()
        self.told = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The cloud publishes; the hub has just started, and obeys what it kept."""
        held = HeldEntitlement("cloud", HUB, (KEY.to_public_jwk(),))
        board, time = Board((DOOR,), self.clock), Time(self.clock)
        time.at_least = lambda _: None  # type: ignore[attr-defined]
        work = (
            publish_forever(self.database, self.broker, Issuer("cloud", KEY), self.wakes, self.clock),
            follow_entitlements(self.link, self.vault, held, time, board, self.clock),  # type: ignore[arg-type]
            erase_forever(self.store.retention, held, time, held.changed, board, self.clock),
        )
        tasks = [asyncio.ensure_future(one) for one in work]
        try:
            yield
            assert not any(task.done() for task in tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def erase_in_the_cloud(self, wanted: Wanted) -> None:
        erasing = OwnersErasing(self.database, b"key", self.wakes, self.clock)
        preview = await erasing.preview(ANNA, DOOR, wanted)
        await erasing.erase(ANNA, DOOR, wanted, preview.confirm)

    async def upload(self, segments: list[Segment]) -> list[str]:
        """What becomes of each; as the uploader does, without its patience."""
        runs = await self.store.backlog.runs_of(segments)
        batch = Batch(tuple(RunOffer(run, size) for run, size in runs), tuple(segments))
        places = await self.ingest.places(a_hub(), batch)
        for run, _ in runs:
            init = await self.store.backlog.read_init(run.camera, run.run_ms)
            self.objects.held[run_key(ANNA, run.camera, run.run_ms)] = init
        for segment, place in zip(segments, places.segments, strict=True):
            if place.state == "put":
                data = await self.store.backlog.read_segment(segment)
                self.objects.held[segment_key(ANNA, DOOR, segment.start_ms)] = data
        commits = await self.ingest.commits(a_hub(), batch)
        return [commit.reason or commit.state for commit in commits.segments]

    async def hear(self) -> None:
        """The broker is there: it gets the newest document, and hands it to the hub."""
        self.broker.connect()
        self.wakes.publish.set()
        await until(lambda: _true(HUB in self.broker.retained))
        self.link.deliver(self.broker.retained[HUB])

    async def at_home(self) -> list[int]:
        found = await self.store.history.segments(DOOR, 0, 2**50, None)
        return [(one.start_ms - NOON_MS) // 1000 for one in found]

    async def in_the_cloud(self) -> list[int]:
        async with self.database.read() as tx:
            found = await tx.footage.segments(ANNA, DOOR, 0, 2**50, None)
        return [(one.start_ms - NOON_MS) // 1000 for one in found]


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Threads and files take a moment of real time."""
    async with asyncio.timeout(10):
        while not await holds():
            await asyncio.sleep(0.01)


async def _true(value: object) -> bool:
    return bool(value)


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Both]:
    (tmp_path / "hub").mkdir()
    url = f"sqlite+aiosqlite:///{tmp_path}/cloud.db"
    async with open_store(tmp_path / "hub", FakeClock()) as store, open_database(url) as database:
        await move_in(database, window_ms=30 * DAY_MS)
        yield Both(store, database)


async def test_a_hub_that_was_away_for_weeks_erases_it_when_it_is_back(both: Both) -> None:
    recorded = await record(both.store, 6, camera=DOOR)
    assert set(await both.upload(recorded[:4])) == {"stored"}
    async with both.running():
        await both.erase_in_the_cloud(Wanted(NOON_MS + 15_000, NOON_MS + 45_000))
        assert await both.in_the_cloud() == [0]
        both.clock.jump(20 * DAY_MS)

        # Back: what waited is offered before the hub has heard of anything.
        assert await both.upload(recorded[4:]) == ["erased", "stored"]
        assert await both.at_home() == [0, 10, 20, 30, 40, 50]

        await both.hear()
        await until(lambda: _is(both.at_home(), [0, 50]))
        assert await both.in_the_cloud() == [0, 50]

    assert await both.store.retention.sweep(100) == 0
    with pytest.raises(FileNotFoundError):
        await both.store.history.read_segment(recorded[2])
    await Pruner(both.database, both.objects, both.wakes, both.clock, PruneHealth()).once(look=True)
    assert segment_key(ANNA, DOOR, recorded[4].start_ms) not in both.objects.held
    at_home = await both.store.history.erasures(DOOR, 9)
    async with both.database.read() as tx:
        in_the_cloud = await tx.footage.erasures(ANNA, DOOR, 9)
    assert [(line.reason, line.count) for line in at_home] == [("owner", 4)]
    assert [(line.reason, line.count) for line in in_the_cloud] == [("owner", 3)]


async def test_a_restart_does_it_again_and_changes_nothing(both: Both) -> None:
    await record(both.store, 6, camera=DOOR)
    async with both.running():
        await both.erase_in_the_cloud(Wanted(NOON_MS, NOON_MS + 30_000))
        await both.hear()
        await until(lambda: _is(both.at_home(), [30, 40, 50]))
    async with both.running():
        await asyncio.sleep(0.2)
        assert await both.at_home() == [30, 40, 50]
    assert [line.count for line in await both.store.history.erasures(DOOR, 9)] == [3]


async def _is(work: Awaitable[list[int]], wanted: list[int]) -> bool:
    return await work == wanted
