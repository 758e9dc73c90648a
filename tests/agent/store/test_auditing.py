"""The whole history is walked over in time: what a hand or a file system took or put back is noticed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from backsight_agent.adapters.store.files import Media
from backsight_agent.adapters.store.opening import Store, open_store
from backsight_shared.segment import Segment
from fakes.clock import NOON_MS, FakeClock
from fakes.footage_of_hub import CAMERA, film_run

HOUR_MS = 3_600_000


@asynccontextmanager
async def a_history(folder: Path) -> AsyncIterator[tuple[Store, list[Segment]]]:
    async with open_store(folder, FakeClock()) as store:
        before = await film_run(store, 3, NOON_MS - 50 * HOUR_MS)
        before += await film_run(store, 3, NOON_MS - 20 * HOUR_MS, after="off")
        before += await film_run(store, 3, NOON_MS - HOUR_MS, after="off")
        yield store, before


async def audited(store: Store) -> list[Segment]:
    for _ in range(60):
        await store.disks.audit()
    return list(await store.history.segments(CAMERA, 0, 2**50, None))


def path_of(folder: Path, segment: Segment) -> Path:
    return Media(folder / "media").segment(segment.camera, segment.start_ms)


async def test_where_all_agrees_nothing_changes(tmp_path: Path) -> None:
    async with a_history(tmp_path) as (store, before):
        assert await audited(store) == before
        assert list(await store.history.erasures(CAMERA, 9)) == []


async def test_a_file_that_went_long_ago_is_noticed_and_accounted_as_lost(tmp_path: Path) -> None:
    async with a_history(tmp_path) as (store, before):
        path_of(tmp_path, before[4]).unlink()
        assert await audited(store) == [*before[:4], *before[5:]]
        assert [line.reason for line in await store.history.erasures(CAMERA, 9)] == ["lost"]
        assert (
            sum((await store.room.sizes()).values())
            == sum(one.size_bytes for one in before) - before[4].size_bytes
        )


async def test_a_file_that_was_put_back_is_in_the_history_again(tmp_path: Path) -> None:
    async with a_history(tmp_path) as (store, before):
        path = path_of(tmp_path, before[0])
        aside = path.rename(tmp_path / "aside")
        await audited(store)
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.rename(path)
        assert await audited(store) == before
        assert await store.retention.oldest_end_ms(CAMERA) == before[0].end_ms


async def test_what_was_erased_does_not_come_back_by_it(tmp_path: Path) -> None:
    async with a_history(tmp_path) as (store, before):
        await store.retention.erase_until(CAMERA, before[2].end_ms, "expired", NOON_MS)
        assert await audited(store) == before[3:]  # its files are still there: they are garbage


async def test_what_is_being_written_is_left_alone(tmp_path: Path) -> None:
    async with a_history(tmp_path) as (store, before):
        path_of(tmp_path, before[-1]).unlink()
        assert await audited(store) == before  # the newest hours are a start's matter
