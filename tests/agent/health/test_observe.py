"""The store is looked at now and then, at one cost however long the history; a failing one is waited for."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from backsight_agent.disk_ports import Disk
from backsight_agent.domain.holding import FixedWindows
from backsight_agent.domain.vitals import Held, Observed, Room, Vitals
from backsight_agent.ports import StoreFailed
from backsight_agent.tasks.observe import EVERY_S, Counts, Observer, observe_forever
from fakes.clock import NOON_MS, FakeClock, settle

DOOR, YARD = "74fece010203", "74fece010204"
HOUR_MS = 3_600_000


@dataclass
class Store:
    """A history and a backlog of which only the ends are asked for."""

    spans: dict[str, tuple[int, int]] = field(default_factory=dict)
    asked_with: list[int | None] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=dict)
    fails_with: Exception | None = None

    async def span(self, camera: str, horizon_ms: int | None) -> tuple[int, int] | None:
        if self.fails_with:
            raise self.fails_with
        self.asked_with.append(horizon_ms)
        return self.spans.get(camera)

    async def reached_ms(self, camera: str) -> int | None:
        return None

    async def counts(self) -> dict[str, int]:
        return self.waiting

    async def missed(self) -> dict[str, int]:
        return {DOOR: 2}

    async def sizes(self) -> dict[str, int]:
        return {DOOR: 9_000_000}

    async def disks(self) -> Sequence[Disk]:
        return [Disk("/mnt", frozenset({DOOR}), 5, 9)]


class Time:
    def trusted_now_ms(self) -> int | None:
        return NOON_MS


class Hub:
    """A hub with two cameras and a window of an hour."""

    def __init__(self, *, paired: bool = True) -> None:
        self.clock, self.store, self.vitals = FakeClock(), Store(), Vitals()
        backlog: Counts | None = self.store if paired else None
        windows = FixedWindows(HOUR_MS, [DOOR, YARD])
        parts = (self.store, backlog, self.store, windows, Time(), lambda: 77, self.clock)
        self.observer = Observer([DOOR, YARD], *parts)

    @property
    def seen(self) -> Observed:
        assert self.vitals.observed is not None
        return self.vitals.observed


@asynccontextmanager
async def observed(hub: Hub) -> AsyncIterator[Hub]:
    task = asyncio.ensure_future(observe_forever(hub.observer, hub.vitals, hub.clock))
    await until_looked(hub)
    yield hub
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until_looked(hub: Hub) -> None:
    """The disk is asked in a thread."""
    for _ in range(100):
        await settle(1)
        await asyncio.sleep(0.001)


@pytest.fixture
def hub() -> Hub:
    hub = Hub()
    hub.store.spans[DOOR] = (NOON_MS - HOUR_MS, NOON_MS - 5_000)
    hub.store.waiting[DOOR] = 12
    return hub


async def test_what_a_camera_has_is_seen(hub: Hub) -> None:
    async with observed(hub):
        held = Held(NOON_MS - HOUR_MS, NOON_MS - 5_000, NOON_MS - HOUR_MS, 9_000_000, 12, 2)
        assert hub.seen.cameras[DOOR] == held


async def test_a_camera_without_a_history_has_none(hub: Hub) -> None:
    async with observed(hub):
        assert hub.seen.cameras[YARD] == Held(horizon_ms=NOON_MS - HOUR_MS)


async def test_what_is_past_the_horizon_is_not_seen(hub: Hub) -> None:
    async with observed(hub):
        assert hub.store.asked_with == [NOON_MS - HOUR_MS, NOON_MS - HOUR_MS]


async def test_disk_and_certificate_are_seen(hub: Hub) -> None:
    async with observed(hub):
        assert hub.seen.disks == (Room("/mnt", 5, 9),)
        assert hub.seen.certificate_until_ms == 77


async def test_without_a_cloud_nothing_waits_for_it() -> None:
    hub = Hub(paired=False)
    hub.store.waiting[DOOR] = 12
    async with observed(hub):
        assert (hub.seen.cameras[DOOR].waiting, hub.seen.cameras[DOOR].missed) == (0, 0)


async def test_it_is_looked_at_again_after_a_while(hub: Hub) -> None:
    async with observed(hub):
        hub.store.waiting[DOOR] = 3
        await hub.clock.advance(EVERY_S)
        await until_looked(hub)
        assert hub.seen.cameras[DOOR].waiting == 3


async def test_a_store_that_fails_leaves_the_last_look_standing_and_is_looked_at_again(hub: Hub) -> None:
    async with observed(hub):
        before = hub.seen
        hub.store.fails_with = StoreFailed("the disk does not do what it must")
        await hub.clock.advance(EVERY_S)
        await until_looked(hub)
        assert hub.seen is before
        hub.store.fails_with = None
        await hub.clock.advance(EVERY_S)
        await until_looked(hub)
        assert hub.seen.at > before.at
