"""A row goes only when the store confirmed; and a store whose word is not true is found, and asked again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from backsight_cloud.domain.deletions import FIRST_LOOK_MS, SECOND_LOOK_MS, is_looked_at_twice
from backsight_cloud.domain.keys import segment_key
from backsight_cloud.ports import ObjectsUnavailable
from backsight_cloud.services import sweeping
from backsight_cloud.services.pruning import PruneHealth, Pruner
from backsight_cloud.services.verifying import BATCH, LOOK_EVERY_S, verify_forever, verify_what_is_due
from backsight_cloud.services.wakes import Wakes
from fakes.clock import NOON_MS, FakeClock, settle
from fakes.database import FakeDatabase
from fakes.household import ANNA, DOOR, HOUR_MS, a_camera, a_run, move_in, record, segments_of
from fakes.objects import FakeObjects

RUN = a_run(NOON_MS - HOUR_MS)


class HalfWay(FakeObjects):
    """A store that dies in the middle of deleting."""

    async def delete(self, keys: Sequence[str]) -> Sequence[str]:
        await super().delete(keys[: len(keys) // 2])
        raise ObjectsUnavailable("the store went away")


class Cloud:
    def __init__(self, objects: FakeObjects) -> None:
        self.clock, self.wakes, self.health = FakeClock(), Wakes(), PruneHealth()
        self.database, self.objects = FakeDatabase(), objects
        self.pruner = Pruner(self.database, objects, self.wakes, self.clock, self.health)

    async def erase(self, count: int = 4) -> list[str]:
        """The keys of so many segments, which are garbage now."""
        await move_in(self.database)
        segments = segments_of(RUN, count)
        await record(self.database, RUN, segments)
        keys = [segment_key(ANNA, DOOR, segment.start_ms) for segment in segments]
        self.objects.held |= dict.fromkeys(keys, b"s")
        async with self.database.begin() as tx:
            await tx.erasing.erase_all(a_camera(), "owner", NOON_MS)
        return keys

    async def verify(self, after_ms: int = 0) -> None:
        self.clock.jump(after_ms)
        await verify_what_is_due(self.database, self.objects, self.wakes, self.clock, self.health)

    async def garbage(self) -> list[str]:
        async with self.database.read() as tx:
            return [one.key for one in await tx.footage.garbage(100) if one.key.endswith(".m4s")]

    async def noted(self) -> int:
        async with self.database.read() as tx:
            return await tx.deletions.waiting()

    @asynccontextmanager
    async def verifying(self) -> AsyncIterator[None]:
        run = verify_forever(self.database, self.objects, self.wakes, self.clock, self.health)
        task = asyncio.create_task(run)
        await settle()
        try:
            yield
            assert not task.done()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


# ------------------------------------------------------------ the row goes after the object


async def test_garbage_stays_while_the_store_does_not_answer(cloud_keys: tuple[Cloud, list[str]]) -> None:
    cloud, keys = cloud_keys
    cloud.objects.fails_with = ObjectsUnavailable("away")
    await cloud.pruner.once(look=True)
    assert await cloud.garbage() == keys
    assert cloud.health.last_success_ms is None


async def test_garbage_stays_when_the_store_dies_half_way_through() -> None:
    cloud = Cloud(HalfWay())
    keys = await cloud.erase()
    await cloud.pruner.once(look=True)
    assert len(cloud.objects.held) < len(keys)
    assert await cloud.garbage() == keys
    assert await cloud.noted() == 0


async def test_only_what_was_confirmed_is_forgotten(cloud_keys: tuple[Cloud, list[str]]) -> None:
    cloud, keys = cloud_keys
    cloud.objects.undeletable = set(keys[:1])
    await cloud.pruner.once(look=True)
    assert await cloud.garbage() == keys[:1]
    assert cloud.health.stuck_objects == 1


# ------------------------------------------------------------ and its word is checked


@pytest.fixture
async def cloud_keys() -> tuple[Cloud, list[str]]:
    cloud = Cloud(FakeObjects())
    return cloud, await cloud.erase()


async def test_nothing_is_said_of_an_honest_store(cloud_keys: tuple[Cloud, list[str]]) -> None:
    cloud, keys = cloud_keys
    await cloud.pruner.once(look=True)
    await cloud.verify(FIRST_LOOK_MS)
    assert cloud.health.lying_deletes == 0
    assert await cloud.noted() == sum(map(is_looked_at_twice, keys))


async def test_what_is_still_there_is_counted_and_deleted_again(cloud_keys: tuple[Cloud, list[str]]) -> None:
    cloud, keys = cloud_keys
    cloud.objects.lies_about = set(keys[:2])
    await cloud.pruner.once(look=True)
    assert await cloud.garbage() == []
    await cloud.verify(FIRST_LOOK_MS - 1)
    assert cloud.health.lying_deletes == 0
    await cloud.verify(1)
    assert cloud.health.lying_deletes == 2
    assert await cloud.garbage() == keys[:2]
    assert cloud.wakes.prune.is_set()
    cloud.objects.lies_about.clear()
    await cloud.pruner.once(look=True)
    assert not cloud.objects.held.keys() & set(keys)


async def test_a_store_that_goes_on_lying_is_found_again_and_again(
    cloud_keys: tuple[Cloud, list[str]],
) -> None:
    cloud, keys = cloud_keys
    cloud.objects.lies_about = set(keys[:1])
    for times in range(1, 4):
        await cloud.pruner.once(look=True)
        await cloud.verify(FIRST_LOOK_MS)
        assert cloud.health.lying_deletes == times


async def test_some_are_looked_at_a_day_later_as_well() -> None:
    cloud = Cloud(FakeObjects())
    keys = await cloud.erase(200)
    (again, *_), of_all = [key for key in keys if is_looked_at_twice(key)], len(keys)
    assert of_all / 32 < sum(map(is_looked_at_twice, keys)) < of_all / 8
    await cloud.pruner.once(look=True)
    await cloud.verify(FIRST_LOOK_MS)
    cloud.objects.held[again] = b"back"  # a store that undeletes
    await cloud.verify(SECOND_LOOK_MS)
    assert cloud.health.lying_deletes == 1
    assert await cloud.noted() == 0
    assert await cloud.garbage() == [again]


async def test_an_object_that_was_put_anew_is_no_lie(cloud_keys: tuple[Cloud, list[str]]) -> None:
    cloud, keys = cloud_keys
    await cloud.pruner.once(look=True)
    async with cloud.database.begin() as tx:
        await tx.footage.note_placed([(keys[0], DOOR)], cloud.clock.now_ms())
    cloud.objects.held[keys[0]] = b"anew"
    await cloud.verify(FIRST_LOOK_MS)
    assert cloud.health.lying_deletes == 0
    assert await cloud.garbage() == []


async def test_more_than_one_batch_is_looked_at_in_one_pass() -> None:
    cloud = Cloud(FakeObjects())
    async with cloud.database.begin() as tx:
        await tx.deletions.note([(f"a/{number}", DOOR) for number in range(2 * BATCH + 1)], NOON_MS)
    cloud.objects.held = {f"a/{number}": b"s" for number in (0, 2 * BATCH)}
    await cloud.verify()
    assert cloud.health.lying_deletes == 2


async def test_what_is_too_much_to_be_noted_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "MOST_NOTED", 3)
    cloud = Cloud(FakeObjects())
    await cloud.erase(6)
    await cloud.pruner.once(look=True)
    assert await cloud.noted() == 3
    assert cloud.health.unverified_deletes == 4  # and an init
    assert await cloud.garbage() == []


async def test_it_looks_by_itself_now_and_then(cloud_keys: tuple[Cloud, list[str]]) -> None:
    cloud, keys = cloud_keys
    cloud.objects.lies_about = set(keys)
    await cloud.pruner.once(look=True)
    async with cloud.verifying():
        assert cloud.health.deletes_to_verify == 5
        await cloud.clock.advance(FIRST_LOOK_MS / 1000 + LOOK_EVERY_S)
        assert cloud.health.lying_deletes == 4
