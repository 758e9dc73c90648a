"""What cannot be finished now is finished as soon as the disk works again, without a restart."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from backsight_agent.adapters.store.opening import Store, open_store
from backsight_agent.ports import SegmentFile, StoreFailed, StoreFull
from backsight_shared.segment import Run, Segment
from fakes.clock import NOON_MS, FakeClock
from fakes.fmp4 import film
from fakes.footage_of_hub import CAMERA, OTHER, film_run, one_segment


class Steps:
    """Fails at the step that the test names, as a full disk does."""

    def __init__(self) -> None:
        self.fails_at = ""

    def __call__(self, step: str) -> None:
        if step == self.fails_at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@asynccontextmanager
async def a_store(folder: Path, steps: Steps) -> AsyncIterator[Store]:
    async with open_store(folder, FakeClock(), steps) as store:
        yield store


async def an_open_segment(store: Store, at_ms: int = NOON_MS) -> SegmentFile:
    init, fragments = film(2)
    run = Run(CAMERA, at_ms)
    await store.recordings.begin_run(run, init)
    file = await store.recordings.begin_segment(run, 0, at_ms)
    for fragment in fragments:
        await file.append(fragment)
    return file


async def everything(store: Store, camera: str = CAMERA) -> list[Segment]:
    return list(await store.history.segments(camera, 0, 2**50, None))


@pytest.mark.parametrize("step", ["synced", "renamed", "folder synced"])
async def test_a_segment_that_could_not_be_finished_is_found_again_by_the_next_run(
    tmp_path: Path, step: str
) -> None:
    steps = Steps()
    async with a_store(tmp_path, steps) as store:
        file = await an_open_segment(store)
        steps.fails_at = step
        with pytest.raises(StoreFull):
            await file.finish(NOON_MS + 2000)
        await file.abandon()
        steps.fails_at = ""
        later = await film_run(store, 1, NOON_MS + 60_000)
        found, *rest = await everything(store)
        assert (found.start_ms, found.end_ms) == (NOON_MS, NOON_MS + 2000)
        assert rest == later


async def test_the_init_of_a_segment_that_waits_to_be_finished_stays(tmp_path: Path) -> None:
    steps = Steps()
    async with a_store(tmp_path, steps) as store:
        file = await an_open_segment(store)
        steps.fails_at = "synced"
        with pytest.raises(StoreFull):
            await file.finish(NOON_MS + 2000)
        await store.retention.erase_until(CAMERA, NOON_MS - 1, "expired", NOON_MS)
        steps.fails_at = ""
        await store.retention.sweep(10)
        await film_run(store, 1, NOON_MS + 60_000)
        assert len(await everything(store)) == 2
        assert await store.history.read_init(CAMERA, NOON_MS) == film(2)[0]


async def test_an_error_names_the_file(tmp_path: Path) -> None:
    steps = Steps()
    async with a_store(tmp_path, steps) as store:
        file = await an_open_segment(store)
        steps.fails_at = "synced"
        with pytest.raises(StoreFull, match=rf"{NOON_MS}\.m4s"):
            await file.finish(NOON_MS + 2000)


async def test_one_camera_that_cannot_finish_holds_up_no_other(tmp_path: Path) -> None:
    steps = Steps()
    async with a_store(tmp_path, steps) as store:
        file = await an_open_segment(store)
        steps.fails_at = "synced"
        with pytest.raises(StoreFull):
            await file.finish(NOON_MS + 2000)
        steps.fails_at = ""
        theirs = await film_run(store, 2, camera=OTHER)
        assert await everything(store, OTHER) == theirs


async def test_a_file_that_waits_to_be_finished_takes_no_more(tmp_path: Path) -> None:
    steps = Steps()
    async with a_store(tmp_path, steps) as store:
        file = await an_open_segment(store)
        steps.fails_at = "synced"
        with pytest.raises(StoreFull):
            await file.finish(NOON_MS + 2000)
        with pytest.raises(StoreFailed, match="abandon it"):
            await file.append(b"more")


@pytest.mark.parametrize("turns", range(12))
async def test_a_finish_that_is_cancelled_loses_nothing(tmp_path: Path, turns: int) -> None:
    """Cancelled after so many turns of the loop: wherever it is then."""
    async with a_store(tmp_path, Steps()) as store:
        file = await an_open_segment(store)
        finishing = asyncio.create_task(file.finish(NOON_MS + 2000))
        for _ in range(turns):
            await asyncio.sleep(0)
        finishing.cancel()
        await asyncio.gather(finishing, return_exceptions=True)
        await file.abandon()
        found = await everything(store)
        assert [(segment.start_ms, segment.end_ms) for segment in found] == [(NOON_MS, NOON_MS + 2000)]
    async with a_store(tmp_path, Steps()) as store:
        assert await everything(store) == found


async def test_an_erasing_that_fails_changes_nothing_and_succeeds_later(tmp_path: Path) -> None:
    steps = Steps()
    async with a_store(tmp_path, steps) as store:
        first, second = await film_run(store, 2)
        steps.fails_at = "unlinked"
        await store.retention.erase_until(CAMERA, first.end_ms, "expired", NOON_MS)
        with pytest.raises(StoreFull):
            await store.retention.sweep(10)
        assert await everything(store) == [second]
        steps.fails_at = ""
        assert await store.retention.sweep(10) == 0


async def test_leaving_the_store_closes_what_is_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    async with a_store(tmp_path, Steps()) as store:
        await an_open_segment(store)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


class BetweenTheSteps:
    """The store's file thread, with something that happens as soon as its next work is done."""

    def __init__(self, files: Any, happens: Callable[[], Awaitable[None]]) -> None:
        self._files, self._happens = files, happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._files, name)

    async def run(self, work: Any, path: Path) -> Any:
        done = await self._files.run(work, path)
        await self._happens()
        return done


async def test_a_run_that_begins_while_its_owner_erases_something_older_stays(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        old = await film_run(store, 2, NOON_MS - 600_000)
        run = Run(CAMERA, NOON_MS)

        async def begin() -> None:
            await store.recordings.begin_run(run, film(3)[0])

        store.retention._files = BetweenTheSteps(store.retention._files, begin)  # type: ignore[assignment]
        await store.retention.erase_span(CAMERA, old[0].start_ms, old[-1].end_ms, "owner", NOON_MS)
        await store.retention.sweep(100)
        segment = await one_segment(store, run, 0, NOON_MS, 3000, *film(3)[1])
        assert await store.history.read_init(CAMERA, segment.run_ms) == film(3)[0]
