"""Dating moves files under readers, writers, pruners and full disks, and none of them is hurt."""

import asyncio
import errno
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_agent.adapters.store import backlog
from backsight_agent.adapters.store.files import Media
from backsight_agent.adapters.store.opening import Store, open_store
from backsight_agent.adapters.store.reanchoring import HANDFUL, handfuls
from backsight_agent.domain.anchoring import TIME_UNKNOWN, Undated, places
from backsight_agent.domain.boxes import HEADER_BYTES
from backsight_agent.ports import MomentTaken
from backsight_shared.segment import Run, Segment
from fakes.clock import NOON_MS, FakeClock
from fakes.fmp4 import film
from fakes.footage_of_hub import CAMERA, OTHER, film_run

BOOT = "this boot"
HOUR_MS = 3_600_000


async def undated_run(store: Store, seconds: int, at_ms: int = 60_000, camera: str = CAMERA) -> list[Segment]:
    init, fragments = film(80)
    run = Run(camera, at_ms)
    await store.recordings.begin_run(run, init, Undated(BOOT, 0))
    found = []
    for number, fragment in enumerate(fragments[:seconds]):
        file = await store.recordings.begin_segment(run, number, at_ms + number * 1000)
        await file.append(fragment)
        found.append(await file.finish(at_ms + number * 1000 + 1000))
    return found


async def decide(store: Store, zero_ms: int = NOON_MS, boot: str = BOOT) -> None:
    await store.undated.decide(places(await store.undated.boots(), boot, zero_ms), {})


async def date(store: Store, zero_ms: int = NOON_MS, boot: str = BOOT) -> int:
    await decide(store, zero_ms, boot)
    count = 0
    while dated := await store.undated.move_next():
        count += dated.segments
    return count


async def everything(store: Store, camera: str = CAMERA) -> list[Segment]:
    return list(await store.history.segments(camera, 0, 2**50, None))


async def body(store: Store, segment: Segment) -> bytes:
    return (await store.history.read_segment(segment))[HEADER_BYTES:]


class Steps:
    """Does what the test wants at a step, once."""

    def __init__(self) -> None:
        self.at, self.do = "", lambda: None

    def on(self, step: str, do: Callable[[], object]) -> None:
        self.at, self.do = step, do  # type: ignore[assignment]

    def __call__(self, step: str) -> None:
        if step == self.at:
            self.at = ""
            self.do()


def full_disk() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


# ---- order


@given(st.sets(st.integers(0, 300), min_size=1), st.integers(-300, 300).filter(bool))
def test_each_file_comes_to_a_place_that_is_free_and_durably_so(spots: set[int], shift: int) -> None:
    starts = sorted(spots)
    there, moved = set(starts), []
    for handful in handfuls(starts, shift):
        assert len(handful) <= HANDFUL
        assert not {start + shift for start in handful} & set(handful)
        for start in handful:
            assert start + shift not in there
            there = there - {start} | {start + shift}
            moved.append(start)
    assert sorted(moved) == starts


# ---- others at work


