"""A disk as a power cut may leave it: what was synced is there, of the rest anything may be.

Two models, each as strict as its kind of file system allows:

* `POSIX`: nothing but what fsync promised. A file's bytes are durable once the file was synced, a name once
  its folder was. Of what was not, any part may have reached the disk, in any order; writes tear at sectors.
* `ORDERED` (ext4 and its like): names and folders change on the disk in their order, and every sync takes all
  such changes before it along. Of the bytes of a file that was not synced: a first part of what was added,
  and any of the pages that were written over.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from random import Random

from faulting.write_log import Did, Record

SECTOR, PAGE = 512, 4096  # bytes


class Model(StrEnum):
    """What the file system promises."""

    POSIX = "posix"
    ORDERED = "ordered"


class Fate(StrEnum):
    """What becomes of that which nobody synced."""

    LOST = "lost"
    KEPT = "kept"
    BY_CHANCE = "by chance"


class NotUnderstood(Exception):
    """The process did something to its files that the recording cannot repeat."""


@dataclass(slots=True)
class File:
    """Its durable bytes, and what was done to them since."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Record] = field(default_factory=list)

    def sync(self, before: int) -> None:
        """What was done before that record is durable."""
        for record in self.pending:
            if record.number < before:
                apply(self.durable, record)
        self.pending = [record for record in self.pending if record.number >= before]


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a folder's names, whole or not at all: what they lead to; None: to nothing any more."""

    number: int
    names: dict[str, "Node | None"]


@dataclass(slots=True)
class Folder:
    """Its durable names, and how they changed since."""

    durable: dict[str, "Node"] = field(default_factory=dict)
    pending: list[Change] = field(default_factory=list)

    def sync(self, before: int) -> None:
        """What was done before that record is durable."""
        self.durable = renamed(self.durable, [one for one in self.pending if one.number < before])
        self.pending = [change for change in self.pending if change.number >= before]


Node = File | Folder


class Disk:
    """What is below `root`, from the beginning of a recording on. What lies there by then is durable."""

    def __init__(self, root: Path) -> None:
        self.root = Folder()
        self.names_synced = 0  # ORDERED: changes of names before this record are durable
        self._now: dict[str, Node] = {str(root): self.root}  # by path, as the process sees it
        self._numbered: dict[int, Node] = {root.stat().st_ino: self.root}
        self._load(root, self.root)

    def take(self, record: Record) -> None:
        """One more thing was done. Raises NotUnderstood."""
        match record.did:
            case Did.CREATE | Did.MAKE_FOLDER:
                node: Node = File() if record.did is Did.CREATE else Folder()
                self._numbered[record.file] = node
                self._rename(record, {record.name: node})
            case Did.RENAME:
                self._rename(record, {record.name: None, record.new_name: self._now[record.name]})
            case Did.UNLINK | Did.REMOVE_FOLDER:
                self._rename(record, {record.name: None})
            case Did.WRITE | Did.RESIZE:
                self._file(record).pending.append(record)
            case Did.SYNC:
                self._numbered[record.file].sync(record.begun)
                self.names_synced = max(self.names_synced, record.begun)
            case Did.SYNC_ALL:
                for one in self._numbered.values():
                    one.sync(record.begun)
            case Did.STRANGE:
                raise NotUnderstood(f"{record.name} {record.new_name}".strip())

    def folders(self) -> Iterable[Folder]:
        """Every folder that there is or was."""
        return [node for node in self._numbered.values() if isinstance(node, Folder)]

    def _file(self, record: Record) -> File:
        file = self._numbered[record.file]
        assert isinstance(file, File)
        return file

    def _rename(self, record: Record, names: dict[str, Node | None]) -> None:
        inside: dict[str, dict[str, Node | None]] = {}
        for path, node in names.items():
            folder, _, name = path.rpartition("/")
            inside.setdefault(folder, {})[name] = node
            if node is None:
                self._now.pop(path)
            else:
                self._now[path] = node
        for folder, changed in inside.items():
            parent = self._now[folder]
            assert isinstance(parent, Folder)
            parent.pending.append(Change(record.number, changed))

    def _load(self, place: Path, folder: Folder) -> None:
        for path in place.iterdir():
            node: Node = Folder() if path.is_dir() else File(bytearray(path.read_bytes()))
            folder.durable[path.name] = self._now[str(path)] = node
            self._numbered[path.stat().st_ino] = node
            if isinstance(node, Folder):
                self._load(path, node)


