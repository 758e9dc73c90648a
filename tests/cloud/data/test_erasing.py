"""What an owner erases is announced, confirmed, gone at once, told to the hub, and does not come back."""

from dataclasses import replace

import pytest

from backsight_cloud.domain.keys import run_key, segment_key
from backsight_cloud.domain.records import Extent
from backsight_cloud.services.erasing import (
    CONFIRM_LIFE_MS,
    MOST_LATE,
    NotConfirmed,
    NothingToErase,
    OwnersErasing,
    TooManySpans,
)
from backsight_cloud.services.ingest import Ingest
from backsight_cloud.services.noting import note_events
from backsight_cloud.services.playback import UnknownCamera
from backsight_cloud.services.pruning import PruneHealth, Pruner
from backsight_cloud.services.wakes import Wakes
from backsight_shared.erased import MOST_SPANS, ErasedSpan, Wanted
from backsight_shared.segment import Segment
from backsight_shared.wire import Batch, EventsReport, RunOffer
from fakes.clock import NOON_MS, FakeClock
from fakes.database import FakeDatabase
from fakes.household import (
    ANNA,
    BERT,
    DOOR,
    HOUR_MS,
    HUB,
    MINUTE_MS,
    SECOND_MS,
    YARD,
    a_hub,
    a_run,
    an_event,
    move_in,
    record,
    segments_of,
)
from fakes.objects import FakeObjects

RUN = a_run(NOON_MS - 10 * MINUTE_MS)
SEGMENTS = segments_of(RUN, 6)
MINUTE = Wanted(RUN.run_ms, RUN.run_ms + MINUTE_MS)


class Cloud:
    """It is noon; the door's camera has a minute of footage, ten minutes old."""

    def __init__(self) -> None:
        self.clock, self.wakes = FakeClock(), Wakes()
        self.database, self.objects = FakeDatabase(), FakeObjects()
        self.erasing = OwnersErasing(self.database, b"key", self.wakes, self.clock)
        self.ingest = Ingest(self.database, self.objects, self.clock, self.wakes)
        self.pruner = Pruner(self.database, self.objects, self.wakes, self.clock, PruneHealth())

    async def erase(self, wanted: Wanted) -> Extent:
        preview = await self.erasing.preview(ANNA, DOOR, wanted)
        return (await self.erasing.erase(ANNA, DOOR, wanted, preview.confirm)).extent

    async def left(self, camera: str = DOOR) -> list[Segment]:
        async with self.database.read() as tx:
            return list(await tx.footage.segments(ANNA, camera, 0, 2**50, None))

    async def spans(self) -> tuple[ErasedSpan, ...]:
        async with self.database.read() as tx:
            return (await tx.erasing.spans_of([DOOR])).get(DOOR, ())

    async def upload(self, *segments: Segment) -> list[str]:
        """As a hub does; what became of each."""
        batch = Batch((RunOffer(RUN, 4),), segments)
        await self.ingest.places(a_hub(), batch)
        return await self.put_and_commit(batch)

    async def put_and_commit(self, batch: Batch) -> list[str]:
        await self.objects.put(run_key(ANNA, DOOR, RUN.run_ms), b"init")
        for segment in batch.segments:
            await self.objects.put(key_of(segment), b"s" * segment.size_bytes)
        commits = await self.ingest.commits(a_hub(), batch)
        return [commit.reason or commit.state for commit in commits.segments]


def key_of(segment: Segment) -> str:
    return segment_key(ANNA, segment.camera, segment.start_ms)


@pytest.fixture
async def cloud() -> Cloud:
    made = Cloud()
    await move_in(made.database)
    await record(made.database, RUN, SEGMENTS)
    made.objects.held = {key_of(segment): b"s" for segment in SEGMENTS}
    return made


# ------------------------------------------------------------ announced


async def test_a_preview_says_what_would_go_and_takes_nothing(cloud: Cloud) -> None:
    async with cloud.database.begin() as tx:
        await tx.events.note(ANNA, [an_event(-600, 5)])
    preview = await cloud.erasing.preview(ANNA, DOOR, Wanted(RUN.run_ms + 15_000, RUN.run_ms + 30_000))
    assert preview.extent == Extent(2, 200, RUN.run_ms + 10_000, RUN.run_ms + 30_000, 0)
    assert preview.confirm_until_ms == NOON_MS + CONFIRM_LIFE_MS
    assert await cloud.left() == SEGMENTS
    assert not cloud.wakes.publish.is_set()