async def test_who_has_opened_a_file_reads_it_to_its_end(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        (segment,) = await undated_run(store, 1)
        with Media(tmp_path / "media").segment(CAMERA, segment.start_ms).open("rb") as opened:
            await date(store)
            assert opened.read()[HEADER_BYTES:] == film(80)[1][0]


async def test_a_segment_that_has_moved_is_gone_where_it_was_and_readable_where_it_is(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        (before,) = await undated_run(store, 1)
        await date(store)
        with pytest.raises(FileNotFoundError):
            await store.history.read_segment(before)
        (after,) = await everything(store)
        assert await store.history.read_segment(after)


async def test_what_is_listed_can_be_read_all_the_time(tmp_path: Path) -> None:
    """But for the handful that is on its way: that is as if it had just expired."""
    async with open_store(tmp_path, FakeClock()) as store:
        await undated_run(store, 70)
        task, missed = asyncio.ensure_future(date(store)), 0
        while not task.done():
            unread = 0
            for segment in await everything(store):
                try:
                    await store.history.read_segment(segment)
                except FileNotFoundError:
                    unread += 1
            missed += unread
            assert unread <= 2 * HANDFUL
        assert await task == 70
        assert len(await everything(store)) == 70


async def test_what_leaves_while_it_is_on_its_way_does_not_come_back(tmp_path: Path) -> None:
    steps = Steps()
    async with open_store(tmp_path, FakeClock(), steps) as store:
        await undated_run(store, 3)
        await decide(store)
        leaving: list[asyncio.Future[object]] = []
        loop = asyncio.get_running_loop()

        def evict() -> None:
            from backsight_agent.adapters.store.erasing import evict as evict_rows

            taking = store.retention.take(
                CAMERA,
                "disk_full",
                NOON_MS,
                lambda db, erasing: evict_rows(db, erasing, 2**40, uploaded_only=False),
            )
            leaving.append(asyncio.run_coroutine_threadsafe(taking, loop))  # type: ignore[arg-type]

        steps.on("segment moved", evict)
        await store.undated.move_next()
        await asyncio.wrap_future(leaving[0])  # type: ignore[arg-type]
        while await store.retention.sweep(10):
            pass
        assert await everything(store) == []
    assert not list((tmp_path / "media").rglob("*.m4s"))
    async with open_store(tmp_path, FakeClock()) as store:
        assert await everything(store) == []
        assert await store.undated.count() == 0


async def test_the_camera_goes_on_recording_while_its_history_moves(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        await undated_run(store, 40)
        task = asyncio.ensure_future(date(store))
        new = await film_run(store, 5, NOON_MS + HOUR_MS)
        await task
        assert (await everything(store))[-5:] == new


async def test_a_file_that_is_being_written_at_a_wanted_moment_is_given_way_to(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        await undated_run(store, 2)
        run = Run(CAMERA, NOON_MS + 61_000)
        await store.recordings.begin_run(run, film(80)[0])
        file = await store.recordings.begin_segment(run, 0, run.run_ms)
        await file.append(film(80)[1][0])
        await date(store)
        await file.finish(run.run_ms + 1_000)
        starts = [segment.start_ms - NOON_MS for segment in await everything(store)]
        assert starts == [60_001, 61_000, 61_001]


async def test_a_run_of_which_a_file_is_still_to_be_finished_waits(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        run = Run(CAMERA, 60_000)
        await store.recordings.begin_run(run, film(80)[0], Undated(BOOT, 0))
        file = await store.recordings.begin_segment(run, 0, 60_000)
        await file.append(film(80)[1][0])
        assert await date(store) == 0
        await file.finish(61_000)
        assert await date(store) == 1


async def test_nothing_is_ever_written_over_what_was_erased_a_moment_ago(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        (old,) = await film_run(store, 1, NOON_MS + 60_000)
        await store.retention.erase_until(CAMERA, old.end_ms, "expired", NOON_MS)
        await undated_run(store, 1)
        await date(store)
        await store.retention.sweep(10)
        (segment,) = await everything(store)
        assert segment.start_ms == old.start_ms + 1
        assert await store.history.read_segment(segment)


async def test_a_moment_whose_file_is_still_to_be_unlinked_is_taken_for_all(
    tmp_path: Path,
) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        (old,) = await film_run(store, 1)
        await store.retention.erase_until(CAMERA, old.end_ms, "expired", NOON_MS)
        run = Run(CAMERA, NOON_MS)
        await store.recordings.begin_run(run, film(80)[0])
        with pytest.raises(MomentTaken):
            await store.recordings.begin_segment(run, 0, NOON_MS)


# ---- disks in trouble


@pytest.mark.parametrize("step", ["synced", "header moved", "segment moved"])
async def test_a_full_disk_holds_it_up_and_the_next_attempt_carries_on(tmp_path: Path, step: str) -> None:
    steps = Steps()
    async with open_store(tmp_path, FakeClock(), steps) as store:
        bodies = [
            (await store.history.read_segment(one))[HEADER_BYTES:] for one in await undated_run(store, 3)
        ]
        await decide(store)
        steps.on(step, full_disk)
        assert await store.undated.move_next() is None
        assert len(await everything(store)) == 3
        assert await date(store) > 0
        moved = await everything(store)
        assert [segment.start_ms for segment in moved] == [NOON_MS + 60_000 + n * 1000 for n in range(3)]
        assert [await body(store, one) for one in moved] == bodies


async def test_files_on_two_disks_each_stay_on_theirs(tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    async with open_store(tmp_path / "state", FakeClock()) as store:
        await undated_run(store, 2)
    async with open_store(tmp_path / "state", FakeClock(), elsewhere={CAMERA: usb}) as store:
        await undated_run(store, 2, 100_000)
        assert await date(store) == 4
        for segment in await everything(store):
            assert await store.history.read_segment(segment)
            assert await store.history.read_init(CAMERA, segment.run_ms)
    assert len(list((tmp_path / "state").rglob("*.m4s"))) == len(list(usb.rglob("*.m4s"))) == 2


async def test_what_is_on_a_disk_that_is_away_waits_for_it(tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    async with open_store(tmp_path / "state", FakeClock(), elsewhere={OTHER: usb}) as store:
        await undated_run(store, 2)
        theirs = await undated_run(store, 2, camera=OTHER)
        aside = usb.with_name("unplugged")
        usb.rename(aside)
        usb.mkdir()
        assert await date(store) == 2
        assert await everything(store, OTHER) == theirs
        shutil.rmtree(usb)
        aside.rename(usb)
        await store.disks.look()
        assert await date(store) == 2
        for segment in await everything(store, OTHER):
            assert await store.history.read_segment(segment)


# ---- what follows from it


async def test_nothing_is_left_of_where_it_was(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        await undated_run(store, 3)
        await date(store)
        await store.retention.sweep(100)
    camera = tmp_path / "media" / CAMERA
    assert not (camera / "1970").exists()
    assert [path.name for path in (camera / "runs").iterdir()] == [f"{NOON_MS + 60_000}.mp4"]
    with sqlite3.connect(tmp_path / "agent.db") as db:
        assert db.execute("SELECT count(*) FROM run").fetchone() == (1,)
        assert db.execute("SELECT newest_ms FROM camera").fetchone() == (NOON_MS + 62_000,)


async def test_an_index_made_anew_from_the_files_says_the_same(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        await undated_run(store, 3)
        await date(store)
        before = await everything(store)
    for path in tmp_path.glob("agent.db*"):
        path.unlink()
    async with open_store(tmp_path, FakeClock()) as store:
        assert await everything(store) == before
        assert await store.undated.count() == 0


async def test_runs_of_1970_of_an_index_that_was_lost_are_placed_before_this_boot(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        await undated_run(store, 3)
        await undated_run(store, 2, 10_000_000)
        await undated_run(store, 3, camera=OTHER)
    for path in tmp_path.glob("agent.db*"):
        path.unlink()
    async with open_store(tmp_path, FakeClock()) as store:
        assert await date(store, boot="the next") == 8
        first, *_, last = await everything(store)
        assert NOON_MS - 10_000 < first.start_ms < last.end_ms <= NOON_MS
        assert (await everything(store, OTHER))[-1].end_ms > NOON_MS - 2_000
        assert [gap.reason for gap in await store.history.gaps(CAMERA, 0, 2**50)] == [TIME_UNKNOWN]


async def test_memory_and_index_agree_on_what_expires_next_and_on_what_waits(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        await film_run(store, 2)
        await undated_run(store, 40)
        await date(store, NOON_MS - HOUR_MS)
        oldest, waiting = await store.retention.oldest_end_ms(CAMERA), await store.backlog.counts()
        sizes = await store.room.sizes()
    async with open_store(tmp_path, FakeClock()) as store:
        assert await store.retention.oldest_end_ms(CAMERA) == oldest == NOON_MS - HOUR_MS + 61_000
        assert await store.backlog.counts() == waiting == {CAMERA: 42}
        assert await store.room.sizes() == sizes


async def test_a_full_disk_lets_go_of_what_is_dated_first(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        stays = await undated_run(store, 3)
        await film_run(store, 2)
        await store.room.evict(CAMERA, 2**40, "disk_full", NOON_MS, uploaded_only=False)
        assert await everything(store) == stays
        await store.room.evict(CAMERA, 1, "disk_full", NOON_MS, uploaded_only=False)
        assert await everything(store) == stays[1:]


async def test_what_waits_is_found_by_the_index_of_what_waits(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        await film_run(store, 1)
    with sqlite3.connect(tmp_path / "agent.db") as db:
        plan = db.execute(f"EXPLAIN QUERY PLAN {backlog._OLDEST}", {"camera": 1, "limit": 1}).fetchall()
    steps = " / ".join(row[3] for row in plan)
    assert "segment USING INDEX segment_waiting" in steps
    assert "SCAN segment" not in steps


@pytest.mark.parametrize(("overlap_ms", "moves_ms"), [(0, 0), (7, 7), (300, 300), (301, 0)])
async def test_runs_that_clocks_read_apart_would_have_overlap_meet(
    tmp_path: Path, overlap_ms: int, moves_ms: int
) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        (first,) = await undated_run(store, 1)
        end_ms = NOON_MS + first.end_ms
        await film_run(store, 1, end_ms - overlap_ms)
        await date(store)
        moved, _ = await everything(store)
        assert moved.end_ms == end_ms - moves_ms


@pytest.mark.parametrize(("overlap_ms", "moves_ms"), [(0, 0), (19, 19), (300, 300), (301, 0)])
async def test_a_run_that_is_dated_meets_the_one_before(
    tmp_path: Path, overlap_ms: int, moves_ms: int
) -> None:
    """The cloud's word for the time is late by its way."""
    async with open_store(tmp_path, FakeClock()) as store:
        (old,) = await film_run(store, 1, NOON_MS)
        await undated_run(store, 1)
        zero_ms = old.end_ms - overlap_ms - 60_000
        await date(store, zero_ms)
        _, moved = await everything(store)
        assert moved.start_ms == old.end_ms - overlap_ms + moves_ms
