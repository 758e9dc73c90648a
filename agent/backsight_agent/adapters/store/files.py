"""Where the store's files are, and the durable steps of making and removing them. Everything here blocks."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

Steps = Callable[[str], None]  # told of every step that a power cut may fall behind

CAMERA_FOLDER = re.compile(r"[0-9a-f]{12}")
_HOUR = "%Y/%m/%d/%H"


class Media:
    """The media folders' addresses. A camera is written into one; what it wrote before may be in others."""

    def __init__(self, root: Path, elsewhere: Mapping[str, Path] | None = None) -> None:
        self.root = root
        self._elsewhere = dict(elsewhere or {})
        self.roots = tuple(dict.fromkeys((root, *self._elsewhere.values())))
        self.troubles: dict[Path, str] = {}  # folders that may not be used now, and why

    def add_root(self, root: Path) -> None:
        """A folder that was written into before, and still has files."""
        self.roots = tuple(dict.fromkeys((*self.roots, root)))

    def root_of(self, camera: str) -> Path:
        """Where this camera is written."""
        return self._elsewhere.get(camera, self.root)

    def camera(self, camera: str) -> Path:
        return self.root_of(camera) / camera

    def segment(self, camera: str, start_ms: int) -> Path:
        """Where a segment is written."""
        return self.camera(camera) / hour_of(start_ms) / f"{start_ms}.m4s"

    def runs(self, camera: str) -> Path:
        return self.camera(camera) / "runs"

    def init(self, camera: str, run_ms: int) -> Path:
        """Where a run's init is written."""
        return self.runs(camera) / f"{run_ms}.mp4"

    def everywhere(self, path: Path) -> tuple[Path, ...]:
        """A file's or folder's possible places: its own first."""
        if len(self.roots) == 1:
            return (path,)
        own = next(root for root in self.roots if path.is_relative_to(root))
        below = path.relative_to(own)
        return (path, *(root / below for root in self.roots if root != own))

    def present(self, path: Path) -> list[Path]:
        """A folder's places on the disks that are there."""
        absent = self.troubles
        return [place for place in self.everywhere(path) if not any(map(place.is_relative_to, absent))]

    def there(self, path: Path) -> Path:
        """Where a file is; its own place when it is nowhere."""
        places = self.everywhere(path)
        return path if len(places) == 1 else next((place for place in places if place.exists()), path)


def hour_of(moment_ms: int) -> str:
    """The folder of an hour, below its camera's."""
    return datetime.fromtimestamp(moment_ms // 1000, UTC).strftime(_HOUR)


def part_of(path: Path) -> Path:
    """The name of a file while it is written."""
    return path.with_name(path.name + ".part")


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make a folder and those above it so that they survive a power cut."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode)
    sync_folder(folder.parent)


def sync_way_to(folders: Iterable[Path], above: Path) -> None:
    """Make the names of these folders durable, and of those that lead to them from `above`.

    Whoever made them may have been killed before it could; they are taken for made ever since.
    """
    way = {parent for folder in folders for parent in folder.parents if parent.is_relative_to(above)}
    for folder in sorted(way, reverse=True):
        sync_folder(folder)


def create(path: Path) -> int:
    """A new file's descriptor, for writing. Should its folder be swept away under it: again."""
    for _ in range(10):
        make_folder(path.parent)
        with suppress(FileNotFoundError):
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    raise FileNotFoundError(f"{path.parent} vanishes whenever it is made")


def write_all(descriptor: int, data: bytes) -> None:
    """Hand all of it to the kernel: one call, unless the disk fills up on the way."""
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, data[written:])


def write_durably(path: Path, data: bytes, steps: Steps) -> None:
    """A whole file under its name, or none."""
    part = part_of(path)
    part.unlink(missing_ok=True)
    descriptor = create(part)
    try:
        write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    settle(part, path, steps)


def settle(part: Path, path: Path, steps: Steps) -> None:
    """Give a synced file its name, durably."""
    steps("synced")
    part.rename(path)
    steps("renamed")
    sync_folder(path.parent)
    steps("folder synced")


def sync_folder(folder: Path) -> None:
    """Make names that came or went durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_durably(paths: Iterable[Path], steps: Steps) -> list[OSError | None]:
    """Unlink files and sync their folders; for each what went wrong. Empty hours and days go too."""
    results = [(path, _removed(path)) for path in paths]
    steps("unlinked")
    failed = {folder: _synced(folder) for folder in {path.parent for path, _ in results}}
    steps("unlinked folder synced")
    for folder in failed:
        remove_empty(folder)
    return [error or failed[path.parent] for path, error in results]


def _removed(path: Path) -> OSError | None:
    try:
        os.unlink(path)  # noqa: PTH108 - a quarter of a million at once: pathlib costs twice the time
    except FileNotFoundError:
        return None
    except OSError as error:
        return error
    return None


def _synced(folder: Path) -> OSError | None:
    try:
        sync_folder(folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        return error
    return None


def remove_empty(folder: Path) -> None:
    """An hour's folder, its day's, month's and year's, as far as they are empty."""
    with suppress(OSError):
        while folder.name.isdigit() and len(folder.name) <= 4:
            folder.rmdir()
            folder = folder.parent
