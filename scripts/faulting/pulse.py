"""Feels the machine's pulse: while its disk or its processors held everybody up, nobody was late."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

EVERY_S = 0.05
LONG_S = 0.1  # beyond `EVERY_S`; a beat this late was held up


class Pulse:
    """Writes and syncs a byte on the same disk, again and again, and remembers each beat that came late."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._late: list[tuple[float, float]] = []
        self._ending = threading.Event()

    def held_up_s(self, from_s: float, to_s: float) -> float:
        """How long the machine held everybody up between two moments of its monotonic clock."""
        spans = [*self._late]
        return sum(max(0.0, min(to_s, end) - max(from_s, begin)) for begin, end in spans)

    def beat(self) -> None:
        """Until told to end."""
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            began = time.monotonic()
            while not self._ending.wait(EVERY_S):
                os.pwrite(file, b"x", 0)
                os.fsync(file)
                ended = time.monotonic()
                if ended - began - EVERY_S > LONG_S:
                    self._late.append((began, ended))
                began = ended
        finally:
            os.close(file)

    def end(self) -> None:
        self._ending.set()


@contextmanager
def pulse(path: Path) -> Iterator[Pulse]:
    """A pulse that beats inside the block."""
    beating = Pulse(path)
    thread = threading.Thread(target=beating.beat, name="pulse")
    thread.start()
    try:
        yield beating
    finally:
        beating.end()
        thread.join()
