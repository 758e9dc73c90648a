"""What the store said it deleted is remembered until it was looked at; what is back is garbage again."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.domain.keys import run_key, segment_key
from backsight_cloud.domain.records import Deleted, Garbage
from backsight_cloud.ports import Database
from fakes.clock import NOON_MS
from fakes.database import FakeDatabase
from fakes.household import ANNA, BERT, DOOR, a_run, move_in, record, segments_of


@pytest.fixture(params=["fake", "sqlite"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    if request.param == "fake":
        fake = FakeDatabase()
        await move_in(fake)
        yield fake
        return
    async with open_database(f"sqlite+aiosqlite:///{tmp_path}/cloud.db") as opened:
        await move_in(opened)
        yield opened


async def test_they_are_due_in_order_of_their_time(database: Database) -> None:
    async with database.begin() as tx:
        await tx.deletions.note([("b", DOOR)], NOON_MS + 2)
        await tx.deletions.note([("c", DOOR), ("a", DOOR)], NOON_MS)
        assert await tx.deletions.waiting() == 3
        assert await tx.deletions.due(NOON_MS - 1, 10) == []
        assert [one.key for one in await tx.deletions.due(NOON_MS + 2, 10)] == ["a", "c", "b"]
        assert [one.key for one in await tx.deletions.due(NOON_MS + 2, 1)] == ["a"]


async def test_one_that_is_looked_at_again_is_due_later_and_counts_its_looks(database: Database) -> None:
    async with database.begin() as tx:
        await tx.deletions.note([("a", DOOR), ("b", DOOR)], NOON_MS)
        await tx.deletions.look_again(["a"], NOON_MS + 5)
        await tx.deletions.forget(["b", "never was"])
        assert await tx.deletions.due(NOON_MS + 4, 10) == []
        assert await tx.deletions.due(NOON_MS + 5, 10) == [Deleted("a", DOOR, NOON_MS + 5, 1)]


async def test_one_that_came_back_is_garbage_again(database: Database) -> None:
    async with database.begin() as tx:
        await tx.deletions.note([("a", DOOR), ("b", DOOR)], NOON_MS)
        assert await tx.deletions.came_back(["a", "never was"], NOON_MS + 1) == 1
        assert await tx.footage.garbage(10) == [Garbage("a", DOOR, NOON_MS + 1)]
        assert await tx.deletions.waiting() == 1


async def test_one_that_was_placed_anew_is_no_deletion_any_more(database: Database) -> None:
    async with database.begin() as tx:
        await tx.deletions.note([("a", DOOR)], NOON_MS)
        await tx.footage.note_placed([("a", DOOR)], NOON_MS)
        assert await tx.deletions.came_back(["a"], NOON_MS + 1) == 0
        assert await tx.footage.garbage(10) == []


async def test_known_is_what_is_indexed_placed_garbage_or_noted(database: Database) -> None:
    run = a_run()
    await record(database, run, segments_of(run, 1))
    keys = [segment_key(ANNA, DOOR, NOON_MS), run_key(ANNA, DOOR, NOON_MS)]
    strangers = [segment_key(BERT, DOOR, NOON_MS), run_key(ANNA, DOOR, NOON_MS + 1), "lost+found"]
    async with database.begin() as tx:
        await tx.footage.note_placed([("p", DOOR), ("g", DOOR)], NOON_MS)
        await tx.footage.forget_placed(["p"])
        await tx.footage.discard_placed_before(NOON_MS + 1, NOON_MS)
        await tx.footage.note_placed([("p", DOOR)], NOON_MS)
        await tx.deletions.note([("d", DOOR)], NOON_MS)
    async with database.read() as tx:
        known = {*keys, "p", "g", "d"}
        assert await tx.deletions.known_among([*known, *strangers]) == known
