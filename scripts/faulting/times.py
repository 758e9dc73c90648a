"""A clock that runs faster than the machine's, the same in every process that is told its pace."""

import asyncio
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """What makes the time of a campaign: `base_ms` when the machine's monotonic clock showed `began_s`."""

    base_ms: int
    began_s: float
    speed: float

    def now_ms(self) -> int:
        """The campaign's wall time, UTC milliseconds."""
        return self.base_ms + round((time.monotonic() - self.began_s) * 1000 * self.speed)

    def machine_s(self, ms: int) -> float:
        """A moment of the campaign's wall by the machine's monotonic clock."""
        return self.began_s + (ms - self.base_ms) / 1000 / self.speed


def begun_now(base_ms: int, speed: float) -> Pace:
    """A pace that begins at this moment."""
    return Pace(base_ms, time.monotonic(), speed)


@dataclass(frozen=True, slots=True)
class Wrong:
    """How far the wall clock is off, and until which moment in truth."""

    ahead_ms: int
    until_ms: int


class FastClock:
    """Implements the product's Clock: durations and the wall at one pace. The wall may be wrong at first.

    `booted_s` by the machine's monotonic clock is when this one's was 0.
    """

    def __init__(self, pace: Pace, booted_s: float, wrong: Wrong | None = None) -> None:
        self._pace, self._booted_s, self._wrong = pace, booted_s, wrong

    @property
    def is_right(self) -> bool:
        """Whether the wall shows the truth by now: what NTP would say."""
        return self._wrong is None or self._pace.now_ms() >= self._wrong.until_ms

    def now_ms(self) -> int:
        off_ms = 0 if self._wrong is None or self.is_right else self._wrong.ahead_ms
        return self._pace.now_ms() + off_ms

    def monotonic(self) -> float:
        return (time.monotonic() - self._booted_s) * self._pace.speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._pace.speed)
