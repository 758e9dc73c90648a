"""Opening a store makes rows and files agree, keeps all that can be played, and looks only where it must."""

import sqlite3
from contextlib import closing
from pathlib import Path

from backsight_agent.adapters.store.files import Media, part_of
from backsight_agent.adapters.store.opening import Store, open_store
from backsight_agent.domain.boxes import SegmentHeader, make_header
from backsight_agent.ports import Gap
from backsight_shared.segment import Run, Segment
from fakes.clock import NOON_MS, FakeClock
from fakes.fmp4 import film
from fakes.footage_of_hub import CAMERA, film_run, one_segment, record

HOUR_MS = 3_600_000


async def fill(folder: Path, count: int = 3) -> list[Segment]:
    async with open_store(folder, FakeClock()) as store:
        return await film_run(store, count)


def sql(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "agent.db")) as db, db:
        db.execute(statement)


def path_of(folder: Path, segment: Segment) -> Path:
    return Media(folder / "media").segment(segment.camera, segment.start_ms)


async def everything(store: Store) -> list[Segment]:
    return list(await store.history.segments(CAMERA, 0, 2**50, None))


async def test_a_file_whose_row_was_lost_gets_the_same_row_again(tmp_path: Path) -> None:
    before = await fill(tmp_path)
    sql(tmp_path, f"DELETE FROM segment WHERE start_ms = {before[-1].start_ms}")
    async with open_store(tmp_path, FakeClock()) as store:
        assert await everything(store) == before


async def test_a_file_whose_run_was_lost_too_gets_both_again(tmp_path: Path) -> None:
    before = await fill(tmp_path)
    sql(tmp_path, "DELETE FROM segment")
    sql(tmp_path, "DELETE FROM run")
    async with open_store(tmp_path, FakeClock()) as store:
        assert await everything(store) == before
        assert list(await store.backlog.runs_of(before)) == [
            (Run(CAMERA, NOON_MS, "hub_not_running"), len(film(6)[0]))
        ]


async def test_an_unfinished_file_keeps_its_whole_fragments(tmp_path: Path) -> None:
    init, fragments = film(3)
    async with open_store(tmp_path, FakeClock()) as store:
        run = Run(CAMERA, NOON_MS)
        await store.recordings.begin_run(run, init)
        file = await store.recordings.begin_segment(run, 0, NOON_MS)
        await file.append(fragments[0])
        await file.append(fragments[1] + fragments[2][:-1])  # the last one is torn
    async with open_store(tmp_path, FakeClock()) as store:
        (segment,) = await everything(store)
        assert (segment.start_ms, segment.end_ms) == (NOON_MS, NOON_MS + 2000)
        assert (await store.history.read_segment(segment)).endswith(fragments[1])