def apply(content: bytearray, record: Record) -> None:
    """Do to a file's bytes what was recorded."""
    if record.did is Did.RESIZE:
        del content[record.size :]
        content.extend(bytes(record.size - len(content)))
        return
    content.extend(bytes(max(0, record.place - len(content))))
    content[record.place : record.place + len(record.data)] = record.data


def renamed(names: dict[str, Node], changes: Iterable[Change]) -> dict[str, Node]:
    """A folder's names after these changes."""
    found: dict[str, Node | None] = {**names}
    for change in changes:
        found.update(change.names)
    return {name: node for name, node in found.items() if node is not None}


class PowerCut:
    """One of the states in which a power cut at this moment may leave the disk."""

    def __init__(self, disk: Disk, model: Model, fate: Fate, chance: Random) -> None:
        self._disk, self._model, self._fate, self._chance = disk, model, fate, chance
        self._names_until = self._last_change()

    def lay_out(self, target: Path) -> None:
        """Write what is left into an empty folder. SQLite's `-shm` is memory and needs no disk."""
        self._lay_out(self._disk.root, target)

    def _lay_out(self, folder: Folder, target: Path) -> None:
        target.mkdir(parents=True, exist_ok=True)
        for name, node in renamed(folder.durable, self._changes(folder)).items():
            if isinstance(node, Folder):
                self._lay_out(node, target / name)
            elif not name.endswith("-shm"):
                (target / name).write_bytes(self._bytes(node))

    def _last_change(self) -> int:
        """ORDERED: up to which record the changes of names have reached the disk."""
        numbers = sorted(change.number for folder in self._disk.folders() for change in folder.pending)
        later = [number for number in numbers if number >= self._disk.names_synced]
        if self._fate is Fate.LOST or not later:
            return self._disk.names_synced
        return later[-1] + 1 if self._fate is Fate.KEPT else self._chance.choice([*later, later[-1] + 1])

    def _changes(self, folder: Folder) -> list[Change]:
        if self._model is Model.ORDERED:
            return [change for change in folder.pending if change.number < self._names_until]
        if self._fate is Fate.BY_CHANCE:
            likely = self._chance.random()
            return [change for change in folder.pending if self._chance.random() < likely]
        return folder.pending if self._fate is Fate.KEPT else []

    def _bytes(self, file: File) -> bytes:
        content = bytearray(file.durable)
        if self._fate is Fate.KEPT:
            for record in file.pending:
                apply(content, record)
        elif self._fate is Fate.BY_CHANCE and self._model is Model.ORDERED:
            self._some_in_order(content, file.pending)
        elif self._fate is Fate.BY_CHANCE:
            self._some(content, file.pending)
        return bytes(content)

    def _some(self, content: bytearray, pending: list[Record]) -> None:
        """Any of it, torn at sectors."""
        likely = self._chance.random()
        for record in pending:
            if self._chance.random() < likely:
                apply(content, record)
            elif record.did is Did.WRITE and self._chance.random() < 0.3:
                self._blocks(content, record, SECTOR)

    def _some_in_order(self, content: bytearray, pending: list[Record]) -> None:
        """A first part of what was added, up to some page; any of the pages that were written over."""
        whole, torn = self._chance.randint(0, len(pending)), False
        for number, record in enumerate(pending):
            if _is_over(record, content):
                self._blocks(content, record, PAGE)
            elif number < whole:
                apply(content, record)
            elif not torn:
                torn = True
                self._first_pages(content, record)

    def _first_pages(self, content: bytearray, record: Record) -> None:
        if record.did is Did.WRITE and record.place == len(content):
            pages = (record.place + len(record.data)) // PAGE - record.place // PAGE
            end = (record.place // PAGE + self._chance.randint(0, max(pages, 0))) * PAGE
            content.extend(record.data[: max(0, end - record.place)])

    def _blocks(self, content: bytearray, record: Record, size: int) -> None:
        """Some of the blocks that a write touches."""
        place, end = record.place, record.place + len(record.data)
        while place < end:
            until = min(end, (place // size + 1) * size)
            if self._chance.random() < 0.5:
                content.extend(bytes(max(0, place - len(content))))
                content[place:until] = record.data[place - record.place : until - record.place]
            place = until


def _is_over(record: Record, content: bytearray) -> bool:
    """Whether a write only changes bytes that a file has already."""
    return record.did is Did.WRITE and record.place + len(record.data) <= len(content)
