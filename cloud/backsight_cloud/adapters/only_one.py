"""Lets only one service work on a state folder at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backsight_shared.errors import NeedsAttention


class AlreadyRunning(NeedsAttention):
    """Another service works on this state folder."""


@contextmanager
def only_one(file: Path) -> Iterator[None]:
    """Hold the lock; the kernel lets go of it when the process ends, however it ends."""
    with file.open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise AlreadyRunning(f"another backsight-cloud works on {file.parent} already") from error
        yield
