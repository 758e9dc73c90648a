"""Store and database are compared on demand: strangers and losses are found, nothing is done on doubt."""

import pytest

from backsight_cloud.domain.keys import Named, named, run_key, segment_key
from backsight_cloud.services.auditing import FEW, OLD_MS, Findings, NotOurs, audit, settle
from backsight_cloud.services.pruning import PruneHealth, Pruner
from backsight_cloud.services.wakes import Wakes
from backsight_shared.segment import Segment
from fakes.clock import NOON_MS, FakeClock
from fakes.database import FakeDatabase
from fakes.household import ANNA, DAY_MS, DOOR, HOUR_MS, a_run, move_in, record, segments_of
from fakes.objects import FakeObjects

RUN = a_run(NOON_MS - HOUR_MS)
STRANGER = segment_key("nobody", DOOR, NOON_MS)


class Cloud:
    """A camera with two stretches of footage, all of which is in the store, and old."""

    def __init__(self) -> None:
        self.clock, self.database, self.objects = FakeClock(), FakeDatabase(), FakeObjects()
        self.objects.changed_ms = NOON_MS - OLD_MS - 1
        early = a_run(NOON_MS - DAY_MS)
        self.segments = [*segments_of(early), *segments_of(RUN)]
        self.runs = [early, RUN]

    async def filled(self) -> "Cloud":
        await move_in(self.database)
        for run in self.runs:
            mine = [segment for segment in self.segments if segment.run_ms == run.run_ms]
            await record(self.database, run, mine)
            self.objects.held[run_key(ANNA, DOOR, run.run_ms)] = b"init"
        self.objects.held |= {key_of(one): b"s" * one.size_bytes for one in self.segments}
        return self

    async def audit(self, *, settling: bool = False) -> Findings:
        findings = await audit(self.database, self.objects, self.clock)
        if settling:
            await settle(self.database, self.objects, self.clock, findings)
        return findings


def key_of(segment: Segment) -> str:
    return segment_key(ANNA, segment.camera, segment.start_ms)


@pytest.fixture
async def cloud() -> Cloud:
    return await Cloud().filled()


def test_names_are_read_as_they_are_written() -> None:
    assert named(segment_key(ANNA, DOOR, NOON_MS)) == Named(ANNA, DOOR, "segment", NOON_MS)
    assert named(run_key(ANNA, DOOR, NOON_MS)) == Named(ANNA, DOOR, "run", NOON_MS)


@pytest.mark.parametrize(
    "key",
    ["lost+found", f"{ANNA}/{DOOR}/20200101/{NOON_MS}.m4s", f"{ANNA}/{DOOR}/runs/0{NOON_MS}.mp4", "a/b/c"],
)
def test_what_we_never_name_is_nothing_of_ours(key: str) -> None:
    assert named(key) is None


async def test_when_all_belongs_together_nothing_is_found(cloud: Cloud) -> None:
    found = await cloud.audit()
    assert found == Findings(objects=8, size_bytes=608, segments=6)


async def test_an_object_that_nobody_knows_is_found_when_it_is_old(cloud: Cloud) -> None:
    cloud.objects.held[STRANGER] = b"who"
    found = await cloud.audit()
    assert (found.strangers, found.strangers_bytes, found.examples) == (1, 3, [STRANGER])
    cloud.objects.changed_ms = NOON_MS - OLD_MS + 1
    assert (await cloud.audit()).strangers == 0


async def test_settled_it_is_garbage_and_deleted_by_the_service(cloud: Cloud) -> None:
    cloud.objects.held[STRANGER] = b"who"
    assert (await cloud.audit(settling=True)).settled
    pruner = Pruner(cloud.database, cloud.objects, Wakes(), cloud.clock, PruneHealth())
    await pruner.once(look=True)
    assert STRANGER not in cloud.objects.held


async def test_what_is_not_named_as_ours_is_left_alone(cloud: Cloud) -> None:
    cloud.objects.held["lost+found"] = b"who"
    found = await cloud.audit(settling=True)
    assert (found.foreign, found.strangers) == (1, 0)
    async with cloud.database.read() as tx:
        assert await tx.footage.placed_among(["lost+found"]) == set()


async def test_a_segment_without_its_object_is_lost_and_settled_it_is_a_line_of_the_ledger(
    cloud: Cloud,
) -> None:
    del cloud.objects.held[key_of(cloud.segments[4])]
    cloud.objects.held[key_of(cloud.segments[5])] = b"half"
    assert (await cloud.audit()).lost == 2
    await cloud.audit(settling=True)
    async with cloud.database.read() as tx:
        left = await tx.footage.segments(ANNA, DOOR, 0, 2**50, None)
        lines = await tx.footage.erasures(ANNA, DOOR, 9)
    assert left == cloud.segments[:4]
    assert [(line.reason, line.count) for line in lines] == [("lost", 2)]


async def test_a_store_that_is_not_there_loses_nothing(cloud: Cloud) -> None:
    late = a_run(NOON_MS)
    await record(cloud.database, late, segments_of(late, FEW + 1))
    cloud.objects.held.clear()
    with pytest.raises(NotOurs, match="media folder"):
        await cloud.audit(settling=True)
    async with cloud.database.read() as tx:
        assert await tx.footage.erasures(ANNA, DOOR, 9) == []


async def test_another_databases_objects_are_not_deleted(cloud: Cloud) -> None:
    empty = replace_database(cloud)
    await move_in(empty.database)
    cloud.objects.held |= {segment_key("nobody", DOOR, NOON_MS + at): b"s" for at in range(FEW)}
    with pytest.raises(NotOurs, match="unknown"):
        await empty.audit(settling=True)


def replace_database(cloud: Cloud) -> Cloud:
    other = Cloud()
    other.objects = cloud.objects
    return other
