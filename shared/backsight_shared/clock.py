"""Time, handed in: so that a test lives through a month in a millisecond."""

import asyncio
import time
from typing import Protocol, runtime_checkable

_PAIRS = 5  # of readings
_CLOSE_S = 0.0001  # seconds between two readings that are as good as one


class Clock(Protocol):
    """What code that uses time may ask."""

    def now_ms(self) -> int:
        """Wall time, UTC, milliseconds since 1970. May jump: a Pi boots with no idea of the date."""
        ...

    def monotonic(self) -> float:
        """Seconds from an unknown start; never jumps. For durations and timeouts."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait. Never shorter than asked by the monotonic clock."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def offset_ms(clock: Clock) -> float:
    """Wall minus monotonic clock, in milliseconds, as both are at one moment.

    Whoever is held up between two readings is wrong by as long: of a few pairs the closest counts. A clock
    that goes by a known difference says it itself.
    """
    if isinstance(clock, _SaysOffset) and (own := clock.known_offset_ms()) is not None:
        return own
    closest_s, offset = float("inf"), 0.0
    for _ in range(_PAIRS):
        before, now_ms, after = clock.monotonic(), clock.now_ms(), clock.monotonic()
        if after - before < closest_s:
            closest_s, offset = after - before, now_ms - (before + after) / 2 * 1000
        if closest_s <= _CLOSE_S:
            break
    return offset


@runtime_checkable
class _SaysOffset(Protocol):
    def known_offset_ms(self) -> float | None: ...


async def sleep_or(event: asyncio.Event, seconds: float, clock: Clock) -> bool:
    """As `wait_at_most`, but the event is cleared on the way out: one `set()` wakes one wait."""
    came = await wait_at_most(event, seconds, clock)
    event.clear()
    return came


async def wait_at_most(event: asyncio.Event, seconds: float, clock: Clock) -> bool:
    """Wait for the event, but not longer than `seconds`; True when it is set."""
    waiting = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(clock.sleep(seconds))]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    return event.is_set()
