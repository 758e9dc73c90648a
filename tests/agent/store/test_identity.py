"""Index and media folder know each other; with a stranger nothing is begun and nothing is deleted."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from backsight_agent.adapters.store.opening import open_store, open_to_read
from backsight_agent.ports import StoreFailed
from fakes.clock import FakeClock
from fakes.footage_of_hub import CAMERA, record


async def fill(folder: Path) -> list[str]:
    async with open_store(folder, FakeClock()) as store:
        await record(store, 2)
    return files(folder)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in (folder / "media").rglob("*") if path.is_file())


async def refused(folder: Path) -> str:
    with pytest.raises(StoreFailed) as caught:
        async with open_store(folder, FakeClock()):
            pass
    return str(caught.value)


async def test_what_was_recorded_is_there_again(tmp_path: Path) -> None:
    await fill(tmp_path)
    async with open_store(tmp_path, FakeClock()) as store:
        assert len(await store.history.segments(CAMERA, 0, 2**50, None)) == 2


async def test_a_full_folder_that_says_not_whose_it_is_is_refused_and_keeps_every_file(
    tmp_path: Path,
) -> None:
    await fill(tmp_path)
    (tmp_path / "agent.db").unlink()
    (tmp_path / "media" / "identity").unlink()
    before = files(tmp_path)
    message = await refused(tmp_path)
    assert str(tmp_path / "media") in message
    assert str(tmp_path / "agent.db") in message
    assert "put back" in message
    assert files(tmp_path) == before


async def test_an_index_whose_disk_is_not_mounted_is_refused(tmp_path: Path) -> None:
    await fill(tmp_path)
    shutil.move(tmp_path / "media", tmp_path / "elsewhere")
    assert "Mount the disk" in await refused(tmp_path)
    (tmp_path / "media").mkdir()
    assert "Mount the disk" in await refused(tmp_path)


async def test_a_disk_that_is_mounted_again_is_welcome(tmp_path: Path) -> None:
    await fill(tmp_path)
    shutil.move(tmp_path / "media", tmp_path / "elsewhere")
    await refused(tmp_path)
    shutil.move(tmp_path / "elsewhere", tmp_path / "media")
    async with open_store(tmp_path, FakeClock()) as store:
        assert len(await store.history.segments(CAMERA, 0, 2**50, None)) == 2


async def test_the_media_of_another_hub_are_refused(tmp_path: Path) -> None:
    await fill(tmp_path / "one")
    before = await fill(tmp_path / "two")
    shutil.copy(tmp_path / "one" / "agent.db", tmp_path / "two" / "agent.db")
    assert "do not belong together" in await refused(tmp_path / "two")
    assert files(tmp_path / "two") == before


async def test_an_unreadable_identity_is_a_stranger(tmp_path: Path) -> None:
    await fill(tmp_path)
    (tmp_path / "media" / "identity").write_bytes(b"\xff\x00")
    assert "unreadable" in await refused(tmp_path)


async def test_two_that_are_both_empty_may_begin_together(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()):
        pass
    (tmp_path / "media" / "identity").unlink()
    async with open_store(tmp_path, FakeClock()) as store:
        await record(store, 1)


async def test_a_new_disk_with_folders_of_its_own_is_welcome(tmp_path: Path) -> None:
    (tmp_path / "media" / "lost+found").mkdir(parents=True)
    await fill(tmp_path)


async def test_index_and_media_are_nobody_elses_to_read(tmp_path: Path) -> None:
    await fill(tmp_path / "state")
    found = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o077 for path in found} == {0}
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0


async def test_a_second_agent_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()):
        assert "Another agent" in await refused(tmp_path)
    await fill(tmp_path)


async def test_an_index_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    await fill(tmp_path)
    db = sqlite3.connect(tmp_path / "agent.db")
    db.execute("PRAGMA user_version = 99")
    db.close()
    assert "schema 99" in await refused(tmp_path)


async def test_the_history_can_be_read_while_no_agent_runs(tmp_path: Path) -> None:
    await fill(tmp_path)
    async with open_to_read(tmp_path) as history:
        assert list(await history.cameras()) == [CAMERA]
        (first, _) = await history.segments(CAMERA, 0, 2**50, None)
        assert (await history.read_segment(first)).endswith(b"data")


async def test_the_history_can_be_read_while_an_agent_runs(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store, open_to_read(tmp_path) as history:
        await record(store, 2)
        assert len(await history.segments(CAMERA, 0, 2**50, None)) == 2


async def test_reading_where_nothing_is_says_so_and_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreFailed, match="no history"):
        async with open_to_read(tmp_path):
            pass
    assert list(tmp_path.iterdir()) == []


async def test_a_damaged_index_whose_footage_is_not_there_is_refused(tmp_path: Path) -> None:
    await fill(tmp_path)
    shutil.move(tmp_path / "media", tmp_path / "elsewhere")
    (tmp_path / "agent.db").write_bytes(b"this is no database" * 1000)
    message = await refused(tmp_path)
    assert "is damaged" in message
    assert "Mount the disk" in message
    shutil.move(tmp_path / "elsewhere", tmp_path / "media")
    async with open_store(tmp_path, FakeClock()) as store:
        assert len(await store.history.segments(CAMERA, 0, 2**50, None)) == 2
