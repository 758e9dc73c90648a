"""The media folder: nothing half written, nothing outside, no empty folders, addresses nobody can make up."""

import os
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from backsight_cloud.adapters.durable import STALE_S
from backsight_cloud.adapters.objects import FolderObjects
from backsight_cloud.domain.keys import is_key, run_key, segment_key
from backsight_cloud.ports import ObjectsUnavailable
from fakes.clock import NOON_MS, FakeClock

KEY, OTHER = "anna/cam/20261124/1.m4s", "anna/cam/20261124/2.m4s"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def objects(tmp_path: Path, clock: FakeClock) -> FolderObjects:
    return FolderObjects(tmp_path, b"secret", clock)


def test_keys_are_below_account_and_camera_by_day() -> None:
    assert segment_key("anna", "74fece010203", NOON_MS) == f"anna/74fece010203/20261124/{NOON_MS}.m4s"
    assert run_key("anna", "74fece010203", NOON_MS) == f"anna/74fece010203/runs/{NOON_MS}.mp4"


@pytest.mark.parametrize(
    "text",
    ["", "a", "../a", "a/../b", "/a/b", "a//b", "a/b/", "a/.b", ".incoming/b", "a/b\n", "a\\b/c", "a/b\0"],
)
def test_what_leads_elsewhere_is_no_key(text: str) -> None:
    assert not is_key(text)


@pytest.mark.parametrize("key", ["../outside/file", "a/../../b", "/etc/passwd"])
async def test_a_name_that_leads_elsewhere_is_refused_by_every_call(objects: FolderObjects, key: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name"):
        await objects.put(key, b"x")
    with pytest.raises(ValueError, match="cannot be the name"):
        await anext(aiter(objects.get(key)))
    with pytest.raises(ValueError, match="cannot be the name"):
        await objects.delete([key])
    with pytest.raises(ValueError, match="cannot be the name"):
        await objects.sizes([key])


async def test_bytes_lie_in_the_folder_under_their_name(objects: FolderObjects, tmp_path: Path) -> None:
    await objects.put(KEY, b"video")
    assert (tmp_path / KEY).read_bytes() == b"video"
    assert list((tmp_path / ".incoming").iterdir()) == []


async def test_everything_was_synced_before_put_returns(
    objects: FolderObjects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def watched(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    await objects.put(KEY, b"video")
    folders = [str(folder) for folder in (tmp_path / KEY).parents if folder.is_relative_to(tmp_path)]
    assert synced[0].startswith(str(tmp_path / ".incoming"))
    assert synced[1:] == folders


async def test_empty_folders_go_with_their_last_object(objects: FolderObjects, tmp_path: Path) -> None:
    await objects.put(KEY, b"1")
    await objects.put(OTHER, b"2")
    await objects.delete([KEY])
    assert (tmp_path / OTHER).exists()
    await objects.delete([OTHER])
    assert not (tmp_path / "anna").exists()


async def test_what_cannot_be_deleted_is_not_reported_and_holds_up_no_other(
    objects: FolderObjects, tmp_path: Path
) -> None:
    await objects.put(OTHER, b"2")
    (tmp_path / KEY).mkdir(parents=True)  # a folder where a file should be: unlink fails, even for root
    (tmp_path / KEY / "inside").touch()
    assert list(await objects.delete([KEY, OTHER])) == [OTHER]


async def test_a_folder_that_cannot_be_written_says_try_later(objects: FolderObjects, tmp_path: Path) -> None:
    (tmp_path / "anna").write_text("a file where a folder should be")
    with pytest.raises(ObjectsUnavailable):
        await objects.put(KEY, b"video")


def test_what_a_dead_process_left_half_written_is_removed_at_the_next_start(tmp_path: Path) -> None:
    incoming = tmp_path / ".incoming"
    incoming.mkdir()
    for name, age in (("dead", STALE_S + 10), ("alive", 0)):
        (incoming / name).write_bytes(b"half")
        written = (incoming / name).stat().st_mtime - age
        os.utime(incoming / name, (written, written))
    FolderObjects(tmp_path, b"secret", FakeClock())
    assert [file.name for file in incoming.iterdir()] == ["alive"]


def permission(address: str) -> tuple[str, int, int, str]:
    parts = urlsplit(address)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    key = parts.path.removeprefix("/v1/objects/")
    return key, int(query["size"]), int(query["expires"]), query["signature"]


def test_an_address_permits_what_it_says_until_its_end(objects: FolderObjects, clock: FakeClock) -> None:
    made = permission(objects.put_address(KEY, 5, NOON_MS + 1000))
    assert objects.permits(*made)
    clock.jump(1000)
    assert not objects.permits(*made)


def test_no_part_of_an_address_can_be_changed(objects: FolderObjects) -> None:
    key, size, expires, signature = permission(objects.put_address(KEY, 5, NOON_MS + 1000))
    assert not objects.permits(OTHER, size, expires, signature)
    assert not objects.permits(key, size + 1, expires, signature)
    assert not objects.permits(key, size, expires + 1, signature)
    assert not objects.permits(key, size, expires, "0" * 64)
    assert not objects.permits(key, size, expires, "ü")


def test_another_clouds_address_permits_nothing(objects: FolderObjects, tmp_path: Path) -> None:
    other = FolderObjects(tmp_path / "other", b"another secret", FakeClock())
    assert not objects.permits(*permission(other.put_address(KEY, 5, NOON_MS + 1000)))
