"""What an owner erases leaves whole, with its events, as a line of the ledger; its span is remembered."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.domain.keys import run_key, segment_key
from backsight_cloud.domain.ledger import DAY_MS, Place
from backsight_cloud.domain.records import Erasure, Extent, Unbound
from backsight_cloud.ports import Database, OwnerMissing
from backsight_shared.erased import REACH_MS, ErasedSpan
from fakes.clock import NOON_MS
from fakes.database import FakeDatabase
from fakes.household import (
    ANNA,
    BERT,
    DOOR,
    FOREIGN,
    HOUR_MS,
    SECOND_MS,
    YARD,
    a_camera,
    a_run,
    a_window,
    an_event,
    move_in,
    record,
    segments_of,
)

LONG_AFTER = NOON_MS + 1000 * HOUR_MS
TEN_S = 10 * SECOND_MS


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


def a_span(from_s: float, to_s: float) -> ErasedSpan:
    """Seconds from noon."""
    return ErasedSpan(NOON_MS + round(from_s * SECOND_MS), NOON_MS + round(to_s * SECOND_MS))


async def erase(database: Database, span: ErasedSpan, now_ms: int = LONG_AFTER) -> Erasure | None:
    async with database.begin() as tx:
        return await tx.erasing.erase_span(a_camera(), span, "owner", now_ms)


async def starts_of(database: Database, camera: str = DOOR, account: str = ANNA) -> list[int]:
    """Of what is left, in seconds from noon."""
    async with database.read() as tx:
        left = await tx.footage.segments(account, camera, 0, LONG_AFTER, None)
    return [(segment.start_ms - NOON_MS) // SECOND_MS for segment in left]


# ------------------------------------------------------------ a span


async def test_segments_that_overlap_the_span_go_whole(database: Database) -> None:
    await record(database, a_run(), segments_of(a_run(), 5))
    erased = await erase(database, a_span(15, 30))
    assert await starts_of(database) == [0, 30, 40]
    ends = (NOON_MS + TEN_S, NOON_MS + 3 * TEN_S)
    assert erased == Erasure(DOOR, ANNA, LONG_AFTER, "owner", *ends, 2, 200)


async def test_what_touches_the_span_stays(database: Database) -> None:
    await record(database, a_run(), segments_of(a_run(), 3))
    await erase(database, a_span(10, 20))
    assert await starts_of(database) == [0, 20]


async def test_their_objects_are_garbage_by_their_names(database: Database) -> None:
    late = a_run(NOON_MS + 12 * HOUR_MS - 5 * SECOND_MS)  # its first segment begins just before midnight, UTC
    await record(database, late, segments_of(late, 2))
    await erase(database, ErasedSpan(NOON_MS, LONG_AFTER))
    async with database.read() as tx:
        keys = [garbage.key for garbage in await tx.footage.garbage(10)]
    assert keys == [segment_key(ANNA, DOOR, late.run_ms + at * TEN_S) for at in range(2)]


async def test_the_line_is_in_the_ledger(database: Database) -> None:
    await record(database, a_run(), segments_of(a_run()))
    erased = await erase(database, a_span(0, 10))
    async with database.read() as tx:
        assert await tx.footage.erasures(ANNA, DOOR, 10) == [erased]


async def test_erasing_it_again_changes_nothing(database: Database) -> None:
    await record(database, a_run(), segments_of(a_run()))
    await erase(database, a_span(0, 10))
    assert await erase(database, a_span(0, 10)) is None
    assert await starts_of(database) == [10, 20]


async def test_events_that_overlap_the_span_go_with_it(database: Database) -> None:
    events = [an_event(0, 12), an_event(12, 3), an_event(20, 5), an_event(-1800, 1805)]
    async with database.begin() as tx:
        await tx.events.note(ANNA, events)
    await erase(database, a_span(4, 20))
    async with database.read() as tx:
        assert await tx.events.between(ANNA, DOOR, 0, LONG_AFTER, None) == [events[2]]


async def test_other_cameras_keep_theirs(database: Database) -> None:
    for camera, account in ((YARD, ANNA), (FOREIGN, BERT)):
        run = a_run(camera=camera)
        await record(database, run, segments_of(run), account)
    await record(database, a_run(), segments_of(a_run()))
    await erase(database, a_span(0, 3600))
    assert await starts_of(database, YARD) == [0, 10, 20]
    assert await starts_of(database, FOREIGN, BERT) == [0, 10, 20]


async def test_a_run_of_which_nothing_is_left_goes_when_the_next_has_begun(database: Database) -> None:
    first, second = a_run(), a_run(NOON_MS + 30 * SECOND_MS)
    await record(database, first, segments_of(first, 3))
    await record(database, second, segments_of(second, 3))
    await erase(database, a_span(0, 25))
    async with database.read() as tx:
        assert await tx.footage.have_runs([first, second]) == {(DOOR, second.run_ms)}
        assert run_key(ANNA, DOOR, NOON_MS) in {garbage.key for garbage in await tx.footage.garbage(10)}


async def test_a_run_of_which_something_is_left_stays_and_so_does_the_newest(database: Database) -> None:
    first, second = a_run(), a_run(NOON_MS + 30 * SECOND_MS)
    await record(database, first, segments_of(first, 3))
    await record(database, second, segments_of(second, 3))
    await erase(database, a_span(10, 3600))
    async with database.read() as tx:
        assert len(await tx.footage.have_runs([first, second])) == 2


async def test_an_extent_is_what_would_go(database: Database) -> None:
    await record(database, a_run(), segments_of(a_run(), 5))
    async with database.begin() as tx:
        await tx.events.note(ANNA, [an_event(12, 3), an_event(40, 3)])
    async with database.read() as tx:
        found = await tx.erasing.extent(a_camera(), a_span(15, 30), None)
        assert found == Extent(2, 200, NOON_MS + TEN_S, NOON_MS + 3 * TEN_S, 0)
        above = await tx.erasing.extent(a_camera(), a_span(0, 3600), NOON_MS + 2 * TEN_S)
        assert above == Extent(3, 300, NOON_MS + 2 * TEN_S, NOON_MS + 5 * TEN_S, 1)
        assert await tx.erasing.extent(a_camera(YARD), a_span(0, 3600), None) == Extent()


# ------------------------------------------------------------ what is remembered


async def test_spans_are_kept_by_camera_in_order(database: Database) -> None:
    async with database.begin() as tx:
        await tx.erasing.replace_spans(DOOR, [a_span(20, 30), a_span(0, 10)])
        await tx.erasing.replace_spans(YARD, [a_span(5, 6)])
        await tx.erasing.replace_spans(YARD, [])
    async with database.read() as tx:
        assert await tx.erasing.spans_of([DOOR, YARD, "nobody"]) == {DOOR: (a_span(0, 10), a_span(20, 30))}


async def test_a_span_is_forgotten_when_the_horizon_has_passed_all_that_reaches_into_it(
    database: Database,
) -> None:
    spans = [a_span(0, 10), a_span(20, 30)]
    async with database.begin() as tx:
        await tx.erasing.replace_spans(DOOR, spans)
        await tx.footage.erase_until(a_camera(), spans[0].to_ms + REACH_MS - 1, "expired", LONG_AFTER)
        assert await tx.erasing.spans_of([DOOR]) == {DOOR: tuple(spans)}
        await tx.footage.erase_until(a_camera(), spans[0].to_ms + REACH_MS, "expired", LONG_AFTER)
        assert await tx.erasing.spans_of([DOOR]) == {DOOR: tuple(spans[1:])}


# ------------------------------------------------------------ a whole camera


async def test_a_camera_leaves_its_account_only_without_a_history(database: Database) -> None:
    await record(database, a_run(), segments_of(a_run()))
    with pytest.raises(OwnerMissing):
        async with database.begin() as tx:
            await tx.cameras.unbind(a_camera(), LONG_AFTER)


async def test_everything_of_a_camera_goes_and_its_ledger_stays(database: Database) -> None:
    await record(database, a_run(), segments_of(a_run()))
    async with database.begin() as tx:
        await tx.events.note(ANNA, [an_event()])
        await tx.erasing.replace_spans(DOOR, [a_span(0, 1)])
        await tx.erasing.erase_all(a_camera(), "unbound", LONG_AFTER)
        await tx.cameras.unbind(a_camera(), LONG_AFTER)
    async with database.read() as tx:
        assert await tx.cameras.camera(DOOR) is None
        assert await tx.cameras.unbound(DOOR) == Unbound(DOOR, ANNA, LONG_AFTER)
        assert await tx.cameras.steps(DOOR) == ()
        assert await tx.erasing.spans_of([DOOR]) == {}
        assert len(await tx.footage.garbage(10)) == 4  # three segments and an init
        lines = await tx.footage.erasures(ANNA, DOOR, 10)
        assert [(line.reason, line.count) for line in lines] == [("unbound", 3)]


async def test_a_camera_that_is_bound_again_has_not_left_any_more(database: Database) -> None:
    async with database.begin() as tx:
        await tx.cameras.unbind(a_camera(), LONG_AFTER)
        await tx.cameras.bind(replace(a_camera(), reached_ms=LONG_AFTER), a_window())
    async with database.read() as tx:
        assert await tx.cameras.unbound(DOOR) is None
        camera = await tx.cameras.camera(DOOR)
        assert camera is not None
        assert camera.reached_ms == LONG_AFTER


async def test_lost_segments_leave_with_a_line_of_their_own(database: Database) -> None:
    await record(database, a_run(), segments_of(a_run()))
    async with database.begin() as tx:
        lost = await tx.erasing.erase_lost(a_camera(), [NOON_MS, NOON_MS + 1], LONG_AFTER)
    assert lost is not None
    assert (lost.reason, lost.count) == ("lost", 1)
    assert await starts_of(database) == [10, 20]


# ------------------------------------------------------------ the ledger


async def write_lines(database: Database, *moments: int, reason: str = "owner") -> None:
    """A line of one segment at each of these moments."""
    for at_ms in moments:
        run = a_run(at_ms)
        await record(database, run, segments_of(run, 1))
        async with database.begin() as tx:
            await tx.erasing.erase_all(a_camera(), reason, at_ms)


async def test_the_ledger_is_read_in_pages_that_lose_and_repeat_nothing(database: Database) -> None:
    await write_lines(database, *(NOON_MS + hour * HOUR_MS for hour in range(5)))
    await write_lines(database, NOON_MS, reason="expired")
    async with database.read() as tx:
        whole = await tx.footage.erasures(ANNA, DOOR, 100)
        pages, after = [], None
        while page := await tx.footage.erasures(ANNA, DOOR, 2, after=after):
            pages.append(page)
            after = Place.of(page[-1])
    assert len(whole) == 6
    assert [line for page in pages for line in page] == whole


async def test_the_ledger_of_a_span_has_what_overlaps_it(database: Database) -> None:
    await write_lines(database, NOON_MS, NOON_MS + HOUR_MS)
    async with database.read() as tx:
        for span, found in (
            ((NOON_MS - 1, NOON_MS), 0),
            ((NOON_MS, NOON_MS + 1), 1),
            ((NOON_MS + TEN_S, NOON_MS + HOUR_MS), 0),
            ((NOON_MS, LONG_AFTER), 2),
        ):
            assert len(await tx.footage.erasures(ANNA, DOOR, 10, span=span)) == found


async def test_old_lines_are_merged_by_day_and_newer_ones_stay(database: Database) -> None:
    day = NOON_MS // DAY_MS * DAY_MS
    await write_lines(database, *(day + hour * HOUR_MS for hour in (0, 3, 23, 24, 30)))
    async with database.begin() as tx:
        merged = 0
        while more := await tx.erasing.merge_lines_before(day + DAY_MS + HOUR_MS, 1):
            merged += more
        lines = await tx.footage.erasures(ANNA, DOOR, 10)
    assert merged == 2
    assert [(line.at_ms, line.count) for line in lines] == [
        (day + 30 * HOUR_MS, 1),
        (day + 24 * HOUR_MS, 1),
        (day + 23 * HOUR_MS, 3),
    ]
    assert (lines[2].from_ms, lines[2].to_ms, lines[2].size_bytes) == (day, day + 23 * HOUR_MS + TEN_S, 300)
