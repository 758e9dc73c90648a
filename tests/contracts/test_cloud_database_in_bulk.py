"""What is done for many hubs at once is what would have been done for each of them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.ports import Database
from backsight_shared.window import WindowStep
from fakes.clock import NOON_MS
from fakes.database import FakeDatabase
from fakes.household import ANNA, a_camera, a_hub, an_account

HUBS = [f"hub{number:04d}" for number in range(1203)]  # more than fit into one statement
SOME = HUBS[::2]


@pytest.fixture(params=["fake", "sqlite"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    if request.param == "fake":
        fake = FakeDatabase()
        await furnish(fake)
        yield fake
        return
    async with open_database(f"sqlite+aiosqlite:///{tmp_path}/cloud.db") as opened:
        await furnish(opened)
        yield opened


async def furnish(database: Database) -> None:
    """Each hub has a camera with one step."""
    async with database.begin() as transaction:
        await transaction.people.add_account(an_account())
        for number, hub in enumerate(HUBS):
            await transaction.hubs.add_hub(a_hub(hub))
            camera = a_camera(f"{number:012x}", ANNA, hub)
            await transaction.cameras.bind(camera, [WindowStep(NOON_MS, 1000 * (number + 1))])


async def test_each_serial_is_counted_up_by_one(database: Database) -> None:
    async with database.begin() as transaction:
        await transaction.hubs.next_serial(HUBS[0])
        serials = await transaction.hubs.next_serials([*SOME, "nobody"])
        assert await transaction.hubs.next_serial(HUBS[1]) == 1
    assert serials == {hub: 2 if hub == HUBS[0] else 1 for hub in SOME}


async def test_cameras_are_found_for_many_hubs(database: Database) -> None:
    async with database.read() as view:
        found = await view.cameras.of_hubs(SOME)
    assert [camera.hub for camera in found] == SOME


async def test_steps_are_found_for_many_cameras(database: Database) -> None:
    cameras = [f"{number:012x}" for number in range(0, len(HUBS), 2)]
    async with database.read() as view:
        found = await view.cameras.steps_of([*cameras, "nobody"])
        one = await view.cameras.steps(cameras[1])
    assert list(found) == cameras
    assert found[cameras[1]] == one


async def test_what_was_published_is_done_for_many_hubs(database: Database) -> None:
    async with database.begin() as transaction:
        await transaction.publications.mark_all_due(NOON_MS)
        claimed = await transaction.publications.claim(len(HUBS), NOON_MS, 1000)
        await transaction.publications.mark_due(SOME[3], NOON_MS)
        await transaction.publications.all_done(SOME, NOON_MS, NOON_MS + 1)
    async with database.begin() as transaction:
        left = await transaction.publications.claim(len(HUBS), NOON_MS + 1000, 1000)
    assert set(claimed) == set(HUBS)
    assert set(left) == set(HUBS) - set(SOME) | {SOME[3]}


async def test_a_lease_that_went_to_another_is_not_done(database: Database) -> None:
    async with database.begin() as transaction:
        await transaction.publications.mark_all_due(NOON_MS)
        await transaction.publications.claim(len(HUBS), NOON_MS, 1000)
        await transaction.publications.claim(len(HUBS), NOON_MS + 1000, 1000)
        await transaction.publications.all_done(HUBS, NOON_MS, NOON_MS + 1500)
        assert len(await transaction.publications.claim(len(HUBS), NOON_MS + 2000, 1000)) == len(HUBS)
