"""What is recorded before the time is known stays, goes nowhere, and moves once it is: store and fake."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backsight_agent.adapters.store.opening import Store, open_store
from backsight_agent.domain.anchoring import EXACT_MS, TIME_UNKNOWN, BootTime, Undated, places
from backsight_agent.domain.boxes import HEADER_BYTES, parse_header
from backsight_agent.ports import Dated, Erased
from backsight_shared.event import Event, EventKind, Origin
from backsight_shared.segment import Run, Segment
from fakes.clock import NOON_MS, FakeClock
from fakes.footage_of_hub import CAMERA, OTHER, record
from fakes.store import FakeStore

BOOT, EARLIER = "this boot", "the boot before"
ZERO_MS = NOON_MS - 1_000_000  # the true time when this boot's monotonic clock was 0
LATER_MS = NOON_MS + 10_000_000
AnyStore = Store | FakeStore


@pytest.fixture(params=["fake", "real"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AnyStore]:
    if request.param == "fake":
        yield FakeStore()
    else:
        async with open_store(tmp_path, FakeClock()) as opened:
            yield opened


async def undated(
    store: AnyStore,
    count: int,
    at_ms: int = 60_000,
    *,
    camera: str = CAMERA,
    boot: str = BOOT,
    offset_ms: int = 0,
    after: str = "start",
) -> list[Segment]:
    """A run by a clock that showed 1970 (by `offset_ms` another time) when the machine was started."""
    run = Run(camera, at_ms, after)
    await store.recordings.begin_run(run, b"init", Undated(boot, offset_ms))
    found = []
    for number in range(count):
        start_ms = at_ms + number * 10_000
        file = await store.recordings.begin_segment(run, number, start_ms)
        await file.append(b"data %d" % number)
        found.append(await file.finish(start_ms + 10_000))
    return found


async def date(
    store: AnyStore, going_on: dict[str, int] | None = None, zero_ms: int = ZERO_MS
) -> list[Dated]:
    """As the task does it, now that the time of this boot is known."""
    await store.undated.decide(places(await store.undated.boots(), BOOT, zero_ms), going_on or {})
    found = []
    while (dated := await store.undated.move_next()) is not None:
        found.append(dated)
    return found


async def everything(store: AnyStore, camera: str = CAMERA, horizon_ms: int | None = None) -> list[Segment]:
    return list(await store.history.segments(camera, 0, 2**50, horizon_ms))


def an_event(at_ms: int, length_ms: int = 5_000) -> Event:
    return Event(CAMERA, at_ms, at_ms + length_ms, EventKind.MOTION, Origin.HUB, 50)


def starts(segments: list[Segment]) -> list[int]:
    return [segment.start_ms for segment in segments]


# ---------------------------------------------------------------- before the time is known


async def test_what_is_undated_does_not_expire(store: AnyStore) -> None:
    found = await undated(store, 3)
    assert await store.retention.erase_until(CAMERA, LATER_MS, "expired", LATER_MS) == Erased()
    assert await everything(store) == found


async def test_what_is_undated_is_not_the_next_to_expire(store: AnyStore) -> None:
    await undated(store, 2)
    assert await store.retention.oldest_end_ms(CAMERA) is None
    (dated,) = await record(store, 1)
    assert await store.retention.oldest_end_ms(CAMERA) == dated.end_ms
    assert list(await store.retention.cameras()) == [CAMERA]


async def test_what_is_dated_expires_beside_it(store: AnyStore) -> None:
    stays = await undated(store, 2)
    first, last = await record(store, 2)
    await store.retention.erase_until(CAMERA, first.end_ms, "expired", first.end_ms)
    assert await everything(store) == [*stays, last]
    assert await store.retention.oldest_end_ms(CAMERA) == last.end_ms


async def test_what_is_undated_is_not_uploaded(store: AnyStore) -> None:
    await undated(store, 2)
    (dated,) = await record(store, 1)
    await store.events.note(an_event(60_000), Undated(BOOT, 0))
    assert list(await store.backlog.oldest(CAMERA, 10)) == [dated]
    assert list(await store.backlog.oldest_of_events(CAMERA, 5_000, 5_000, 10)) == []
    assert list(await store.backlog.newest_of_events(CAMERA, 5_000, 5_000, 10)) == []


async def test_it_is_seen_at_its_provisional_moments_whatever_the_horizon(store: AnyStore) -> None:
    found = await undated(store, 2)
    assert await everything(store, horizon_ms=NOON_MS) == found
    assert await store.history.span(CAMERA, NOON_MS) == (found[0].start_ms, found[-1].end_ms)


async def test_the_history_reaches_as_far_as_what_is_dated_where_anything_is(store: AnyStore) -> None:
    await undated(store, 2)
    await undated(store, 2, LATER_MS)
    (dated,) = await record(store, 1)
    assert await store.history.span(CAMERA, None) == (dated.start_ms, dated.end_ms)


async def test_the_owner_erases_by_true_moments_only(store: AnyStore) -> None:
    found = await undated(store, 2)
    assert await store.retention.erase_span(CAMERA, 0, NOON_MS, "owner", NOON_MS) == Erased()
    found += await undated(store, 1, 200_000)
    assert await everything(store) == found


async def test_an_undated_event_is_kept_and_seen_and_not_sent(store: AnyStore) -> None:
    event = an_event(60_000)
    await store.events.note(event, Undated(BOOT, 0))
    await store.retention.erase_until(CAMERA, NOON_MS, "expired", NOON_MS)
    assert list(await store.history.events(CAMERA, 0, 2**50, NOON_MS)) == [event]
    assert list(await store.events.unsent([CAMERA], 10)) == []


async def test_nothing_is_undated_where_nothing_was_marked(store: AnyStore) -> None:
    await record(store, 2)
    await store.events.note(an_event(NOON_MS))
    assert await store.undated.count() == 0
    assert list(await store.undated.boots()) == []
    assert await date(store) == []


# ---------------------------------------------------------------- dating


async def test_it_comes_to_the_moments_at_which_it_was(store: AnyStore) -> None:
    await undated(store, 3, 60_000)
    assert await date(store) == [Dated(CAMERA, 3, ZERO_MS)]
    moved = await everything(store)
    assert starts(moved) == [ZERO_MS + 60_000, ZERO_MS + 70_000, ZERO_MS + 80_000]
    assert {segment.run_ms for segment in moved} == {ZERO_MS + 60_000}
    assert [segment.end_ms - segment.start_ms for segment in moved] == [10_000] * 3


async def test_files_inits_and_headers_move_along_and_nothing_else_of_them_changes(store: AnyStore) -> None:
    before = [await store.history.read_segment(one) for one in await undated(store, 3)]
    await date(store)
    moved = await everything(store)
    after = [await store.history.read_segment(one) for one in moved]
    assert [data[HEADER_BYTES:] for data in after] == [data[HEADER_BYTES:] for data in before]
    for segment, data in zip(moved, after, strict=True):
        header = parse_header(data)
        assert header is not None
        assert (header.run_ms, header.start_ms) == (segment.run_ms, segment.start_ms)
        assert (header.camera, header.sequence) == (CAMERA, segment.sequence)
    assert await store.history.read_init(CAMERA, moved[0].run_ms) == b"init"


async def test_from_then_on_it_is_uploaded_and_expires_as_anything(store: AnyStore) -> None:
    await undated(store, 2)
    await date(store)
    first, last = await everything(store)
    assert list(await store.backlog.oldest(CAMERA, 10)) == [first, last]
    assert await store.retention.oldest_end_ms(CAMERA) == first.end_ms
    await store.retention.erase_until(CAMERA, first.end_ms, "expired", NOON_MS)
    assert await everything(store) == [last]


async def test_the_uploader_is_told(store: AnyStore) -> None:
    await undated(store, 1)
    await store.events.note(an_event(60_000), Undated(BOOT, 0))
    store.backlog.added.clear()
    store.events.added.clear()
    await date(store)
    assert store.backlog.added.is_set()
    assert store.events.added.is_set()


@pytest.mark.parametrize("off_ms", [-EXACT_MS, -3, 0, 1, EXACT_MS])
async def test_what_was_right_all_along_stays_where_it_is(store: AnyStore, off_ms: int) -> None:
    found = await undated(store, 2, NOON_MS, offset_ms=ZERO_MS + off_ms)
    assert await date(store) == []
    assert await everything(store) == found
    assert await store.undated.count() == 0
    assert await store.retention.oldest_end_ms(CAMERA) == found[0].end_ms


async def test_runs_by_several_settings_of_the_clock_come_into_their_order(store: AnyStore) -> None:
    await undated(store, 2, 500_000)  # 1970: 500 s after the machine was started
    await undated(store, 2, NOON_MS + 700_000, offset_ms=NOON_MS)  # ahead: 700 s after that
    await undated(store, 2, 600_000)  # 1970 again: between the two
    await date(store)
    assert starts(await everything(store)) == [
        ZERO_MS + ms for ms in (500_000, 510_000, 600_000, 610_000, 700_000, 710_000)
    ]


async def test_cameras_are_dated_each(store: AnyStore) -> None:
    await undated(store, 1, 60_000)
    await undated(store, 1, 65_000, camera=OTHER)
    await date(store)
    assert starts(await everything(store)) == [ZERO_MS + 60_000]
    assert starts(await everything(store, OTHER)) == [ZERO_MS + 65_000]


@pytest.mark.parametrize("back_ms", [-30_000, 30_000, 10_000, -10_000])
async def test_a_run_may_come_to_lie_over_itself(store: AnyStore, back_ms: int) -> None:
    before = [await store.history.read_segment(one) for one in await undated(store, 8, NOON_MS)]
    await date(store, zero_ms=back_ms)
    moved = await everything(store)
    assert starts(moved) == [NOON_MS + back_ms + number * 10_000 for number in range(8)]
    after = [await store.history.read_segment(one) for one in moved]
    assert [data[HEADER_BYTES:] for data in after] == [data[HEADER_BYTES:] for data in before]


async def test_a_moment_that_is_taken_is_given_way_to(store: AnyStore) -> None:
    theirs = await record(store, 3, ZERO_MS + 70_000)
    await undated(store, 3, 60_000)
    (dated,) = await date(store)
    assert dated == Dated(CAMERA, 3, ZERO_MS + 1)
    found = await everything(store)
    assert set(theirs) < set(found)
    assert len(set(starts(found))) == 6


async def test_a_run_that_goes_on_is_left_until_it_has_ended(store: AnyStore) -> None:
    found = await undated(store, 2)
    assert await date(store, {CAMERA: 60_000}) == []
    assert await everything(store) == found
    assert await store.undated.count() == 1
    assert await date(store) == [Dated(CAMERA, 2, ZERO_MS)]


async def test_a_run_that_goes_on_and_is_right_is_dated_while_it_does(store: AnyStore) -> None:
    run = Run(CAMERA, NOON_MS)
    await store.recordings.begin_run(run, b"init", Undated(BOOT, ZERO_MS))
    file = await store.recordings.begin_segment(run, 0, NOON_MS)
    await file.append(b"one")
    await date(store, {CAMERA: NOON_MS})
    segment = await file.finish(NOON_MS + 10_000)
    assert list(await store.backlog.oldest(CAMERA, 10)) == [segment]
    assert await store.retention.oldest_end_ms(CAMERA) == segment.end_ms


async def test_dating_twice_changes_nothing(store: AnyStore) -> None:
    await undated(store, 2)
    await date(store)
    found = await everything(store)
    assert await date(store) == []
    assert await everything(store) == found


async def test_a_run_without_a_segment_is_simply_forgotten(store: AnyStore) -> None:
    await store.recordings.begin_run(Run(CAMERA, 60_000), b"init", Undated(BOOT, 0))
    await date(store)
    assert await store.undated.count() == 0
    assert await everything(store) == []


async def test_what_its_owner_has_erased_is_erased_when_it_comes_there(store: AnyStore) -> None:
    await undated(store, 4)
    await store.retention.erase_span(CAMERA, ZERO_MS + 75_000, ZERO_MS + 85_000, "owner", NOON_MS)
    await date(store)
    assert starts(await everything(store)) == [ZERO_MS + 60_000, ZERO_MS + 90_000]


async def test_events_come_to_their_moments_and_are_sent(store: AnyStore) -> None:
    await store.events.note(an_event(60_000), Undated(BOOT, 0))
    await store.events.note(an_event(NOON_MS), Undated(BOOT, ZERO_MS - EXACT_MS))
    await date(store)
    wanted = [an_event(ZERO_MS + 60_000), an_event(NOON_MS)]
    assert list(await store.history.events(CAMERA, 0, 2**50, None)) == wanted
    assert list(await store.events.unsent([CAMERA], 10)) == wanted


async def test_an_event_that_was_dated_while_it_went_on_stays_one(store: AnyStore) -> None:
    await store.events.note(an_event(60_000), Undated(BOOT, 0))
    await date(store)
    await store.events.note(an_event(60_000, 9_000), Undated(BOOT, 0))
    await date(store)
    assert list(await store.history.events(CAMERA, 0, 2**50, None)) == [an_event(ZERO_MS + 60_000, 9_000)]


# ---------------------------------------------------------------- boots that ended before the time was known


async def test_an_earlier_boot_is_placed_just_before_this_one_began(store: AnyStore) -> None:
    await undated(store, 2, 60_000, boot=EARLIER)
    await date(store)
    moved = await everything(store)
    assert moved[-1].end_ms <= ZERO_MS
    assert moved[-1].end_ms > ZERO_MS - 2_000


async def test_the_order_of_boots_and_what_is_known_within_each_are_kept(store: AnyStore) -> None:
    await undated(store, 2, 90_000, boot="first")
    await undated(store, 1, 60_000, boot="second")
    await undated(store, 1, 75_000, boot="second", camera=OTHER)
    await undated(store, 1, 40_000, boot=BOOT)
    await date(store)
    first, _, second, this = await everything(store)
    (other,) = await everything(store, OTHER)
    assert first.end_ms < second.start_ms < second.end_ms <= ZERO_MS < this.start_ms
    assert other.start_ms - second.start_ms == 15_000


async def test_the_stretch_before_it_says_that_the_time_was_unknown(store: AnyStore) -> None:
    await record(store, 1, ZERO_MS - 1_000_000)
    await undated(store, 1, 60_000, boot=EARLIER, after="hub_not_running")
    await undated(store, 1, 90_000, boot=EARLIER, after="stream_broken")
    await date(store)
    gaps = await store.history.gaps(CAMERA, 0, 2**50)
    assert [gap.reason for gap in gaps] == [TIME_UNKNOWN, "stream_broken"]


async def test_events_of_an_earlier_boot_stay_where_they_are_in_its_video(store: AnyStore) -> None:
    await undated(store, 2, 60_000, boot=EARLIER)
    await store.events.note(an_event(64_000), Undated(EARLIER, 0))
    await date(store)
    first, _ = await everything(store)
    (event,) = await store.history.events(CAMERA, 0, 2**50, None)
    assert event.start_ms == first.start_ms + 4_000


async def test_a_boot_of_which_nothing_was_said_stays_undated(store: AnyStore) -> None:
    found = await undated(store, 1, boot=EARLIER)
    await store.undated.decide({BOOT: BootTime(ZERO_MS)}, {})
    assert await store.undated.move_next() is None
    assert await everything(store) == found
