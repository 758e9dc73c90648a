"""A disk that is moved, unmounted, exchanged or read-only is seen and said; nothing is deleted for it."""

import shutil
from pathlib import Path

import pytest

from backsight_agent.adapters.store.files import Media
from backsight_agent.adapters.store.lock import refuse_missing_disk
from backsight_agent.adapters.store.opening import Store, open_store
from backsight_agent.domain.boxes import HEADER_BYTES
from backsight_agent.ports import StoreFailed
from backsight_shared.segment import Run, Segment
from fakes.clock import NOON_MS, FakeClock
from fakes.footage_of_hub import CAMERA, OTHER, film_run, record

HOUR_MS = 3_600_000
FOREVER = 2**50


async def of(store: Store, camera: str) -> list[Segment]:
    return list(await store.history.segments(camera, 0, FOREVER, None))


def unmount(folder: Path) -> Path:
    """What a mount point looks like without its disk: an empty folder."""
    aside = folder.with_name(folder.name + "-unplugged")
    folder.rename(aside)
    folder.mkdir()
    return aside


def mount(folder: Path, aside: Path) -> None:
    shutil.rmtree(folder)
    aside.rename(folder)


async def test_each_camera_is_written_to_its_own_disk(tmp_path: Path) -> None:
    async with open_store(tmp_path / "state", FakeClock(), elsewhere={OTHER: tmp_path / "usb"}) as store:
        mine, theirs = await record(store, 1), await record(store, 1, camera=OTHER)
        assert (await of(store, CAMERA), await of(store, OTHER)) == (mine, theirs)
        assert (await store.history.read_segment(theirs[0])).endswith(b"data")
    assert Media(tmp_path / "usb").segment(OTHER, NOON_MS).exists()
    assert Media(tmp_path / "state" / "media").segment(CAMERA, NOON_MS).exists()


async def test_what_a_camera_wrote_before_it_moved_to_another_disk_is_read_and_erased(tmp_path: Path) -> None:
    async with open_store(tmp_path / "state", FakeClock()) as store:
        (before,) = await film_run(store, 1)
    async with open_store(tmp_path / "state", FakeClock(), elsewhere={CAMERA: tmp_path / "usb"}) as store:
        (after,) = await film_run(store, 1, NOON_MS + HOUR_MS)
        assert await of(store, CAMERA) == [before, after]
        assert await store.history.read_segment(before)
        await store.retention.erase_until(CAMERA, before.end_ms, "expired", NOON_MS)
        assert await store.retention.sweep(10) == 0
    assert not list((tmp_path / "state").rglob("*.m4s"))


async def test_what_a_camera_wrote_before_it_moved_back_is_read_too(tmp_path: Path) -> None:
    async with open_store(tmp_path / "state", FakeClock(), elsewhere={CAMERA: tmp_path / "usb"}) as store:
        (before,) = await film_run(store, 1)
    async with open_store(tmp_path / "state", FakeClock()) as store:
        assert await store.history.read_segment(before)


