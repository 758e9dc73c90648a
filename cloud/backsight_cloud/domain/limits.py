"""Limits how often something may be tried, by whom, with memory that does not grow without bound."""

from collections import OrderedDict
from dataclasses import dataclass

MOST_KEYS = 20_000  # keys remembered at most; beyond, the longest unused is forgotten


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries at once, and one more each `seconds`."""

    burst: int
    seconds: float


class Tries:
    """A token bucket for each key; time is handed in, in seconds that never jump."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # key -> tries left, at

    def take(self, key: str, now: float) -> float:
        """Use one try: 0 when it may go on, else the seconds to wait for the next."""
        left = self._left(key, now)
        if left < 1:
            return (1 - left) * self._limit.seconds
        self._remember(key, left - 1, now)
        return 0.0

    def give_back(self, key: str, now: float) -> None:
        """The try succeeded, and does not count."""
        self._remember(key, min(self._left(key, now) + 1, self._limit.burst), now)

    def _left(self, key: str, now: float) -> float:
        left, at = self._buckets.get(key, (float(self._limit.burst), now))
        return min(left + (now - at) / self._limit.seconds, self._limit.burst)

    def _remember(self, key: str, left: float, now: float) -> None:
        self._buckets[key] = (left, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > MOST_KEYS:
            self._buckets.popitem(last=False)
