"""Measures how late the event loop comes to what is due: what holds it up holds up every camera and hub."""

from collections import deque

from backsight_shared.clock import Clock
from backsight_shared.exposition import Family, one
from backsight_shared.histogram import Histogram

EVERY_S = 0.5  # seconds between two measurements
RECENT = 120  # measurements: a minute
BOUNDS_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class LoopLag:
    """What was measured: all of it in a histogram, the last minute for who wants to know how it is now."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._all = Histogram(BOUNDS_S)

    def note(self, late_s: float) -> None:
        """A timer fired so much too late."""
        self._recent.append(late_s)
        self._all.note(late_s)

    @property
    def most_s(self) -> float:
        """The worst of the last minute."""
        return max(self._recent, default=0.0)

    @property
    def least_s(self) -> float:
        """The best of the last minute: above zero when the loop is late every time."""
        return min(self._recent, default=0.0)

    def families(self) -> tuple[Family, ...]:
        """For the page of metrics."""
        name, text = "backsight_loop_lag", "How late the event loop comes to what is due, in seconds"
        return (
            Family(f"{name}_seconds", "histogram", text, self._all.samples()),
            one(f"{name}_max_seconds", "gauge", f"{text}: the worst of the last minute", self.most_s),
        )


async def measure_forever(lag: LoopLag, clock: Clock) -> None:
    """Note, for ever, how late a short sleep ends."""
    while True:
        due = clock.monotonic() + EVERY_S
        await clock.sleep(EVERY_S)
        lag.note(max(0.0, clock.monotonic() - due))
