"""One agent for a state folder: two would take each other's unfinished files for those of a crash."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from backsight_agent.adapters.store.files import make_folder, sync_folder
from backsight_agent.adapters.store.threads import file_error
from backsight_agent.ports import StoreFailed


def refuse_missing_disk(folder: Path, *, own_disk: bool) -> None:
    """Raises StoreFailed for a state folder that should be on a disk of its own and is not mounted.

    Beneath the mount point lies the machine's own disk: a history begun there would fill it, and hide.
    """
    if not own_disk:
        return
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if os.stat(there).st_dev == os.stat("/").st_dev:  # noqa: PTH116
        raise StoreFailed(f"The disk with {folder} is not mounted ([storage] own_disk = true): mount it")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make the folder where it is new, and hold its lock. Raises StoreFailed while another agent has it."""
    try:
        make_folder(folder, 0o700)
        with suppress(PermissionError):  # a folder above that we may not read was made by somebody else
            sync_folder(folder.parent)
        descriptor = os.open(folder / "agent.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise file_error(error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise StoreFailed(f"Another agent is running on {folder}: stop it first") from error
    finally:
        os.close(descriptor)
