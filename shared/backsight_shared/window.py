"""Decides what of a camera's history exists: the one rule that hub and cloud share.

Windows are a step function of time. The horizon is the largest `t - window(t)` over the past: it never
moves back, so that nothing which was outside comes back inside by an upgrade. A segment has expired when
its end has reached the horizon. All times are UTC milliseconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class WindowStep:
    """From this moment on the history may reach `window_ms` back, until the next step."""

    from_ms: int
    window_ms: int

    def __post_init__(self) -> None:
        if self.window_ms < 0:
            raise ValueError(f"a window cannot be negative ({self.window_ms} ms)")


def horizon(steps: Sequence[WindowStep], reached_ms: int | None, now_ms: int) -> int | None:
    """The moment before which nothing exists any more, or None when nothing limits the history.

    `steps` in order of time; `reached_ms` is the horizon that was already acted upon.
    What no document limits, nobody deletes: without a step in force there is no new horizon.
    """
    moments = [end - step.window_ms for step, end in _pieces(steps, now_ms)]
    return max([moment for moment in (reached_ms, *moments) if moment is not None], default=None)


def expired(end_ms: int, horizon_ms: int | None) -> bool:
    """Whether a segment that ends at `end_ms` has left the history."""
    return horizon_ms is not None and end_ms <= horizon_ms


def expires_at(steps: Sequence[WindowStep], reached_ms: int | None, end_ms: int, now_ms: int) -> int | None:
    """The first moment, now or later, at which a segment that ends at `end_ms` has expired.

    None when no known step ever reaches it.
    """
    if expired(end_ms, horizon(steps, reached_ms, now_ms)):
        return now_ms
    steps = _that_hold(steps)
    for index, step in enumerate(steps):
        moment = max(end_ms + step.window_ms, step.from_ms, now_ms)
        last = steps[index + 1].from_ms if index + 1 < len(steps) else None
        if last is None or moment <= last:
            return moment
    return None


def in_force(steps: Sequence[WindowStep], now_ms: int) -> WindowStep | None:
    """The step that holds now."""
    return next((step for step in reversed(steps) if step.from_ms <= now_ms), None)


def compact(steps: Sequence[WindowStep], now_ms: int) -> tuple[WindowStep, ...]:
    """The same steps without the oldest ones that no longer decide anything.

    The horizon is the same before and after, now and at any later moment.
    """
    steps = _that_hold(steps)
    pieces = _pieces(steps, now_ms)
    reach = [end - step.window_ms for step, end in pieces]
    kept = 0
    while kept + 1 < len(pieces) and reach[kept] <= max(reach[kept + 1 :]):
        kept += 1
    return tuple(steps[kept:])


def _that_hold(steps: Sequence[WindowStep]) -> tuple[WindowStep, ...]:
    """The steps without those that another replaces at the same moment: they never hold."""
    later = {step.from_ms: step for step in steps}
    return tuple(later.values())


def _pieces(steps: Sequence[WindowStep], now_ms: int) -> list[tuple[WindowStep, int]]:
    """Each step that has begun, with the moment up to which it has held so far."""
    steps = _that_hold(steps)
    ends = [*(step.from_ms for step in steps[1:]), now_ms]
    return [
        (step, min(end, now_ms)) for step, end in zip(steps, ends, strict=False) if step.from_ms <= now_ms
    ]
