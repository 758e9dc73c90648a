"""The rule of retention once more, from the design alone, so that a mistake in ours does not judge itself.

Of the product: nothing is imported. Steps are [from_ms, window_ms], in order.
"""

from collections.abc import Sequence

Steps = Sequence[Sequence[int]]


def horizon_ms(steps: Steps, now_ms: int) -> int:
    """`max over past t of (t - window(t))`: nothing that ended by then exists at `now_ms`."""
    ends = [*(start for start, _ in steps[1:]), now_ms]
    return max(
        (
            min(end, now_ms) - window
            for (start, window), end in zip(steps, ends, strict=True)
            if start <= now_ms
        ),
        default=-1,
    )


def leaves_ms(steps: Steps, end_ms: int) -> int:
    """The moment at which what ended at `end_ms` leaves: the first at which the horizon has come to it."""
    for number, (start, window) in enumerate(steps):
        moment = max(start, end_ms + window)
        if number + 1 == len(steps) or moment <= steps[number + 1][0]:
            return moment
    raise ValueError("there is no step")
