"""How much a service looks after is counted rightly: hubs, cameras, what waits, and nothing that has left."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.domain.vitals import Town
from backsight_cloud.ports import Database
from backsight_shared import shapes
from backsight_shared.wire import HubStatus
from fakes.clock import NOON_MS
from fakes.database import FakeDatabase
from fakes.household import HUB, OTHER_HUB, move_in


@pytest.fixture(params=["fake", "sqlite"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """Anna has a hub with two cameras, Bert one with one."""
    if request.param == "fake":
        fake = FakeDatabase()
        await move_in(fake)
        yield fake
        return
    async with open_database(f"sqlite+aiosqlite:///{tmp_path}/cloud.db") as opened:
        await move_in(opened)
        yield opened


async def town(database: Database) -> Town:
    async with database.read() as view:
        return await view.figures.town()


async def tell(database: Database, hub: str, *, online: bool) -> None:
    """As the service keeps it."""
    text = json.dumps(shapes.write(HubStatus(online=online)), separators=(",", ":"))
    async with database.begin() as tx:
        await tx.hubs.set_status(hub, text, NOON_MS)


async def test_hubs_and_cameras_are_counted(database: Database) -> None:
    found = await town(database)
    assert (found.hubs, found.cameras) == (2, 3)
    assert (found.hubs_online, found.cameras_online) == (0, 0)


async def test_a_hub_that_says_so_is_connected_with_its_cameras(database: Database) -> None:
    await tell(database, HUB, online=True)
    await tell(database, OTHER_HUB, online=False)
    found = await town(database)
    assert (found.hubs_online, found.cameras_online) == (1, 2)


async def test_an_unpaired_hub_is_not_counted_whatever_it_said(database: Database) -> None:
    await tell(database, HUB, online=True)
    async with database.begin() as tx:
        await tx.hubs.set_unpaired(HUB, NOON_MS)
    found = await town(database)
    assert (found.hubs, found.hubs_online, found.cameras_online) == (1, 0, 0)


async def test_hubs_that_wait_for_a_document_are_counted_from_the_first_on(database: Database) -> None:
    async with database.begin() as tx:
        await tx.publications.mark_due(HUB, NOON_MS)
        await tx.publications.mark_due(OTHER_HUB, NOON_MS + 5_000)
    found = await town(database)
    assert (found.publications_due, found.due_since_ms) == (2, NOON_MS)


async def test_a_published_document_waits_no_longer(database: Database) -> None:
    async with database.begin() as tx:
        await tx.publications.mark_due(HUB, NOON_MS)
        await tx.publications.claim(10, NOON_MS, 5_000)
        await tx.publications.done(HUB, NOON_MS, NOON_MS + 100)
    found = await town(database)
    assert (found.publications_due, found.due_since_ms) == (0, None)


async def test_the_database_has_a_size(database: Database) -> None:
    assert (await town(database)).database_bytes > 0
