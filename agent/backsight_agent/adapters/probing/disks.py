"""Looks at a folder of the history: rights, disk, room, and how long a small file takes to be durable."""

import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath

from backsight_agent.domain.eviction import reserve_bytes
from backsight_agent.domain.judging_disk import DiskFacts, Footprint
from backsight_agent.domain.mounts import Mount, mount_of

SYNCS = 5
LONGEST_S = 3.0  # seconds that measuring may take
_PROBE = ".doctor"
_BLOCK = bytes(4096)
_BLOCKS = Path("/sys/dev/block")


def look_at_disk(folder: Path, reserve: int | None, cameras: tuple[Footprint, ...]) -> DiskFacts:
    """Blocks for as long as the disk takes, but not much longer than LONGEST_S for a slow one.

    Leaves nothing behind. `reserve` as the owner wants it, in bytes.
    """
    facts = DiskFacts(str(folder), cameras=cameras)
    try:
        there = folder.stat()
    except FileNotFoundError:
        return replace(facts, exists=False, writable=_can_be_made(folder))
    except OSError as error:
        return replace(facts, error=error.strerror or str(error))
    usage, mount = shutil.disk_usage(folder), _mount(folder)
    facts = replace(
        facts,
        writable=os.access(folder, os.R_OK | os.W_OK | os.X_OK),
        own=there.st_uid == os.geteuid(),
        private=not stat.S_IMODE(there.st_mode) & 0o077,
        mount=mount,
        is_card=mount is not None and _is_card(mount),
        free_bytes=usage.free,
        total_bytes=usage.total,
        reserve_bytes=reserve_bytes(usage.total, reserve),
    )
    try:
        return replace(facts, syncs_s=_syncs_s(folder)) if facts.writable else facts
    except OSError as error:
        return replace(facts, error=error.strerror or str(error))


def _can_be_made(folder: Path) -> bool:
    above = next((parent for parent in folder.parents if parent.exists()), Path("/"))
    return os.access(above, os.W_OK | os.X_OK)


def _mount(folder: Path) -> Mount | None:
    try:
        mountinfo = Path("/proc/self/mountinfo").read_text(errors="replace")
    except OSError:
        return None  # not Linux
    return mount_of(PurePosixPath(folder.resolve()), mountinfo)


def _is_card(mount: Mount) -> bool:
    """Its name, or that of the disk that it is a part of, says so: mmcblk0, mmcblk0p2."""
    try:
        return "mmcblk" in (_BLOCKS / mount.device).resolve(strict=True).name
    except OSError:
        return False


def _syncs_s(folder: Path) -> tuple[float, ...]:
    """How long it took each time, the folder's entry included."""
    with _file(folder) as descriptor:
        taken: list[float] = []
        while len(taken) < SYNCS and sum(taken) < LONGEST_S:
            began = time.perf_counter()
            os.pwrite(descriptor, _BLOCK, 0)
            os.fsync(descriptor)
            taken.append(time.perf_counter() - began)
    return tuple(taken)


@contextmanager
def _file(folder: Path) -> Iterator[int]:
    path = folder / f"{_PROBE}.{os.getpid()}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
        with suppress(OSError):
            path.unlink()
