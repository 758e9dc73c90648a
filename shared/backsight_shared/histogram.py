"""Counts how often something took how long, in buckets, as Prometheus adds them up."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from itertools import accumulate

from backsight_shared.exposition import Sample


class Histogram:
    """Costs the same however much is noted."""

    def __init__(self, bounds: Iterable[float]) -> None:
        self._bounds = [*sorted(bounds), math.inf]
        self._counts = [0] * len(self._bounds)
        self._sum = 0.0

    def note(self, value: float) -> None:
        """One more; a value at a bound belongs below it."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def samples(self, labels: Mapping[str, str] | None = None) -> tuple[Sample, ...]:
        """Each bucket with all that is below it, then the sum and how many there were."""
        labels = labels or {}
        sums = list(accumulate(self._counts))
        buckets = [
            Sample(count, {**labels, "le": "+Inf" if math.isinf(bound) else f"{bound:g}"}, "_bucket")
            for bound, count in zip(self._bounds, sums, strict=True)
        ]
        return (*buckets, Sample(self._sum, labels, "_sum"), Sample(sums[-1], labels, "_count"))
