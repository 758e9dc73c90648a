"""What is going on at one camera right now, for the recorder: whether, since when, and until when it did."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Doing:
    """An event as the recorder needs it; UTC milliseconds, `end_ms` None while it goes on."""

    start_ms: int
    end_ms: int | None


class Activity:
    """Written by whoever notices something, read by the recorder at each GOP. Nobody waits for it.

    `offset_ms` is the wall clock less the monotonic one, now. Moments are kept by the monotonic clock: when
    the wall clock is set, what goes on still does, and is neither in the future nor long over for a recorder.
    """

    def __init__(self, offset_ms: Callable[[], float] = lambda: 0.0) -> None:
        self._offset_ms = offset_ms
        self._open: dict[str, int] = {}  # start by the key of the event
        self._newest_start_ms: int | None = None
        self._last_end_ms: int | None = None

    def begin(self, key: str, start_ms: int) -> None:
        """Something began; the same key again says that it still goes on."""
        start_ms = self._kept(start_ms)
        if key not in self._open:
            self._open[key] = start_ms
            self._newest_start_ms = _later(start_ms, self._newest_start_ms)

    def end(self, key: str, end_ms: int) -> None:
        """It ended then; an event that nobody saw begin has begun and ended at once."""
        end_ms = self._kept(end_ms)
        self._open.pop(key, None)
        self._last_end_ms = _later(end_ms, self._last_end_ms)

    @property
    def doing(self) -> Doing | None:
        """The newest event; going on while any does. None before the first."""
        return self._seen(self._offset_ms())

    def seen_from(self, offset_ms: float) -> Doing | None:
        """The same, by the wall clock as it was at that difference: for video that was read some time ago."""
        return self._seen(offset_ms if self._offset_ms() else 0.0)

    def _kept(self, moment_ms: int) -> int:
        return moment_ms - round(self._offset_ms())

    def _seen(self, offset_ms: float) -> Doing | None:
        offset = round(offset_ms)
        if self._open:
            return Doing((self._newest_start_ms or 0) + offset, None)
        if self._last_end_ms is None:
            return None
        newest_start_ms = self._last_end_ms if self._newest_start_ms is None else self._newest_start_ms
        return Doing(min(newest_start_ms, self._last_end_ms) + offset, self._last_end_ms + offset)


def _later(moment_ms: int, before_ms: int | None) -> int:
    return moment_ms if before_ms is None else max(moment_ms, before_ms)