async def test_a_disk_that_is_away_is_said_and_only_its_cameras_wait(tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    async with open_store(tmp_path / "state", FakeClock(), elsewhere={OTHER: usb}) as store:
        await record(store, 1, camera=OTHER)
        unmount(usb)
        (text,) = await store.disks.look()
        assert text == f"The disk at {usb} is not there: mount it. Nothing was deleted"
        with pytest.raises(StoreFailed, match="mount it"):
            await record(store, 1, NOON_MS + HOUR_MS, camera=OTHER)
        await record(store, 1)
    assert list(usb.iterdir()) == []  # nothing was written beneath the mount point


async def test_a_disk_that_is_away_at_the_beginning_holds_up_nothing_else(tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    async with open_store(tmp_path / "state", FakeClock(), elsewhere={OTHER: usb}) as store:
        theirs = await film_run(store, 2, camera=OTHER)
    aside = unmount(usb)
    async with open_store(tmp_path / "state", FakeClock(), elsewhere={OTHER: usb}) as store:
        await record(store, 1)
        assert await of(store, OTHER) == theirs  # a row whose disk is away is not lost
        mount(usb, aside)
        assert await store.disks.look() == []
        assert await store.history.read_segment(theirs[0])


async def test_reading_from_a_disk_that_is_away_says_so_and_not_that_it_is_gone(tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    async with open_store(tmp_path / "state", FakeClock(), elsewhere={OTHER: usb}) as store:
        (theirs,) = await record(store, 1, camera=OTHER)
        unmount(usb)
        await store.disks.look()
        with pytest.raises(StoreFailed, match="is not there"):
            await store.backlog.read_segment(theirs)


async def test_what_is_erased_while_its_disk_is_away_is_unlinked_when_it_is_back(tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    async with open_store(tmp_path / "state", FakeClock(), elsewhere={OTHER: usb}) as store:
        (theirs,) = await record(store, 1, camera=OTHER)
        aside = unmount(usb)
        await store.disks.look()
        await store.retention.erase_until(OTHER, theirs.end_ms, "expired", NOON_MS)
        assert await store.retention.sweep(10) > 0
        mount(usb, aside)
        await store.disks.look()
        assert await store.retention.sweep(10) == 0
    assert not Media(usb).segment(OTHER, NOON_MS).exists()


async def test_another_disk_at_its_place_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    async with open_store(tmp_path / "other", FakeClock(), elsewhere={OTHER: usb}) as store:
        await record(store, 1, camera=OTHER)
    async with open_store(tmp_path / "state", FakeClock(), elsewhere={OTHER: usb}) as store:
        assert "is another one" in (await store.disks.look())[0]
        with pytest.raises(StoreFailed, match="another one"):
            await record(store, 1, NOON_MS + HOUR_MS, camera=OTHER)
    assert len(list(usb.rglob("*.m4s"))) == 1


async def test_a_torn_segment_on_a_disk_that_came_back_keeps_its_whole_fragments(tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    async with open_store(tmp_path / "state", FakeClock(), elsewhere={OTHER: usb}) as store:
        (whole,) = await film_run(store, 1, camera=OTHER)
        file = await store.recordings.begin_segment(Run(OTHER, NOON_MS), 1, whole.end_ms)
        await file.append((await store.history.read_segment(whole))[HEADER_BYTES:])
        aside = unmount(usb)
        with pytest.raises(StoreFailed):
            await file.finish(whole.end_ms + 2000)
        mount(usb, aside)
        await store.disks.look()
        await film_run(store, 1, NOON_MS + HOUR_MS, camera=OTHER)
        assert [segment.start_ms for segment in await of(store, OTHER)][:2] == [NOON_MS, whole.end_ms]


async def test_the_whole_state_on_a_disk_that_goes_and_comes_back_is_opened_again(tmp_path: Path) -> None:
    state = tmp_path / "disk" / "state"
    async with open_store(state, FakeClock()) as store:
        before = await film_run(store, 2)
        aside = unmount(tmp_path / "disk")
        (text,) = await store.disks.look()
        assert "mount it" in text
        with pytest.raises(StoreFailed, match="mount it"):
            await store.retention.erase_until(CAMERA, FOREVER, "expired", NOON_MS)
        assert list((tmp_path / "disk").iterdir()) == []
        mount(tmp_path / "disk", aside)
        assert await store.disks.look() == []
        assert await of(store, CAMERA) == before
        await film_run(store, 1, NOON_MS + HOUR_MS)


async def test_a_camera_erased_by_its_owner_stays_erased_when_its_open_segment_is_finished(
    tmp_path: Path,
) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        run = Run(CAMERA, NOON_MS)
        await store.recordings.begin_run(run, b"init")
        file = await store.recordings.begin_segment(run, 0, NOON_MS)
        await file.append(b"data")
        await store.retention.erase_span(CAMERA, 0, NOON_MS + 1000, "owner", NOON_MS + 1000)
        await file.finish(NOON_MS + 10_000)
        assert await of(store, CAMERA) == []
        assert [line.reason for line in await store.history.erasures(CAMERA, 9)] == ["owner"]
        await store.retention.sweep(10)
    assert not list(tmp_path.rglob("*.m4s"))


def test_a_state_folder_that_should_be_on_its_own_disk_is_not_begun_on_the_machines(tmp_path: Path) -> None:
    if tmp_path.stat().st_dev != Path("/").stat().st_dev:
        pytest.skip("the temporary folder is on a disk of its own")
    with pytest.raises(StoreFailed, match="not mounted"):
        refuse_missing_disk(tmp_path / "state", own_disk=True)
    refuse_missing_disk(tmp_path / "state", own_disk=False)
    refuse_missing_disk(Path("/proc/self"), own_disk=True)
