"""Decides when a mail that could not be delivered is tried again, and when that has no sense any more."""

from collections.abc import Sequence

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS

# After the first, second, ... try; then the last one again and again. Mail servers that put strangers off
# (greylisting) let them in after some minutes.
PAUSES_MS: Sequence[int] = (
    MINUTE_MS,
    5 * MINUTE_MS,
    15 * MINUTE_MS,
    HOUR_MS,
    2 * HOUR_MS,
    4 * HOUR_MS,
    6 * HOUR_MS,
)
GIVEN_UP_AFTER_MS = 72 * HOUR_MS


def next_try_ms(tries: int, wanted_ms: int, now_ms: int) -> int | None:
    """When to try again after so many tries; None when it has been tried for long enough."""
    pause_ms = PAUSES_MS[min(max(tries, 1), len(PAUSES_MS)) - 1]
    due_ms = now_ms + pause_ms
    return due_ms if due_ms <= wanted_ms + GIVEN_UP_AFTER_MS else None
