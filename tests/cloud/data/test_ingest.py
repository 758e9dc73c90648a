"""Uploaded means durably stored and indexed: "stored" is not said before, and nothing is stored twice."""

from dataclasses import replace

import pytest

from backsight_cloud.domain.bounds import LARGEST_INIT_BYTES, LATEST_MS, LONGEST_SEGMENT_MS
from backsight_cloud.domain.keys import run_key, segment_key
from backsight_cloud.domain.records import Hub
from backsight_cloud.services.ingest import ADDRESS_LIFE_MS, Ingest, StillLeaving
from backsight_cloud.services.offers import NotBoundYet
from backsight_cloud.services.pruning import UNCOMMITTED_MS
from backsight_cloud.services.wakes import Wakes
from backsight_shared.errors import Malformed
from backsight_shared.segment import Run, Segment
from backsight_shared.window import WindowStep
from backsight_shared.wire import BATCH_SEGMENTS, MAX_OBJECT_BYTES, Batch, Commits, Places, RunOffer
from fakes.clock import NOON_MS, FakeClock
from fakes.database import FakeDatabase
from fakes.household import (
    ANNA,
    DOOR,
    FOREIGN,
    HOUR_MS,
    MINUTE_MS,
    a_camera,
    a_hub,
    a_run,
    move_in,
    segments_of,
)
from fakes.objects import FakeObjects

RUN = a_run(NOON_MS - MINUTE_MS)
INIT_BYTES = 50


