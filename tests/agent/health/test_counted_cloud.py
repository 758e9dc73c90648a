"""Calls of the cloud are counted by how they ended, and footage by what became of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from backsight_agent.adapters.counted_cloud import CountedCloud
from backsight_agent.adapters.keystore import Keystore
from backsight_agent.adapters.pairing import pair
from backsight_agent.domain.vitals import CloudVitals
from backsight_agent.ports import CloudRefusedHub, CloudUnavailable
from backsight_shared.segment import Run, Segment
from backsight_shared.wire import Batch, RunOffer
from fakes.certificates import TestAuthority, server_context
from fakes.clock import NOON_MS, FakeClock
from fakes.cloud_server import CloudServer, problem

DOOR = "74fece010203"
WEB = TestAuthority("The cloud's own web authority")
SEGMENTS = tuple(Segment(DOOR, NOON_MS + n, NOON_MS + n + 1, NOON_MS, n, 5) for n in range(3))
BATCH = Batch((RunOffer(Run(DOOR, NOON_MS), 4),), SEGMENTS)


class Deaf:
    def confirm(self, cloud_time_ms: int) -> None:
        """Nobody wants to know the time."""


@dataclass
class Pair:
    server: CloudServer
    cloud: CountedCloud
    vitals: CloudVitals


@pytest.fixture
async def paired(tmp_path: Path) -> AsyncIterator[Pair]:
    async with a_pair(tmp_path) as opened:
        yield opened


@asynccontextmanager
async def a_pair(folder: Path) -> AsyncIterator[Pair]:
    ca_file = folder / "authority.pem"
    ca_file.write_text(WEB.pem)
    keystore, vitals = Keystore(folder / "state"), CloudVitals()
    async with CloudServer(codes={"GOOD": ""}).serving(server_context(WEB.server(), folder)) as server:
        await pair(server.url, "GOOD", "Attic", ca_file, keystore, server.clock)
        async with CountedCloud(keystore, FakeClock(), Deaf(), vitals) as cloud:
            yield Pair(server, cloud, vitals)


async def upload(cloud: CountedCloud, *, segments: int) -> None:
    """A batch of three segments, of which only so many are put."""
    places = await cloud.places(BATCH)
    await cloud.put(places.runs[0], b"init")
    for place in places.segments[:segments]:
        await cloud.put(place, b"data!")
    await cloud.commits(BATCH)


async def test_what_became_of_footage_is_counted(paired: Pair) -> None:
    await upload(paired.cloud, segments=2)
    assert paired.vitals.segments == {"stored": 2, "missing": 1}
    assert paired.vitals.stored_bytes == 10


async def test_calls_that_worked_are_counted(paired: Pair) -> None:
    await upload(paired.cloud, segments=2)
    assert paired.vitals.calls == {("places", "done"): 1, ("put", "done"): 3, ("commits", "done"): 1}


@pytest.mark.parametrize(
    ("status", "error", "outcome"),
    [(503, CloudUnavailable, "unavailable"), (401, CloudRefusedHub, "refused")],
)
async def test_calls_that_failed_are_counted_by_how(
    paired: Pair, status: int, error: type[Exception], outcome: str
) -> None:
    async def no(_: web.Request) -> web.StreamResponse:
        return problem(status, "no")

    paired.server.instead = no
    with pytest.raises(error):
        await paired.cloud.commits(BATCH)
    assert paired.vitals.calls == {("commits", outcome): 1}
    assert paired.vitals.segments == {}
