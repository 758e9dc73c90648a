"""Footage is indexed once, read only by its owner and above the horizon, and leaves through the garbage."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.domain.keys import run_key, segment_key
from backsight_cloud.domain.looking import Part
from backsight_cloud.domain.records import Garbage
from backsight_cloud.ports import Database, OwnerMissing
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


# ------------------------------------------------------------ indexing


async def test_segments_come_back_in_order_of_start_however_they_came_in(database: Database) -> None:
    segments = segments_of(a_run(), 4)
    await record(database, a_run(), reversed(segments))
    async with database.read() as tx:
        assert await tx.footage.segments(ANNA, DOOR, NOON_MS, LONG_AFTER, None) == segments


async def test_indexing_twice_changes_nothing(database: Database) -> None:
    segments = segments_of(a_run())
    await record(database, a_run(), segments)
    await record(database, a_run(), [replace(segments[0], size_bytes=7), *segments[1:]])
    async with database.read() as tx:
        assert await tx.footage.segments(ANNA, DOOR, NOON_MS, LONG_AFTER, None) == segments


async def test_a_run_is_new_once(database: Database) -> None:
    async with database.begin() as tx:
        assert await tx.footage.add_run(ANNA, a_run(), 50) is True
        assert await tx.footage.add_run(ANNA, a_run(), 50) is False


async def test_footage_of_an_unknown_camera_is_refused(database: Database) -> None:
    with pytest.raises(OwnerMissing):
        await record(database, a_run(camera="0" * 12), [])


async def test_it_says_which_runs_and_segments_it_has(database: Database) -> None:
    there, elsewhere = segments_of(a_run(), 2), segments_of(a_run(camera=YARD), 2)
    await record(database, a_run(), there[:1])
    async with database.read() as tx:
        assert await tx.footage.have_segments([*there, *elsewhere]) == {(DOOR, NOON_MS)}
        assert await tx.footage.have_runs([a_run(), a_run(camera=YARD)]) == {(DOOR, NOON_MS)}


# ------------------------------------------------------------ reading


async def test_a_span_takes_the_segments_that_overlap_it(database: Database) -> None:
    segments = segments_of(a_run(), 4)
    await record(database, a_run(), segments)
    async with database.read() as tx:
        found = await tx.footage.segments(ANNA, DOOR, NOON_MS + TEN_S, NOON_MS + 2 * TEN_S + 1, None)
    assert found == segments[1:3]


async def test_what_ends_at_the_horizon_is_not_there(database: Database) -> None:
    segments = segments_of(a_run(), 3)
    await record(database, a_run(), segments)
    async with database.read() as tx:
        assert await tx.footage.segments(ANNA, DOOR, NOON_MS, LONG_AFTER, segments[0].end_ms) == segments[1:]


async def test_parts_are_unbroken_stretches(database: Database) -> None:
    first, second = a_run(), a_run(NOON_MS + HOUR_MS)
    held = [s for s in segments_of(first, 5) if s.sequence != 2]
    await record(database, first, held)
    await record(database, second, segments_of(second, 2))
    async with database.read() as tx:
        parts = await tx.footage.parts(ANNA, DOOR, NOON_MS, LONG_AFTER, None)
    assert parts == [
        Part(NOON_MS, NOON_MS, NOON_MS + 2 * TEN_S, 2, 200),
        Part(NOON_MS, NOON_MS + 3 * TEN_S, NOON_MS + 5 * TEN_S, 2, 200),
        Part(NOON_MS + HOUR_MS, NOON_MS + HOUR_MS, NOON_MS + HOUR_MS + 2 * TEN_S, 2, 200),
    ]


async def test_runs_are_found_by_the_span_that_their_segments_cover(database: Database) -> None:
    first, second = a_run(), a_run(NOON_MS + HOUR_MS, after="off")
    await record(database, first, segments_of(first, 2))
    await record(database, second, segments_of(second, 2))
    async with database.read() as tx:
        assert await tx.footage.runs(ANNA, DOOR, NOON_MS, LONG_AFTER) == [first, second]
        assert await tx.footage.runs(ANNA, DOOR, NOON_MS + 2 * TEN_S, LONG_AFTER) == [second]
        assert await tx.footage.runs(ANNA, DOOR, NOON_MS, NOON_MS + HOUR_MS) == [first]


async def test_the_span_of_a_history_is_that_above_the_horizon(database: Database) -> None:
    segments = segments_of(a_run(), 3)
    await record(database, a_run(), segments)
    async with database.read() as tx:
        assert await tx.footage.span(ANNA, DOOR, None) == (NOON_MS, segments[2].end_ms)
        assert await tx.footage.span(ANNA, DOOR, segments[1].end_ms) == (
            segments[2].start_ms,
            segments[2].end_ms,
        )
        assert await tx.footage.span(ANNA, DOOR, segments[2].end_ms) is None


async def test_the_next_to_expire_is_known_for_one_camera_and_for_all(database: Database) -> None:
    await record(database, a_run(), segments_of(a_run(), 3))
    async with database.read() as tx:
        assert await tx.footage.oldest_end_ms(DOOR) == NOON_MS + TEN_S
        assert await tx.footage.oldest_end_ms(YARD) is None
        assert await tx.footage.oldest_ends() == {DOOR: NOON_MS + TEN_S}


# ------------------------------------------------------------ an account reads nothing of another's


async def test_no_question_of_an_owner_reaches_anothers_footage(database: Database) -> None:
    run = a_run(camera=FOREIGN)
    await record(database, run, segments_of(run), BERT)
    async with database.begin() as tx:
        await tx.footage.erase_until(a_camera(FOREIGN, BERT), NOON_MS + TEN_S, "expired", NOON_MS)
    async with database.read() as tx:
        footage = tx.footage
        assert await footage.segments(ANNA, FOREIGN, NOON_MS, LONG_AFTER, None) == []
        assert await footage.parts(ANNA, FOREIGN, NOON_MS, LONG_AFTER, None) == []
        assert await footage.runs(ANNA, FOREIGN, NOON_MS, LONG_AFTER) == []
        assert await footage.segment(ANNA, FOREIGN, NOON_MS + TEN_S) is None
        assert await footage.span(ANNA, FOREIGN, None) is None
        assert await footage.erasures(ANNA, FOREIGN, 10) == []
        assert await footage.erasures(ANNA, None, 10) == []
        assert await footage.segment(BERT, FOREIGN, NOON_MS + TEN_S) is not None
        assert len(await footage.erasures(BERT, None, 10)) == 1


# ------------------------------------------------------------ erasing


async def test_what_ended_by_the_horizon_becomes_garbage(database: Database) -> None:
    segments = segments_of(a_run(), 3)
    await record(database, a_run(), segments)
    async with database.begin() as tx:
        erased = await tx.footage.erase_until(a_camera(), segments[1].end_ms, "expired", LONG_AFTER)
    assert erased is not None
    assert (erased.count, erased.size_bytes, erased.reason) == (2, 200, "expired")
    assert (erased.from_ms, erased.to_ms) == (NOON_MS, segments[1].end_ms)
    async with database.read() as tx:
        keys = [segment_key(ANNA, DOOR, s.start_ms) for s in segments[:2]]
        assert await tx.footage.garbage(10) == [Garbage(key, DOOR, LONG_AFTER) for key in keys]
        assert await tx.footage.segments(ANNA, DOOR, NOON_MS, LONG_AFTER, None) == segments[2:]


async def test_erasing_twice_changes_nothing(database: Database) -> None:
    await record(database, a_run(), segments_of(a_run()))
    async with database.begin() as tx:
        await tx.footage.erase_until(a_camera(), NOON_MS + TEN_S, "expired", LONG_AFTER)
        assert await tx.footage.erase_until(a_camera(), NOON_MS + TEN_S, "expired", LONG_AFTER) is None
        assert len(await tx.footage.garbage(10)) == 1
        assert [line.count for line in await tx.footage.erasures(ANNA, DOOR, 10)] == [1]


async def test_the_horizon_is_remembered_and_never_moves_back(database: Database) -> None:
    async with database.begin() as tx:
        await tx.footage.erase_until(a_camera(), NOON_MS, "expired", LONG_AFTER)
        await tx.footage.erase_until(a_camera(), NOON_MS - 1, "expired", LONG_AFTER)
        assert await tx.cameras.camera(DOOR) == replace(a_camera(), reached_ms=NOON_MS)


async def test_another_cameras_footage_stays(database: Database) -> None:
    yard = a_run(camera=YARD)
    await record(database, a_run(), segments_of(a_run()))
    await record(database, yard, segments_of(yard))
    async with database.begin() as tx:
        await tx.footage.erase_until(a_camera(), LONG_AFTER, "expired", LONG_AFTER)
        assert len(await tx.footage.segments(ANNA, YARD, NOON_MS, LONG_AFTER, None)) == 3


async def test_lines_of_the_same_hour_and_reason_are_one(database: Database) -> None:
    segments = segments_of(a_run(), 4)
    await record(database, a_run(), segments)
    async with database.begin() as tx:
        for segment, reason, later in zip(
            segments,
            ["expired", "expired", "plan_changed", "expired"],
            [0, 60_000, 60_000, HOUR_MS],
            strict=True,
        ):
            await tx.footage.erase_until(a_camera(), segment.end_ms, reason, NOON_MS + later)
        lines = await tx.footage.erasures(ANNA, DOOR, 10)
        assert [(line.reason, line.count) for line in lines] == [
            ("expired", 1),
            ("expired", 2),
            ("plan_changed", 1),
        ]
        assert (lines[1].from_ms, lines[1].to_ms) == (NOON_MS, segments[1].end_ms)
        assert lines[1].at_ms == NOON_MS + 60_000
        assert await tx.footage.erasures(ANNA, None, 1) == lines[:1]


async def test_a_runs_init_goes_when_all_of_it_went_and_the_next_run_has_begun(database: Database) -> None:
    first, second = a_run(), a_run(NOON_MS + HOUR_MS)
    await record(database, first, segments_of(first))
    await record(database, second, segments_of(second))
    async with database.begin() as tx:
        await tx.footage.erase_until(a_camera(), NOON_MS + HOUR_MS - 1, "expired", LONG_AFTER)
        assert await tx.footage.have_runs([first]) != set()
        await tx.footage.erase_until(a_camera(), NOON_MS + HOUR_MS, "expired", LONG_AFTER)
        assert await tx.footage.have_runs([first, second]) == {(DOOR, second.run_ms)}
        assert await tx.footage.garbage_among([run_key(ANNA, DOOR, NOON_MS)]) == {
            run_key(ANNA, DOOR, NOON_MS)
        }


async def test_the_newest_run_stays_for_more_of_it_may_come(database: Database) -> None:
    await record(database, a_run(), segments_of(a_run()))
    async with database.begin() as tx:
        await tx.footage.erase_until(a_camera(), LONG_AFTER, "expired", LONG_AFTER)
        assert await tx.footage.have_runs([a_run()]) == {(DOOR, NOON_MS)}


# ------------------------------------------------------------ garbage and placed objects


async def test_garbage_is_forgotten_only_by_name(database: Database) -> None:
    segments = segments_of(a_run())
    await record(database, a_run(), segments)
    first, second, third = (segment_key(ANNA, DOOR, s.start_ms) for s in segments)
    async with database.begin() as tx:
        await tx.footage.erase_until(a_camera(), LONG_AFTER, "expired", LONG_AFTER)
        await tx.footage.forget_garbage([second, "never was"])
        assert [line.key for line in await tx.footage.garbage(10)] == [first, third]
        assert [line.key for line in await tx.footage.garbage(1)] == [first]
        assert [line.key for line in await tx.footage.garbage(10, after_key=first)] == [third]


async def test_placed_objects_become_garbage_unless_they_were_forgotten_in_time(database: Database) -> None:
    async with database.begin() as tx:
        await tx.footage.note_placed([("a", DOOR), ("b", DOOR)], NOON_MS)
        await tx.footage.note_placed([("c", DOOR)], NOON_MS + 1)
        assert await tx.footage.forget_placed(["a", "x"]) == {"a"}
        assert await tx.footage.discard_placed_before(NOON_MS + 1, LONG_AFTER) == 1
        assert await tx.footage.garbage(10) == [Garbage("b", DOOR, LONG_AFTER)]
        assert await tx.footage.forget_placed(["b", "c"]) == {"c"}


async def test_an_object_placed_again_is_as_young_as_its_last_place(database: Database) -> None:
    async with database.begin() as tx:
        await tx.footage.note_placed([("a", DOOR)], NOON_MS)
        await tx.footage.note_placed([("a", DOOR)], NOON_MS + 5)
        assert await tx.footage.discard_placed_before(NOON_MS + 5, LONG_AFTER) == 0