async def test_what_has_no_history_cannot_be_erased(cloud: Cloud) -> None:
    for wanted in (Wanted(0, NOON_MS - 12 * HOUR_MS), Wanted(NOON_MS, NOON_MS + 1)):
        with pytest.raises(NothingToErase):
            await cloud.erasing.preview(ANNA, DOOR, wanted)


async def test_another_accounts_camera_is_unknown(cloud: Cloud) -> None:
    preview = await cloud.erasing.preview(ANNA, DOOR, MINUTE)
    with pytest.raises(UnknownCamera):
        await cloud.erasing.preview(BERT, DOOR, MINUTE)
    with pytest.raises(UnknownCamera):
        await cloud.erasing.erase(BERT, DOOR, MINUTE, preview.confirm)


# ------------------------------------------------------------ confirmed


async def test_what_was_confirmed_is_gone_at_once(cloud: Cloud) -> None:
    assert await cloud.erase(Wanted(RUN.run_ms, RUN.run_ms + 30_000)) == Extent(
        3, 300, RUN.run_ms, RUN.run_ms + 30_000
    )
    assert await cloud.left() == SEGMENTS[3:]


async def test_its_objects_are_deleted_and_the_ledger_says_who_wanted_it(cloud: Cloud) -> None:
    await cloud.erase(Wanted())
    await cloud.pruner.once(look=True)
    assert not cloud.objects.held
    async with cloud.database.read() as tx:
        assert [(line.reason, line.count) for line in await tx.footage.erasures(ANNA, DOOR, 9)] == [
            ("owner", 6)
        ]
        assert await tx.footage.garbage(9) == []


async def test_confirming_twice_changes_nothing(cloud: Cloud) -> None:
    preview = await cloud.erasing.preview(ANNA, DOOR, MINUTE)
    await cloud.erasing.erase(ANNA, DOOR, MINUTE, preview.confirm)
    again = await cloud.erasing.erase(ANNA, DOOR, MINUTE, preview.confirm)
    assert again.extent == Extent()
    assert len(await cloud.spans()) == 1


async def test_a_confirmation_ends(cloud: Cloud) -> None:
    preview = await cloud.erasing.preview(ANNA, DOOR, MINUTE)
    cloud.clock.jump(CONFIRM_LIFE_MS)
    with pytest.raises(NotConfirmed, match="ended"):
        await cloud.erasing.erase(ANNA, DOOR, MINUTE, preview.confirm)
    assert await cloud.left() == SEGMENTS


@pytest.mark.parametrize("other", [Wanted(), Wanted(MINUTE.from_ms, NOON_MS)])
async def test_a_confirmation_is_of_nothing_but_its_own_preview(cloud: Cloud, other: Wanted) -> None:
    preview = await cloud.erasing.preview(ANNA, DOOR, MINUTE)
    with pytest.raises(NotConfirmed):
        await cloud.erasing.erase(ANNA, DOOR, other, preview.confirm)
    assert await cloud.left() == SEGMENTS


async def test_nor_of_another_camera(cloud: Cloud) -> None:
    yard = a_run(RUN.run_ms, camera=YARD)
    await record(cloud.database, yard, segments_of(yard))
    preview = await cloud.erasing.preview(ANNA, DOOR, MINUTE)
    with pytest.raises(NotConfirmed):
        await cloud.erasing.erase(ANNA, YARD, MINUTE, preview.confirm)
    assert len(await cloud.left(YARD)) == 3


async def test_what_was_recorded_since_the_preview_stays(cloud: Cloud) -> None:
    preview = await cloud.erasing.preview(ANNA, DOOR, Wanted())
    since = a_run(NOON_MS)
    await record(cloud.database, since, segments_of(since))
    cloud.clock.jump(MINUTE_MS)
    await cloud.erasing.erase(ANNA, DOOR, Wanted(), preview.confirm)
    assert await cloud.left() == segments_of(since)


async def test_a_few_segments_that_came_late_go_as_announced(cloud: Cloud) -> None:
    preview = await cloud.erasing.preview(ANNA, DOOR, Wanted())
    assert await cloud.upload(*segments_of(RUN, 2, first=6)) == ["stored", "stored"]
    done = await cloud.erasing.erase(ANNA, DOOR, Wanted(), preview.confirm)
    assert done.extent.count == 8