class Cloud:
    """An ingest with its fakes, and Anna's hub that talks to it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.database, self.objects, self.wakes = FakeDatabase(), FakeObjects(), Wakes()
        self.ingest = Ingest(self.database, self.objects, self.clock, self.wakes)
        self.hub = a_hub()

    async def places(self, batch: Batch, hub: Hub | None = None) -> Places:
        return await self.ingest.places(hub or self.hub, batch)

    async def commits(self, batch: Batch, hub: Hub | None = None) -> Commits:
        return await self.ingest.commits(hub or self.hub, batch)

    async def upload(self, batch: Batch) -> Commits:
        await self.places(batch)
        await self.put(batch)
        return await self.commits(batch)

    async def put(self, batch: Batch) -> None:
        for offer in batch.runs:
            await self.objects.put(run_key(ANNA, offer.run.camera, offer.run.run_ms), b"i" * offer.init_bytes)
        for segment in batch.segments:
            await self.objects.put(
                segment_key(ANNA, segment.camera, segment.start_ms), b"s" * segment.size_bytes
            )

    async def indexed(self) -> list[Segment]:
        async with self.database.read() as tx:
            return list(await tx.footage.segments(ANNA, DOOR, 0, LATEST_MS, None))


@pytest.fixture
async def cloud() -> Cloud:
    made = Cloud()
    await move_in(made.database)
    return made


def a_batch(run: Run = RUN, count: int = 2, first: int = 0, *, with_run: bool = True) -> Batch:
    runs = (RunOffer(run, INIT_BYTES),) if with_run else ()
    return Batch(runs, tuple(segments_of(run, count, first)))


def states(answer: Places | Commits) -> list[str]:
    return [item.state for item in (*answer.runs, *answer.segments)]


# ------------------------------------------------------------ places


async def test_a_place_is_given_for_each_run_and_segment_in_the_batchs_order(cloud: Cloud) -> None:
    places = await cloud.places(a_batch())
    expires = NOON_MS + ADDRESS_LIFE_MS
    assert states(places) == ["put", "put", "put"]
    assert places.runs[0].url == cloud.objects.put_address(
        run_key(ANNA, DOOR, RUN.run_ms), INIT_BYTES, expires
    )
    first = segments_of(RUN)[0]
    key = segment_key(ANNA, DOOR, first.start_ms)
    assert places.segments[0].url == cloud.objects.put_address(key, first.size_bytes, expires)


async def test_an_address_ends_long_before_what_was_put_there_becomes_garbage() -> None:
    assert ADDRESS_LIFE_MS + 600_000 < UNCOMMITTED_MS


async def test_what_is_indexed_already_needs_no_place(cloud: Cloud) -> None:
    await cloud.upload(a_batch(count=1))
    assert states(await cloud.places(a_batch(count=2))) == ["have", "have", "put"]


async def test_what_has_expired_is_refused_for_good(cloud: Cloud) -> None:
    old = a_run(NOON_MS - 12 * HOUR_MS - 10_000)
    places = await cloud.places(a_batch(old))
    assert states(places) == ["put", "refused", "put"]
    assert places.segments[0].reason == "expired"


async def test_a_camera_of_another_account_is_refused_without_naming_it(cloud: Cloud) -> None:
    places = await cloud.places(a_batch(a_run(camera=FOREIGN)))
    assert states(places) == ["refused", "refused", "refused"]
    assert places.runs[0].reason == "this camera belongs to another account"


async def test_another_hub_of_the_account_cannot_upload_for_a_camera(cloud: Cloud) -> None:
    places = await cloud.places(a_batch(), replace(a_hub(), id="another hub"))
    assert states(places) == ["refused", "refused", "refused"]


async def test_a_camera_that_was_not_reported_yet_is_worth_another_try(cloud: Cloud) -> None:
    with pytest.raises(NotBoundYet, match="report it first"):
        await cloud.places(a_batch(a_run(camera="0" * 12)))


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"size_bytes": MAX_OBJECT_BYTES + 1}, "bytes is refused"),
        ({"end_ms": NOON_MS + LONGEST_SEGMENT_MS + 1}, "longer than"),
        ({"start_ms": -1, "end_ms": 5}, "time is refused"),
        ({"start_ms": LATEST_MS + 1, "end_ms": LATEST_MS + 2}, "time is refused"),
        ({"run_ms": 10**30}, "time is refused"),
    ],
)
async def test_a_segment_that_no_hub_makes_is_refused(
    cloud: Cloud, wrong: dict[str, int], reason: str
) -> None:
    segment = replace(segments_of(a_run(NOON_MS), 1)[0], **wrong)  # type: ignore[arg-type]
    places = await cloud.places(Batch((), (segment,)))
    assert states(places) == ["refused"]
    assert reason in places.segments[0].reason


@pytest.mark.parametrize(
    "offer",
    [
        RunOffer(RUN, 0),
        RunOffer(RUN, LARGEST_INIT_BYTES + 1),
        RunOffer(a_run(10**20), 50),
        RunOffer(a_run(after="x" * 65), 50),
    ],
)
async def test_a_run_that_no_hub_makes_is_refused(cloud: Cloud, offer: RunOffer) -> None:
    assert states(await cloud.places(Batch((offer,), ()))) == ["refused"]


async def test_a_batch_that_is_too_long_is_malformed(cloud: Cloud) -> None:
    with pytest.raises(Malformed, match="at most 32"):
        await cloud.places(a_batch(count=BATCH_SEGMENTS + 1))


async def test_nothing_is_put_where_garbage_has_not_gone_yet(cloud: Cloud) -> None:
    batch = a_batch()
    await cloud.places(batch)
    async with cloud.database.begin() as tx:
        await tx.footage.discard_placed_before(NOON_MS + 1, NOON_MS + 1)
    with pytest.raises(StillLeaving):
        await cloud.places(batch)


# ------------------------------------------------------------ commits


async def test_what_was_put_is_stored_and_indexed(cloud: Cloud) -> None:
    batch = a_batch()
    assert states(await cloud.upload(batch)) == ["stored", "stored", "stored"]
    assert await cloud.indexed() == list(batch.segments)


async def test_what_was_not_put_is_missing_and_not_indexed(cloud: Cloud) -> None:
    await cloud.places(a_batch())
    assert states(await cloud.commits(a_batch())) == ["missing", "missing", "missing"]
    assert await cloud.indexed() == []


async def test_an_object_of_another_size_is_missing(cloud: Cloud) -> None:
    batch = a_batch(count=1)
    await cloud.places(batch)
    await cloud.put(batch)
    await cloud.objects.put(segment_key(ANNA, DOOR, RUN.run_ms), b"too short")
    assert states(await cloud.commits(batch)) == ["stored", "missing"]


async def test_committing_twice_changes_nothing(cloud: Cloud) -> None:
    batch = a_batch()
    first = await cloud.upload(batch)
    assert await cloud.commits(batch) == first
    assert await cloud.indexed() == list(batch.segments)


async def test_uploading_the_whole_batch_again_changes_nothing(cloud: Cloud) -> None:
    batch = a_batch()
    await cloud.upload(batch)
    assert states(await cloud.upload(batch)) == ["stored", "stored", "stored"]
    assert await cloud.indexed() == list(batch.segments)


async def test_segments_of_a_run_whose_init_is_still_missing_wait_for_it(cloud: Cloud) -> None:
    batch = a_batch()
    await cloud.places(batch)
    await cloud.put(batch)
    del cloud.objects.held[run_key(ANNA, DOOR, RUN.run_ms)]
    assert states(await cloud.commits(batch)) == ["missing", "missing", "missing"]
    await cloud.put(batch)
    assert states(await cloud.commits(batch)) == ["stored", "stored", "stored"]


async def test_later_segments_of_a_run_need_no_second_init(cloud: Cloud) -> None:
    await cloud.upload(a_batch(count=1))
    assert states(await cloud.upload(a_batch(count=1, first=1, with_run=False))) == ["stored"]


async def test_segments_of_a_run_that_was_never_uploaded_are_refused(cloud: Cloud) -> None:
    commits = await cloud.upload(a_batch(with_run=False))
    assert states(commits) == ["refused", "refused"]
    assert await cloud.indexed() == []


async def test_a_run_whose_row_was_lost_is_taken_up_again_when_its_init_is_there(cloud: Cloud) -> None:
    await cloud.objects.put(run_key(ANNA, DOOR, RUN.run_ms), b"init")
    assert states(await cloud.upload(a_batch(with_run=False))) == ["stored", "stored"]


async def test_what_expired_between_place_and_commit_is_refused_and_its_object_goes(cloud: Cloud) -> None:
    old = a_run(NOON_MS - 12 * HOUR_MS)
    batch = a_batch(old, count=1)
    await cloud.places(batch)
    await cloud.put(batch)
    cloud.clock.jump(10_000)
    commits = await cloud.commits(batch)
    assert (commits.segments[0].state, commits.segments[0].reason) == ("refused", "expired")
    assert cloud.wakes.prune.is_set()
    async with cloud.database.begin() as tx:
        assert await tx.footage.discard_placed_before(1, NOON_MS) == 1


async def test_what_was_discarded_before_the_commit_is_missing_and_never_half_stored(cloud: Cloud) -> None:
    batch = a_batch()
    await cloud.places(batch)
    await cloud.put(batch)
    async with cloud.database.begin() as tx:
        await tx.footage.discard_placed_before(NOON_MS + 1, NOON_MS + 1)
    assert states(await cloud.commits(batch)) == ["missing", "missing", "missing"]
    assert await cloud.indexed() == []


async def test_a_foreign_cameras_batch_is_refused_at_the_commit_too(cloud: Cloud) -> None:
    commits = await cloud.commits(a_batch(a_run(camera=FOREIGN)))
    assert states(commits) == ["refused", "refused", "refused"]


async def test_a_mixed_batch_stores_what_can_be_stored(cloud: Cloud) -> None:
    good, foreign = a_batch(count=1), a_batch(a_run(camera=FOREIGN), count=1)
    await cloud.upload(good)
    mixed = Batch((*good.runs, *foreign.runs), (*good.segments, *foreign.segments))
    assert states(await cloud.commits(mixed)) == ["stored", "refused", "stored", "refused"]


async def test_the_pruner_is_woken_by_a_cameras_first_segment_and_by_older_ones_only(cloud: Cloud) -> None:
    await cloud.upload(a_batch(count=1, first=1))
    assert cloud.wakes.prune.is_set()
    cloud.wakes.prune.clear()
    await cloud.upload(a_batch(count=1, first=2))
    assert not cloud.wakes.prune.is_set()
    await cloud.upload(a_batch(count=1, first=0))
    assert cloud.wakes.prune.is_set()


async def test_an_upgrade_lets_nothing_back_in_that_was_outside(cloud: Cloud) -> None:
    async with cloud.database.begin() as tx:
        steps = (WindowStep(0, 12 * HOUR_MS), WindowStep(NOON_MS, 48 * HOUR_MS))
        await tx.cameras.replace_steps(DOOR, steps)
    outside = a_run(NOON_MS - 13 * HOUR_MS)
    assert states(await cloud.places(a_batch(outside, with_run=False))) == ["refused", "refused"]


async def test_a_camera_that_moved_to_another_hub_is_taken_from_that_hub(cloud: Cloud) -> None:
    async with cloud.database.begin() as tx:
        await tx.hubs.add_hub(a_hub("hub-2"))
        await tx.cameras.update(a_camera(hub="hub-2"))
    assert states(await cloud.places(a_batch())) == ["refused"] * 3
    assert states(await cloud.places(a_batch(), a_hub("hub-2"))) == ["put"] * 3
