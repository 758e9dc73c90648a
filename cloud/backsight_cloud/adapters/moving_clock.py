"""The service's clock in test mode: the machine's, and as far ahead of it as an operator has moved it.

How far is kept in a file, so that a restart does not go back in time. Implements `Clock`.
"""

import asyncio
import json
from pathlib import Path

from backsight_cloud.adapters.durable import fsync_path
from backsight_cloud.adapters.secret_files import write_private
from backsight_shared.clock import Clock
from backsight_shared.errors import NeedsAttention

CLOCK_FILE, WANTED_FILE = "clock.json", "clock-wanted.json"  # in the state folder


class ClockUnreadable(NeedsAttention):
    """The file that says how far the clock was moved cannot be used."""


class MovingClock:
    """Only forward; whoever sleeps wakes when their time has come by it."""

    def __init__(self, machine: Clock, file: Path) -> None:
        self._machine = machine
        self._file = file
        self._ahead_ms = _read(file)
        self._moved = asyncio.Event()

    @property
    def ahead_ms(self) -> int:
        """How far it is ahead of the machine's clock."""
        return self._ahead_ms

    def now_ms(self) -> int:
        return self._machine.now_ms() + self._ahead_ms

    def monotonic(self) -> float:
        """Moved with the rest: what was moved over was lived, and nobody sleeps shorter than by this."""
        return self._machine.monotonic() + self._ahead_ms / 1000

    async def sleep(self, seconds: float) -> None:
        until = self.monotonic() + seconds
        while (left := until - self.monotonic()) > 0:
            await self._sleep_or_moved(left)

    def move_to(self, moment_ms: int) -> None:
        """At least to this moment; a moment that has passed changes nothing."""
        step_ms = moment_ms - self.now_ms()
        if step_ms <= 0:
            return
        write_private(self._file, json.dumps({"ahead_ms": self._ahead_ms + step_ms}).encode())
        self._ahead_ms += step_ms
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def _sleep_or_moved(self, seconds: float) -> None:
        waiting = [
            asyncio.ensure_future(self._machine.sleep(seconds)),
            asyncio.ensure_future(self._moved.wait()),
        ]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)


class WantedMoment:
    """Where a short command leaves the moment to which the clock is to be moved."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def leave(self, moment_ms: int) -> None:
        write_private(self._file, json.dumps({"wanted_ms": moment_ms}).encode())

    def take(self) -> int | None:
        """What is still to be done; None when nothing is."""
        try:
            wanted = json.loads(self._file.read_bytes())["wanted_ms"]
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        return wanted if isinstance(wanted, int) else None

    def done(self) -> None:
        self._file.unlink(missing_ok=True)
        fsync_path(self._file.parent)


def _read(file: Path) -> int:
    try:
        ahead = json.loads(file.read_bytes())["ahead_ms"]
    except FileNotFoundError:
        return 0
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ClockUnreadable(
            f"{file}: cannot be read: put it back, or remove it to go back to now"
        ) from error
    if not isinstance(ahead, int) or ahead < 0:
        raise ClockUnreadable(f"{file}: does not say how far the clock was moved")
    return ahead
