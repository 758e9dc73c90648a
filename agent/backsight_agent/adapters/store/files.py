"""Where the store's files are, and the durable steps of making and removing them. Everything here blocks."""

import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

Steps = Callable[[str], None]  # told of every step that a power cut may fall behind

CAMERA_FOLDER = re.compile(r"[0-9a-f]{12}")
_HOUR = "%Y/%m/%d/%H"


class Media:
    """The media folder's addresses."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def camera(self, camera: str) -> Path:
        return self.root / camera

    def segment(self, camera: str, start_ms: int) -> Path:
        return self.root / camera / hour_of(start_ms) / f"{start_ms}.m4s"

    def runs(self, camera: str) -> Path:
        return self.root / camera / "runs"

    def init(self, camera: str, run_ms: int) -> Path:
        return self.runs(camera) / f"{run_ms}.mp4"


def hour_of(moment_ms: int) -> str:
    """The folder of an hour, below its camera's."""
    return datetime.fromtimestamp(moment_ms // 1000, UTC).strftime(_HOUR)


def part_of(path: Path) -> Path:
    """The name of a file while it is written."""
    return path.with_name(path.name + ".part")


def make_folder(folder: Path) -> None:
    """Make a folder and those above it so that they survive a power cut."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir()
    sync_folder(folder.parent)


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
        _remove_empty(folder)
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


def _remove_empty(folder: Path) -> None:
    """An hour's folder, its day's, month's and year's, as far as they are empty."""
    with suppress(OSError):
        while folder.name.isdigit() and len(folder.name) <= 4:
            folder.rmdir()
            folder = folder.parent
