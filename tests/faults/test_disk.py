"""After a power cut a disk has all that was synced, and of the rest what its kind of file system allows."""

import os
import random
from pathlib import Path

import pytest

from faulting.disk import Disk, Fate, Model, NotUnderstood, PowerCut
from faulting.write_log import Did, Record


class Recording:
    """Does things to a pretended folder, as the library would record them."""

    def __init__(self, root: Path) -> None:
        self.root, self.disk = root, Disk(root)
        self._number, self._inodes = 0, {str(root): root.stat().st_ino}

    def create(self, name: str) -> None:
        self._inodes[self._path(name)] = 10**9 + self._number
        self._take(Did.CREATE, name, path=self._path(name))

    def make_folder(self, name: str) -> None:
        self._inodes[self._path(name)] = 10**9 + self._number
        self._take(Did.MAKE_FOLDER, name, path=self._path(name))

    def write(self, name: str, data: bytes, place: int = 0) -> None:
        self._take(Did.WRITE, name, place=place, data=data)

    def rename(self, name: str, to: str) -> None:
        self._inodes[self._path(to)] = self._inodes.pop(self._path(name))
        self._take(Did.RENAME, to, path=self._path(name), to=self._path(to))

    def unlink(self, name: str) -> None:
        self._take(Did.UNLINK, name, path=self._path(name))

    def sync(self, name: str, begun: int | None = None) -> None:
        self._take(Did.SYNC, name, begun=self._number if begun is None else begun)

    @property
    def number(self) -> int:
        return self._number

    def left(self, model: Model, fate: Fate, seed: int = 1) -> dict[str, bytes]:
        """Files by name after a power cut now."""
        target = self.root.parent / f"left-{model}-{fate}-{seed}-{self._number}"
        PowerCut(self.disk, model, fate, random.Random(seed)).lay_out(target)
        return {str(p.relative_to(target)): p.read_bytes() for p in target.rglob("*") if p.is_file()}

    def _path(self, name: str) -> str:
        return str(self.root / name) if name else str(self.root)

    def _take(
        self,
        did: Did,
        name: str,
        path: str = "",
        to: str = "",
        place: int = 0,
        begun: int = 0,
        data: bytes = b"",
    ) -> None:
        inode = self._inodes.get(self._path(name), 0)
        self.disk.take(Record(self._number, did, inode, place, len(data), begun, path, to, data))
        self._number += 1


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    root = tmp_path / "disk"
    root.mkdir()
    return Recording(root)


def test_what_was_never_synced_may_be_lost_altogether(recording: Recording) -> None:
    recording.create("a")
    recording.write("a", b"data")
    assert recording.left(Model.POSIX, Fate.LOST) == {}


def test_a_synced_file_without_its_folder_has_no_name(recording: Recording) -> None:
    recording.create("a")
    recording.write("a", b"data")
    recording.sync("a")
    assert recording.left(Model.POSIX, Fate.LOST) == {}


def test_an_ordered_file_system_takes_the_name_along(recording: Recording) -> None:
    recording.create("a")
    recording.write("a", b"data")
    recording.sync("a")
    assert recording.left(Model.ORDERED, Fate.LOST) == {"a": b"data"}


def test_file_and_folder_synced_are_there(recording: Recording) -> None:
    recording.create("a")
    recording.write("a", b"data")
    recording.sync("a")
    recording.sync("")
    assert recording.left(Model.POSIX, Fate.LOST) == {"a": b"data"}


def test_a_sync_promises_only_what_was_done_when_it_began(recording: Recording) -> None:
    recording.create("a")
    recording.sync("")
    recording.write("a", b"early")
    began = recording.number
    recording.write("a", b"later", place=5)
    recording.sync("a", begun=began)
    assert recording.left(Model.POSIX, Fate.LOST) == {"a": b"early"}


def test_a_rename_happens_whole_or_not_at_all(recording: Recording) -> None:
    recording.create("a")
    recording.write("a", b"data")
    recording.sync("a")
    recording.sync("")
    recording.rename("a", "b")
    states = [set(recording.left(Model.POSIX, Fate.BY_CHANCE, seed)) for seed in range(20)]
    assert {"a"} in states
    assert {"b"} in states
    assert all(len(state) == 1 for state in states)


def test_an_unlinked_file_may_come_back(recording: Recording) -> None:
    recording.create("a")
    recording.sync("")
    recording.unlink("a")
    assert recording.left(Model.POSIX, Fate.LOST) == {"a": b""}
    assert recording.left(Model.POSIX, Fate.KEPT) == {}


def test_a_new_folder_is_lost_with_all_that_is_synced_in_it(recording: Recording) -> None:
    recording.make_folder("f")
    recording.create("f/a")
    recording.write("f/a", b"data")
    recording.sync("f/a")
    recording.sync("f")
    assert recording.left(Model.POSIX, Fate.LOST) == {}
    recording.sync("")
    assert recording.left(Model.POSIX, Fate.LOST) == {"f/a": b"data"}


def test_an_ordered_file_keeps_a_first_part_of_what_was_added(recording: Recording) -> None:
    recording.create("a")
    recording.sync("")
    data = os.urandom(10_000)
    recording.write("a", data[:6_000])
    recording.write("a", data[6_000:], place=6_000)
    for seed in range(30):
        left = recording.left(Model.ORDERED, Fate.BY_CHANCE, seed)["a"]
        assert data.startswith(left)


def test_what_is_not_understood_is_refused(recording: Recording) -> None:
    with pytest.raises(NotUnderstood):
        recording.disk.take(Record(0, Did.STRANGE, 0, 0, 0, 0, "a shared mapping", "", b""))