async def test_much_more_than_was_announced_needs_a_new_preview(cloud: Cloud) -> None:
    preview = await cloud.erasing.preview(ANNA, DOOR, Wanted())
    back = a_run(NOON_MS - 2 * HOUR_MS)  # a hub that was away brings an hour
    await record(cloud.database, back, segments_of(back, MOST_LATE + 1))
    with pytest.raises(NotConfirmed, match="more"):
        await cloud.erasing.erase(ANNA, DOOR, Wanted(), preview.confirm)
    assert len(await cloud.left()) == MOST_LATE + 7


async def test_footage_that_is_dated_later_than_now_stays(cloud: Cloud) -> None:
    ahead = a_run(NOON_MS + HOUR_MS)
    await record(cloud.database, ahead, segments_of(ahead))
    await cloud.erase(Wanted())
    assert await cloud.left() == segments_of(ahead)
    assert await cloud.spans() == (ErasedSpan(NOON_MS - 12 * HOUR_MS, NOON_MS),)


# ------------------------------------------------------------ remembered


async def test_the_hub_gets_a_new_document(cloud: Cloud) -> None:
    await cloud.erase(MINUTE)
    async with cloud.database.begin() as tx:
        assert await tx.publications.claim(9, NOON_MS, 1) == [HUB]
    assert cloud.wakes.publish.is_set()
    assert cloud.wakes.prune.is_set()


async def test_spans_that_touch_are_one(cloud: Cloud) -> None:
    await cloud.erase(Wanted(RUN.run_ms, RUN.run_ms + 30_000))
    await cloud.erase(Wanted(RUN.run_ms + 30_000, RUN.run_ms + 60_000))
    assert await cloud.spans() == (ErasedSpan(RUN.run_ms, RUN.run_ms + 60_000),)


async def test_more_separate_spans_than_are_remembered_are_refused_before_and_after(cloud: Cloud) -> None:
    early = NOON_MS - 2 * HOUR_MS
    preview = await cloud.erasing.preview(ANNA, DOOR, MINUTE)
    for number in range(MOST_SPANS):
        await cloud.erase(Wanted(early + number * MINUTE_MS, early + number * MINUTE_MS + SECOND_MS))
    with pytest.raises(TooManySpans, match="64 separate spans"):
        await cloud.erasing.preview(ANNA, DOOR, MINUTE)
    with pytest.raises(TooManySpans):
        await cloud.erasing.erase(ANNA, DOOR, MINUTE, preview.confirm)
    assert await cloud.left() == SEGMENTS
    assert await cloud.erase(Wanted(early, NOON_MS)) == Extent(6, 600, RUN.run_ms, RUN.run_ms + 60_000)


# ------------------------------------------------------------ it does not come back


async def test_what_a_hub_offers_of_it_is_refused_as_erased(cloud: Cloud) -> None:
    await cloud.erase(MINUTE)
    late = segments_of(RUN, 2, first=5)  # the second touches the span's end
    places = await cloud.ingest.places(a_hub(), Batch((RunOffer(RUN, 4),), tuple(late)))
    assert [place.reason or place.state for place in places.segments] == ["erased", "put"]


async def test_what_was_on_its_way_is_refused_and_its_object_deleted(cloud: Cloud) -> None:
    new = segments_of(RUN, 1, first=6)
    batch = Batch((RunOffer(RUN, 4),), tuple(new))
    await cloud.ingest.places(a_hub(), batch)
    await cloud.erase(Wanted(new[0].start_ms, new[0].end_ms))
    assert await cloud.put_and_commit(batch) == ["erased"]
    await cloud.pruner.once(look=True)
    assert key_of(new[0]) not in cloud.objects.held
    assert await cloud.left() == SEGMENTS


async def test_a_segment_that_only_reaches_into_it_is_refused_too(cloud: Cloud) -> None:
    await cloud.erase(Wanted(RUN.run_ms + 60_000, RUN.run_ms + 61_000))
    wide = replace(segments_of(RUN, 1, first=6)[0], end_ms=RUN.run_ms + 75_000)
    assert await cloud.upload(wide) == ["erased"]


async def test_what_expired_as_well_is_called_expired(cloud: Cloud) -> None:
    await cloud.erase(MINUTE)
    cloud.clock.jump(12 * HOUR_MS)
    assert await cloud.upload(SEGMENTS[0]) == ["expired"]


async def test_events_of_it_are_refused_and_others_taken(cloud: Cloud) -> None:
    await cloud.erase(MINUTE)
    inside, beside = an_event(-575, 5), an_event(-300, 5)
    answer = await note_events(cloud.database, cloud.clock, a_hub(), EventsReport((inside, beside)))
    assert [event.reason or event.state for event in answer.events] == ["erased", "stored"]