async def test_an_unfinished_file_without_a_whole_fragment_goes(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        run = Run(CAMERA, NOON_MS)
        await store.recordings.begin_run(run, film(1)[0])
        await store.recordings.begin_segment(run, 0, NOON_MS)
    async with open_store(tmp_path, FakeClock()) as store:
        assert await everything(store) == []
    assert [path.name for path in (tmp_path / "media").rglob("*") if path.is_file()] == ["identity"]


async def test_an_abandoned_file_is_kept_at_once(tmp_path: Path) -> None:
    init, fragments = film(2)
    async with open_store(tmp_path, FakeClock()) as store:
        run = Run(CAMERA, NOON_MS)
        await store.recordings.begin_run(run, init)
        file = await store.recordings.begin_segment(run, 0, NOON_MS)
        await file.append(fragments[0])
        await file.abandon()
        assert [segment.end_ms for segment in await everything(store)] == [NOON_MS + 1000]


async def test_a_row_without_a_file_goes_and_the_ledger_says_lost(tmp_path: Path) -> None:
    first, second, third = await fill(tmp_path)
    path_of(tmp_path, second).unlink()
    async with open_store(tmp_path, FakeClock()) as store:
        assert await everything(store) == [first, third]
        (line,) = await store.history.erasures(CAMERA, 10)
        assert (line.reason, line.from_ms, line.to_ms, line.count) == (
            "lost", second.start_ms, second.end_ms, 1
        )  # fmt: skip
        assert list(await store.history.gaps(CAMERA, 0, 2**50)) == [
            Gap(second.start_ms, second.end_ms, "lost")
        ]


async def test_erased_files_that_were_not_unlinked_go_and_do_not_come_back(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        first, *rest = await film_run(store, 3)
        await store.retention.erase_until(CAMERA, first.end_ms, "expired", NOON_MS)
    assert path_of(tmp_path, first).exists()
    async with open_store(tmp_path, FakeClock()) as store:
        assert await everything(store) == rest
        assert not path_of(tmp_path, first).exists()


async def test_an_init_without_a_run_goes(tmp_path: Path) -> None:
    await fill(tmp_path)
    stray = Media(tmp_path / "media").init(CAMERA, NOON_MS + HOUR_MS)
    stray.write_bytes(b"init")
    part_of(stray).write_bytes(b"in")
    async with open_store(tmp_path, FakeClock()) as store:
        assert len(await everything(store)) == 3
    assert not stray.exists()
    assert not part_of(stray).exists()


async def test_a_run_without_segments_goes_with_its_init(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        await store.recordings.begin_run(Run(CAMERA, NOON_MS), b"init")
    async with open_store(tmp_path, FakeClock()):
        assert not Media(tmp_path / "media").init(CAMERA, NOON_MS).exists()


async def test_a_segment_that_no_init_can_play_goes_and_is_noted(tmp_path: Path) -> None:
    (segment,) = await fill(tmp_path, 1)
    sql(tmp_path, "DELETE FROM segment")
    sql(tmp_path, "DELETE FROM run")
    Media(tmp_path / "media").init(CAMERA, NOON_MS).unlink()
    async with open_store(tmp_path, FakeClock()) as store:
        assert await everything(store) == []
        assert [line.reason for line in await store.history.erasures(CAMERA, 10)] == ["lost"]
    assert not path_of(tmp_path, segment).exists()


async def test_files_that_are_not_ours_are_left_alone(tmp_path: Path) -> None:
    before = await fill(tmp_path)
    hour = path_of(tmp_path, before[0]).parent
    strays = [hour / "notes.txt", hour / "holiday.m4s", tmp_path / "media" / "lost+found" / "x"]
    strays[-1].parent.mkdir()
    for stray in strays:
        stray.write_bytes(b"mine")
    async with open_store(tmp_path, FakeClock()) as store:
        assert await everything(store) == before
    assert all(stray.exists() for stray in strays)


async def test_a_file_in_a_place_that_its_header_does_not_name_is_no_segment(tmp_path: Path) -> None:
    before = await fill(tmp_path)
    stray = path_of(tmp_path, before[0]).with_name(f"{NOON_MS + 1}.m4s")
    stray.write_bytes(make_header(SegmentHeader(CAMERA, NOON_MS, NOON_MS + 2, 9)) + film(1)[1][0])
    async with open_store(tmp_path, FakeClock()) as store:
        assert await everything(store) == before


async def test_only_the_newest_hours_are_looked_at(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        (old,) = await film_run(store, 1, NOON_MS - 5 * HOUR_MS)
        (new,) = await film_run(store, 1)
    path_of(tmp_path, old).unlink()  # no crash of ours can do this
    async with open_store(tmp_path, FakeClock()) as store:
        assert await everything(store) == [old, new]


async def test_a_clock_that_was_set_back_does_not_hide_what_a_crash_left(tmp_path: Path) -> None:
    init, fragments = film(1)
    async with open_store(tmp_path, FakeClock()) as store:
        await film_run(store, 2, NOON_MS + 1000 * HOUR_MS)
        run = Run(CAMERA, NOON_MS, "clock_jump")
        await store.recordings.begin_run(run, init)
        file = await store.recordings.begin_segment(run, 0, NOON_MS)
        await file.append(fragments[0])
    async with open_store(tmp_path, FakeClock()) as store:
        first, *_ = await everything(store)
        assert first.start_ms == NOON_MS


async def test_what_is_found_again_waits_for_upload(tmp_path: Path) -> None:
    before = await fill(tmp_path)
    async with open_store(tmp_path, FakeClock()) as store:
        await store.backlog.mark_uploaded(before)
    sql(tmp_path, f"DELETE FROM segment WHERE start_ms = {before[-1].start_ms}")
    async with open_store(tmp_path, FakeClock()) as store:
        assert list(await store.backlog.oldest(CAMERA, 10)) == [before[-1]]


async def test_an_init_stays_as_long_as_a_segment_that_was_found_again_needs_it(tmp_path: Path) -> None:
    before = await fill(tmp_path)
    sql(tmp_path, f"DELETE FROM segment WHERE start_ms = {before[-1].start_ms}")
    sql(tmp_path, "UPDATE run SET segments = segments - 1")
    async with open_store(tmp_path, FakeClock()) as store:
        await record(store, 1, NOON_MS + HOUR_MS)
        await store.retention.erase_until(CAMERA, before[1].end_ms, "expired", NOON_MS)
        await store.retention.sweep(100)
        assert await store.history.read_init(CAMERA, NOON_MS)


async def test_empty_hours_and_days_are_removed(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        (old,) = await record(store, 1, NOON_MS - 24 * HOUR_MS)
        (new,) = await record(store, 1)
        await store.retention.erase_until(CAMERA, old.end_ms, "expired", NOON_MS)
        await store.retention.sweep(100)
    assert not path_of(tmp_path, old).parent.parent.exists()
    assert path_of(tmp_path, new).exists()


async def test_a_file_that_cannot_be_unlinked_holds_up_no_other(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        stuck, *others = await record(store, 4)
        path_of(tmp_path, stuck).unlink()
        path_of(tmp_path, stuck).mkdir()  # unlink refuses a folder
        await store.retention.erase_until(CAMERA, others[-1].end_ms, "expired", NOON_MS)
        assert [await store.retention.sweep(2) for _ in range(4)] == [3, 1, 1, 1]
        assert not any(path_of(tmp_path, other).exists() for other in others)
        path_of(tmp_path, stuck).rmdir()
        assert await store.retention.sweep(2) == 0


async def test_a_moment_whose_old_file_is_gone_can_be_recorded_anew(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        first, _ = await record(store, 2)
        await store.retention.erase_until(CAMERA, first.end_ms, "expired", NOON_MS)
        await store.retention.sweep(10)
        again = await one_segment(store, Run(CAMERA, NOON_MS), 0, NOON_MS, 5000, b"data")
        await store.retention.sweep(10)
        assert (await store.history.read_segment(again)).endswith(b"data")
