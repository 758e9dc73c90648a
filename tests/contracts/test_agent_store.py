"""What recorder, pruner, uploader and readers may rely on in a hub's store: the real one and the fake."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backsight_agent.adapters.store.opening import Store, open_store
from backsight_agent.domain.boxes import parse_header
from backsight_agent.ports import Erased, Gap, StoreFailed
from backsight_shared.segment import Run, Segment
from fakes.clock import NOON_MS, FakeClock
from fakes.store import FakeStore

CAMERA, OTHER = "74fece010203", "3c52a1000001"
HOUR_MS = 3_600_000
AnyStore = Store | FakeStore


@pytest.fixture(params=["fake", "real"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AnyStore]:
    if request.param == "fake":
        yield FakeStore()
    else:
        async with open_store(tmp_path, FakeClock()) as opened:
            yield opened


async def a_run(store: AnyStore, at_ms: int = NOON_MS, camera: str = CAMERA, after: str = "start") -> Run:
    run = Run(camera, at_ms, after)
    await store.recordings.begin_run(run, b"init")
    return run


async def a_segment(store: AnyStore, run: Run, sequence: int, length_ms: int = 10_000) -> Segment:
    start_ms = run.run_ms + sequence * 10_000
    file = await store.recordings.begin_segment(run, sequence, start_ms)
    await file.append(b"one")
    await file.append(b"two")
    return await file.finish(start_ms + length_ms)


async def segments(store: AnyStore, count: int, at_ms: int = NOON_MS, camera: str = CAMERA) -> list[Segment]:
    run = await a_run(store, at_ms, camera)
    return [await a_segment(store, run, number) for number in range(count)]


async def everything(store: AnyStore, camera: str = CAMERA) -> list[Segment]:
    return list(await store.history.segments(camera, 0, 2**50, None))


# ---------------------------------------------------------------- recording


async def test_a_finished_segment_is_in_the_history(store: AnyStore) -> None:
    segment = await a_segment(store, await a_run(store), 0)
    assert await everything(store) == [segment]


async def test_a_segment_that_is_not_finished_is_not_in_the_history(store: AnyStore) -> None:
    file = await store.recordings.begin_segment(await a_run(store), 0, NOON_MS)
    await file.append(b"one")
    assert await everything(store) == []


async def test_a_segment_is_its_header_and_its_fragments(store: AnyStore) -> None:
    segment = await a_segment(store, await a_run(store), 0)
    data = await store.history.read_segment(segment)
    header = parse_header(data)
    assert header is not None
    assert (header.camera, header.run_ms, header.start_ms, header.sequence) == (CAMERA, NOON_MS, NOON_MS, 0)
    assert data.endswith(b"onetwo")


async def test_a_segments_size_counts_the_whole_file(store: AnyStore) -> None:
    segment = await a_segment(store, await a_run(store), 0)
    assert segment.size_bytes == len(await store.history.read_segment(segment))


async def test_a_runs_init_is_read_as_it_was_written(store: AnyStore) -> None:
    run = await a_run(store)
    assert await store.history.read_init(CAMERA, run.run_ms) == b"init"


async def test_a_second_segment_at_the_same_moment_is_refused(store: AnyStore) -> None:
    run = await a_run(store)
    await a_segment(store, run, 0)
    with pytest.raises(StoreFailed, match=str(NOON_MS)):
        await store.recordings.begin_segment(run, 1, NOON_MS)


async def test_a_second_run_at_the_same_moment_is_refused(store: AnyStore) -> None:
    run = await a_run(store)
    await a_segment(store, run, 0)
    with pytest.raises(StoreFailed, match=str(NOON_MS)):
        await store.recordings.begin_run(run, b"init")


async def test_a_run_whose_first_segment_could_not_be_begun_is_begun_again(store: AnyStore) -> None:
    await a_run(store)
    segment = await a_segment(store, await a_run(store, after="hub_trouble"), 0)
    assert await everything(store) == [segment]


async def test_two_cameras_may_record_at_the_same_moment(store: AnyStore) -> None:
    (mine,), (theirs,) = await segments(store, 1), await segments(store, 1, camera=OTHER)
    assert (await everything(store), await everything(store, OTHER)) == ([mine], [theirs])


async def test_the_last_end_is_that_of_the_newest_segment(store: AnyStore) -> None:
    assert await store.recordings.last_end_ms(CAMERA) is None
    await segments(store, 3)
    assert await store.recordings.last_end_ms(CAMERA) == NOON_MS + 30_000


async def test_a_finished_file_takes_no_more(store: AnyStore) -> None:
    file = await store.recordings.begin_segment(await a_run(store), 0, NOON_MS)
    await file.append(b"one")
    await file.finish(NOON_MS + 10_000)
    with pytest.raises(StoreFailed):
        await file.append(b"two")


# ---------------------------------------------------------------- retention


async def test_the_oldest_end_is_the_smallest_of_the_camera(store: AnyStore) -> None:
    assert await store.retention.oldest_end_ms(CAMERA) is None
    await segments(store, 2)
    await segments(store, 1, NOON_MS - HOUR_MS)  # the clock was set back
    assert await store.retention.oldest_end_ms(CAMERA) == NOON_MS - HOUR_MS + 10_000


async def test_cameras_are_those_with_segments(store: AnyStore) -> None:
    await a_run(store, camera=OTHER)
    await segments(store, 1)
    assert list(await store.retention.cameras()) == [CAMERA]


async def test_erasing_takes_what_ends_at_the_horizon_and_leaves_what_ends_behind(store: AnyStore) -> None:
    first, *rest = await segments(store, 3)
    erased = await store.retention.erase_until(CAMERA, first.end_ms, "expired", NOON_MS)
    assert erased == Erased(1, first.size_bytes)
    assert await everything(store) == rest


async def test_what_is_erased_is_out_of_sight_before_its_file_is_gone(store: AnyStore) -> None:
    (first,) = await segments(store, 1)
    await store.retention.erase_until(CAMERA, first.end_ms, "expired", NOON_MS)
    assert await store.history.segment(CAMERA, first.start_ms) is None
    assert await store.history.read_segment(first)


async def test_sweeping_unlinks_what_was_erased(store: AnyStore) -> None:
    (first,) = await segments(store, 1)
    await store.retention.erase_until(CAMERA, first.end_ms, "expired", NOON_MS)
    assert await store.retention.sweep(10) == 0
    with pytest.raises(FileNotFoundError):
        await store.history.read_segment(first)


async def test_sweeping_says_how_much_is_left(store: AnyStore) -> None:
    await segments(store, 5)
    await store.retention.erase_until(CAMERA, NOON_MS + 50_000, "expired", NOON_MS)
    assert [await store.retention.sweep(2) for _ in range(4)] == [3, 1, 0, 0]


async def test_erasing_twice_changes_nothing(store: AnyStore) -> None:
    first, *rest = await segments(store, 3)
    await store.retention.erase_until(CAMERA, first.end_ms, "expired", NOON_MS)
    again = await store.retention.erase_until(CAMERA, first.end_ms, "expired", NOON_MS)
    assert again == Erased()
    assert await everything(store) == rest
    assert [line.count for line in await store.history.erasures(CAMERA, 10)] == [1]


async def test_the_horizon_that_was_reached_is_remembered_and_never_moves_back(store: AnyStore) -> None:
    assert await store.retention.reached_ms(CAMERA) is None
    await segments(store, 3)
    await store.retention.erase_until(CAMERA, NOON_MS + 20_000, "expired", NOON_MS)
    await store.retention.erase_until(CAMERA, NOON_MS, "expired", NOON_MS)
    assert await store.retention.reached_ms(CAMERA) == NOON_MS + 20_000
    assert await store.history.reached_ms(CAMERA) == NOON_MS + 20_000


async def test_erasing_one_camera_leaves_the_others(store: AnyStore) -> None:
    await segments(store, 2)
    theirs = await segments(store, 2, camera=OTHER)
    await store.retention.erase_until(CAMERA, NOON_MS + HOUR_MS, "expired", NOON_MS)
    assert await everything(store, OTHER) == theirs
    assert list(await store.retention.cameras()) == [OTHER]


async def test_the_oldest_end_follows_what_is_erased(store: AnyStore) -> None:
    first, second, _ = await segments(store, 3)
    await store.retention.erase_until(CAMERA, first.end_ms, "expired", NOON_MS)
    assert await store.retention.oldest_end_ms(CAMERA) == second.end_ms
    await store.retention.erase_until(CAMERA, NOON_MS + HOUR_MS, "expired", NOON_MS)
    assert await store.retention.oldest_end_ms(CAMERA) is None


async def test_a_runs_init_goes_with_its_last_segment(store: AnyStore) -> None:
    await segments(store, 2)
    await segments(store, 1, NOON_MS + HOUR_MS)  # a later run: the first is no longer written
    await store.retention.erase_until(CAMERA, NOON_MS + 20_000, "expired", NOON_MS)
    await store.retention.sweep(100)
    with pytest.raises(FileNotFoundError):
        await store.history.read_init(CAMERA, NOON_MS)


async def test_the_init_of_the_run_that_goes_on_stays_when_all_its_segments_have_gone(
    store: AnyStore,
) -> None:
    run = await a_run(store)
    await a_segment(store, run, 0)
    await store.retention.erase_until(CAMERA, NOON_MS + 10_000, "expired", NOON_MS)
    await store.retention.sweep(100)
    assert await store.history.read_init(CAMERA, NOON_MS) == b"init"
    later = await a_segment(store, run, 1)
    assert await everything(store) == [later]


async def test_every_erasing_is_a_line_with_when_and_why(store: AnyStore) -> None:
    first, second = await segments(store, 2)
    await store.retention.erase_until(CAMERA, first.end_ms, "expired", NOON_MS + 1)
    await store.retention.erase_until(CAMERA, second.end_ms, "plan_changed", NOON_MS + 2)
    changed, expired = await store.history.erasures(CAMERA, 10)
    assert (expired.reason, expired.first_at_ms, expired.from_ms, expired.to_ms, expired.count) == (
        "expired", NOON_MS + 1, first.start_ms, first.end_ms, 1
    )  # fmt: skip
    assert (changed.reason, changed.count, changed.size_bytes) == ("plan_changed", 1, second.size_bytes)


async def test_lines_of_one_reason_within_an_hour_become_one(store: AnyStore) -> None:
    for number, segment in enumerate(await segments(store, 3)):
        await store.retention.erase_until(CAMERA, segment.end_ms, "expired", NOON_MS + number * 1000)
    (line,) = await store.history.erasures(CAMERA, 10)
    assert (line.count, line.first_at_ms, line.last_at_ms) == (3, NOON_MS, NOON_MS + 2000)
    assert (line.from_ms, line.to_ms) == (NOON_MS, NOON_MS + 30_000)


async def test_lines_of_two_hours_stay_two(store: AnyStore) -> None:
    first, second = await segments(store, 2)
    await store.retention.erase_until(CAMERA, first.end_ms, "expired", NOON_MS + HOUR_MS - 1)
    await store.retention.erase_until(CAMERA, second.end_ms, "expired", NOON_MS + HOUR_MS)
    assert [line.count for line in await store.history.erasures(CAMERA, 10)] == [1, 1]


# ---------------------------------------------------------------- the owner's erasing


async def test_a_span_takes_whole_every_segment_that_it_touches(store: AnyStore) -> None:
    first, second, third, fourth = await segments(store, 4)
    erased = await store.retention.erase_span(CAMERA, second.end_ms - 1, third.start_ms + 1, "owner", NOON_MS)
    assert erased == Erased(2, second.size_bytes + third.size_bytes)
    assert await everything(store) == [first, fourth]
    (line,) = await store.history.erasures(CAMERA, 10)
    assert (line.reason, line.from_ms, line.to_ms, line.count) == (
        "owner", second.start_ms, third.end_ms, 2
    )  # fmt: skip


async def test_erasing_a_span_twice_changes_nothing(store: AnyStore) -> None:
    await segments(store, 2)
    await store.retention.erase_span(CAMERA, 0, NOON_MS + 5_000, "owner", NOON_MS)
    assert await store.retention.erase_span(CAMERA, 0, NOON_MS + 5_000, "owner", NOON_MS) == Erased()


async def test_erasing_a_span_moves_no_horizon_and_touches_no_other_camera(store: AnyStore) -> None:
    await segments(store, 2)
    theirs = await segments(store, 2, camera=OTHER)
    await store.retention.erase_span(CAMERA, 0, 2**50, "owner", NOON_MS)
    assert await everything(store, OTHER) == theirs
    assert await store.retention.reached_ms(CAMERA) is None
    assert await store.retention.oldest_end_ms(CAMERA) is None


async def test_what_is_finished_later_inside_an_erased_span_is_erased_too(store: AnyStore) -> None:
    run = await a_run(store)
    file = await store.recordings.begin_segment(run, 0, NOON_MS)
    await file.append(b"one")
    await store.retention.erase_span(CAMERA, 0, NOON_MS + 1_000, "owner", NOON_MS + 1_000)
    await file.finish(NOON_MS + 10_000)
    assert await everything(store) == []
    later = await a_segment(store, run, 1)
    assert await everything(store) == [later]


# ---------------------------------------------------------------- upload


async def test_a_finished_segment_waits_for_upload_and_says_so(store: AnyStore) -> None:
    store.backlog.added.clear()
    (segment,) = await segments(store, 1)
    assert store.backlog.added.is_set()
    assert list(await store.backlog.oldest(CAMERA, 10)) == [segment]


async def test_the_oldest_come_first_whatever_order_they_came_in(store: AnyStore) -> None:
    later = await segments(store, 2)
    earlier = await segments(store, 2, NOON_MS - HOUR_MS)
    assert list(await store.backlog.oldest(CAMERA, 3)) == [*earlier, later[0]]


async def test_what_is_uploaded_waits_no_more(store: AnyStore) -> None:
    first, second = await segments(store, 2)
    await store.backlog.mark_uploaded([first])
    await store.backlog.mark_uploaded([first])
    assert list(await store.backlog.oldest(CAMERA, 10)) == [second]
    assert await everything(store) == [first, second]


async def test_what_the_cloud_refused_is_not_tried_again_and_stays_here(store: AnyStore) -> None:
    first, second = await segments(store, 2)
    await store.backlog.mark_refused(first, "too large")
    assert list(await store.backlog.oldest(CAMERA, 10)) == [second]
    assert await everything(store) == [first, second]


async def test_the_waiting_are_counted_by_camera(store: AnyStore) -> None:
    first, _ = await segments(store, 2)
    await segments(store, 3, camera=OTHER)
    await store.backlog.mark_uploaded([first])
    assert await store.backlog.counts() == {CAMERA: 1, OTHER: 3}


async def test_a_run_is_known_with_the_size_of_its_init(store: AnyStore) -> None:
    found = await segments(store, 2)
    assert list(await store.backlog.runs_of(found)) == [(Run(CAMERA, NOON_MS), 4)]


async def test_erased_segments_do_not_wait_any_more(store: AnyStore) -> None:
    first, second = await segments(store, 2)
    await store.retention.erase_until(CAMERA, first.end_ms, "expired", NOON_MS)
    assert list(await store.backlog.oldest(CAMERA, 10)) == [second]


async def test_marking_what_expired_in_the_meantime_changes_nothing(store: AnyStore) -> None:
    (first,) = await segments(store, 1)
    await store.retention.erase_until(CAMERA, first.end_ms, "expired", NOON_MS)
    await store.backlog.mark_uploaded([first])
    assert await everything(store) == []


async def test_reading_what_is_gone_says_so(store: AnyStore) -> None:
    with pytest.raises(FileNotFoundError):
        await store.backlog.read_init(CAMERA, NOON_MS)
    with pytest.raises(FileNotFoundError):
        await store.backlog.read_segment(Segment(CAMERA, NOON_MS, NOON_MS + 1, NOON_MS, 0, 1))


# ---------------------------------------------------------------- looking back


async def test_a_span_gives_what_overlaps_it(store: AnyStore) -> None:
    _, second, third, _ = await segments(store, 4)
    found = await store.history.segments(CAMERA, second.end_ms - 1, third.start_ms + 1, None)
    assert list(found) == [second, third]


async def test_a_span_does_not_touch_what_only_borders_on_it(store: AnyStore) -> None:
    _, second, _ = await segments(store, 3)
    assert list(await store.history.segments(CAMERA, second.start_ms, second.end_ms, None)) == [second]


async def test_the_horizon_masks_what_ended_by_it(store: AnyStore) -> None:
    first, *rest = await segments(store, 3)
    assert list(await store.history.segments(CAMERA, 0, 2**50, first.end_ms)) == rest


async def test_a_segment_across_the_horizon_is_visible(store: AnyStore) -> None:
    first, *rest = await segments(store, 3)
    assert list(await store.history.segments(CAMERA, 0, 2**50, first.end_ms - 1)) == [first, *rest]


async def test_overlapping_runs_are_found_whole_and_in_order_of_start(store: AnyStore) -> None:
    first = await segments(store, 3)
    second = await segments(store, 3, NOON_MS - 15_000)  # the clock was set back
    assert await everything(store) == sorted([*first, *second])
    found = await store.history.segments(CAMERA, NOON_MS + 4_000, NOON_MS + 6_000, None)
    assert list(found) == [second[1], first[0], second[2]]


async def test_the_span_reaches_from_the_oldest_start_to_the_newest_end(store: AnyStore) -> None:
    assert await store.history.span(CAMERA, None) is None
    first, second, third = await segments(store, 3)
    assert await store.history.span(CAMERA, None) == (first.start_ms, third.end_ms)
    assert await store.history.span(CAMERA, first.end_ms) == (second.start_ms, third.end_ms)
    assert await store.history.span(CAMERA, third.end_ms) is None


async def test_a_gap_lies_between_two_runs_and_has_the_reason_of_the_second(store: AnyStore) -> None:
    await segments(store, 2)
    await a_segment(store, await a_run(store, NOON_MS + HOUR_MS, after="off"), 0)
    assert list(await store.history.gaps(CAMERA, 0, 2**50)) == [
        Gap(NOON_MS + 20_000, NOON_MS + HOUR_MS, "off")
    ]


async def test_runs_that_follow_each_other_without_a_break_leave_no_gap(store: AnyStore) -> None:
    await segments(store, 2)
    await a_segment(store, await a_run(store, NOON_MS + 20_000, after="parameters_changed"), 0)
    assert list(await store.history.gaps(CAMERA, 0, 2**50)) == []


async def test_a_segment_missing_inside_a_run_is_a_gap(store: AnyStore) -> None:
    run = await a_run(store)
    await a_segment(store, run, 0)
    await a_segment(store, run, 2)
    assert list(await store.history.gaps(CAMERA, 0, 2**50)) == [
        Gap(NOON_MS + 10_000, NOON_MS + 20_000, "lost")
    ]


@pytest.mark.parametrize(
    ("from_s", "to_s", "seen"),
    [(0, 20, False), (0, 21, True), (100, 200, True), (3599, 9000, True), (3600, 9000, False)],
)
async def test_a_gap_is_seen_from_a_span_that_overlaps_it(
    store: AnyStore, from_s: int, to_s: int, seen: bool
) -> None:
    await segments(store, 2)
    await segments(store, 2, NOON_MS + HOUR_MS)
    found = await store.history.gaps(CAMERA, NOON_MS + from_s * 1000, NOON_MS + to_s * 1000)
    assert [gap.from_ms for gap in found] == [NOON_MS + 20_000] * seen


async def test_an_unknown_camera_has_no_history(store: AnyStore) -> None:
    assert await everything(store) == []
    assert list(await store.history.gaps(CAMERA, 0, 2**50)) == []
    assert await store.history.segment(CAMERA, NOON_MS) is None
    assert await store.history.reached_ms(CAMERA) is None
