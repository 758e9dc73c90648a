"""What is going on at one camera right now, for the recorder: whether, since when, and until when it did."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Doing:
    """An event as the recorder needs it; UTC milliseconds, `end_ms` None while it goes on."""

    start_ms: int
    end_ms: int | None


class Activity:
    """Written by whoever notices something, read by the recorder at each GOP. Nobody waits for it."""

    def __init__(self) -> None:
        self._open: dict[str, int] = {}  # start by the key of the event
        self._newest_start_ms: int | None = None
        self._last_end_ms: int | None = None

    def begin(self, key: str, start_ms: int) -> None:
        """Something began; the same key again says that it still goes on."""
        if key not in self._open:
            self._open[key] = start_ms
            self._newest_start_ms = max(start_ms, self._newest_start_ms or start_ms)

    def end(self, key: str, end_ms: int) -> None:
        """It ended then; an event that nobody saw begin has begun and ended at once."""
        self._open.pop(key, None)
        self._last_end_ms = max(end_ms, self._last_end_ms or end_ms)

    @property
    def doing(self) -> Doing | None:
        """The newest event; going on while any does. None before the first."""
        if self._open:
            return Doing(self._newest_start_ms or 0, None)
        if self._last_end_ms is None:
            return None
        return Doing(min(self._newest_start_ms or self._last_end_ms, self._last_end_ms), self._last_end_ms)
