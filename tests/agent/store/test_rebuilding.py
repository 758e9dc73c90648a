"""A lost or damaged index is made anew from the files alone: nothing that can be played is missed."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from backsight_agent.adapters.store.files import Media
from backsight_agent.adapters.store.opening import Store, open_store
from backsight_shared.event import Event, EventKind, Origin
from backsight_shared.segment import Run, Segment
from fakes.clock import NOON_MS, FakeClock
from fakes.fmp4 import film
from fakes.footage_of_hub import CAMERA, OTHER, film_run, one_segment

HOUR_MS = 3_600_000
FOREVER = 2**50


async def fill(folder: Path) -> list[Segment]:
    """Two runs on two days, and another camera."""
    async with open_store(folder, FakeClock()) as store:
        before = await film_run(store, 3, NOON_MS - 30 * HOUR_MS)
        before += await film_run(store, 4, after="off")
        return before + await film_run(store, 2, camera=OTHER)


async def everything(store: Store) -> list[Segment]:
    mine, theirs = [await store.history.segments(camera, 0, FOREVER, None) for camera in (CAMERA, OTHER)]
    return [*mine, *theirs]


def lose(folder: Path) -> None:
    for file in folder.glob("agent.db*"):
        file.unlink()


async def test_a_lost_index_gets_every_row_again(tmp_path: Path) -> None:
    before = await fill(tmp_path)
    lose(tmp_path)
    async with open_store(tmp_path, FakeClock()) as store:
        assert await everything(store) == before


async def test_a_damaged_index_is_set_aside_and_made_anew(tmp_path: Path) -> None:
    before = await fill(tmp_path)
    (tmp_path / "agent.db").write_bytes(b"this is no database" * 1000)
    async with open_store(tmp_path, FakeClock()) as store:
        assert await everything(store) == before
        assert "made anew from 9 recorded segments" in " ".join(await store.disks.look())
    assert (tmp_path / "agent.db.damaged").read_bytes().startswith(b"this is no database")


@pytest.mark.parametrize("page", range(2, 12))
async def test_after_a_crash_a_page_of_rubbish_is_found(tmp_path: Path, page: int) -> None:
    before = await fill(tmp_path)
    with (tmp_path / "agent.db").open("r+b") as file:
        file.seek(page * 4096)
        file.write(b"\xa5" * 4096)
    (tmp_path / "agent.db-wal").write_bytes(b"not a journal, but not empty either")
    async with open_store(tmp_path, FakeClock()) as store:
        assert await everything(store) == before


async def test_an_index_that_proves_damaged_while_it_is_used_is_made_anew_at_the_next_look(
    tmp_path: Path,
) -> None:
    before = await fill(tmp_path)
    with (tmp_path / "agent.db").open("r+b") as file:
        root = _root_page(tmp_path / "agent.db", "segment")
        file.seek((root - 1) * 4096)
        file.write(b"\xa5" * 4096)
    async with open_store(tmp_path, FakeClock()) as store:
        store.disks._base.index.suspect = True
        await store.disks.look()
        if await everything(store) != before:
            await store.disks.look()
        assert await everything(store) == before


def _root_page(database: Path, table: str) -> int:
    with closing(sqlite3.connect(database)) as db:
        (page,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
        return int(page)


async def test_the_length_of_a_runs_last_segment_is_read_from_its_fragments(tmp_path: Path) -> None:
    init, fragments = film(3)
    async with open_store(tmp_path, FakeClock()) as store:
        run = Run(CAMERA, NOON_MS)
        await store.recordings.begin_run(run, init)
        segment = await one_segment(store, run, 0, NOON_MS, 3000, *fragments)
    lose(tmp_path)
    async with open_store(tmp_path, FakeClock()) as store:
        assert await everything(store) == [segment]


async def test_a_missing_file_inside_a_run_leaves_a_gap_and_no_longer_neighbour(tmp_path: Path) -> None:
    before = await fill(tmp_path)
    Media(tmp_path / "media").segment(CAMERA, before[4].start_ms).unlink()
    lose(tmp_path)
    async with open_store(tmp_path, FakeClock()) as store:
        assert await everything(store) == before[:4] + before[5:]


async def test_all_of_it_waits_for_the_cloud_which_says_what_it_has(tmp_path: Path) -> None:
    before = await fill(tmp_path)
    async with open_store(tmp_path, FakeClock()) as store:
        await store.backlog.mark_uploaded(before)
    lose(tmp_path)
    async with open_store(tmp_path, FakeClock()) as store:
        assert list(await store.backlog.oldest(CAMERA, 100)) == before[:7]


async def test_why_a_run_began_is_not_known_any_more(tmp_path: Path) -> None:
    await fill(tmp_path)
    lose(tmp_path)
    async with open_store(tmp_path, FakeClock()) as store:
        assert {gap.reason for gap in await store.history.gaps(CAMERA, 0, FOREVER)} == {"unknown"}


async def test_what_the_owner_erased_does_not_come_back(tmp_path: Path) -> None:
    before = await fill(tmp_path)
    async with open_store(tmp_path, FakeClock()) as store:
        await store.retention.erase_span(CAMERA, 0, before[2].end_ms, "owner", NOON_MS)
    lose(tmp_path)  # before the files were unlinked
    async with open_store(tmp_path, FakeClock()) as store:
        assert await everything(store) == before[3:]
    assert not Media(tmp_path / "media").segment(CAMERA, before[0].start_ms).exists()


async def test_an_index_is_not_lost_because_everything_has_expired(tmp_path: Path) -> None:
    before = await fill(tmp_path)
    async with open_store(tmp_path, FakeClock()) as store:
        for camera in (CAMERA, OTHER):
            await store.retention.erase_until(camera, before[-1].end_ms + 10_000, "expired", NOON_MS)
    async with open_store(tmp_path, FakeClock()) as store:  # and nothing was unlinked before the hub died
        assert await everything(store) == []
        assert await store.retention.sweep(1000) == 0
    assert not list((tmp_path / "media").glob("*/2*/**/*.m4s"))


async def test_hours_without_a_segment_are_no_reason_not_to_start(tmp_path: Path) -> None:
    before = await fill(tmp_path)
    for segment in before:
        Media(tmp_path / "media").segment(segment.camera, segment.start_ms).unlink()
    lose(tmp_path)
    async with open_store(tmp_path, FakeClock()) as store:
        assert await everything(store) == []


async def test_an_index_that_was_being_made_anew_when_the_hub_died_is_made_whole(tmp_path: Path) -> None:
    before = await fill(tmp_path)
    lose(tmp_path)

    def die(step: str) -> None:
        if step == "rebuilt rows":
            raise RuntimeError("the power fails")

    with pytest.raises(RuntimeError):
        async with open_store(tmp_path, FakeClock(), steps=die):
            pass
    async with open_store(tmp_path, FakeClock()) as store:
        assert await everything(store) == before


async def test_a_run_that_had_caught_up_does_not_reach_into_the_next_one(tmp_path: Path) -> None:
    init, fragments = film(3)
    async with open_store(tmp_path, FakeClock()) as store:
        for begins_ms in (NOON_MS, NOON_MS + 2998):
            await store.recordings.begin_run(Run(CAMERA, begins_ms), init)
        first = await one_segment(store, Run(CAMERA, NOON_MS), 0, NOON_MS, 2997, *fragments)
        last = await one_segment(store, Run(CAMERA, NOON_MS + 2998), 0, NOON_MS + 2998, 3000, *fragments)
    lose(tmp_path)
    async with open_store(tmp_path, FakeClock()) as store:
        assert await everything(store) == [replace(first, end_ms=last.start_ms), last]


async def test_a_run_that_no_clock_can_have_dated_expires_never_before_it_is_dated(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        old = await film_run(store, 2, 5_000)
    lose(tmp_path)
    async with open_store(tmp_path, FakeClock()) as store:
        await store.retention.erase_until(CAMERA, NOON_MS, "expired", NOON_MS)
        assert list(await store.history.segments(CAMERA, 0, FOREVER, None)) == old


async def test_what_a_damaged_index_still_says_is_taken_over(tmp_path: Path) -> None:
    event = Event(CAMERA, NOON_MS + 4000, NOON_MS + 5000, EventKind.MOTION, Origin.HUB, 50)
    async with open_store(tmp_path, FakeClock()) as store:
        before = await film_run(store, 4)
        await store.events.note(event)
        await store.retention.erase_until(CAMERA, before[0].end_ms - 1, "expired", NOON_MS)
        await store.retention.erase_until(CAMERA, before[0].end_ms, "expired", NOON_MS)
    page = _root_page(tmp_path / "agent.db", "segment")
    with (tmp_path / "agent.db").open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xa5" * 4096)
    (tmp_path / "agent.db-wal").write_bytes(b"as after a crash")
    async with open_store(tmp_path, FakeClock()) as store:
        assert await store.retention.reached_ms(CAMERA) == before[0].end_ms
        assert [line.count for line in await store.history.erasures(CAMERA, 9)] == [1]
        assert list(await store.history.events(CAMERA, 0, FOREVER, None)) == [event]
