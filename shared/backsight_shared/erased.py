"""What an owner erased of a camera's history: spans of time in which nothing may be, on either side.

A segment or event that reaches into an erased span leaves with it, whole, whenever it arrives. A span is kept
until its end has left the history for certain; from then on the horizon says the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from backsight_shared.event import LONGEST_EVENT_MS

MOST_SPANS = 64  # of one camera; they travel in each of its hub's documents
REACH_MS = LONGEST_EVENT_MS  # how far behind a span may end what reaches into it: nothing is longer


@dataclass(frozen=True, slots=True, order=True)
class ErasedSpan:
    """From one moment to another, UTC milliseconds, `to_ms` exclusive."""

    from_ms: int
    to_ms: int

    def __post_init__(self) -> None:
        if not 0 <= self.from_ms < self.to_ms:
            raise ValueError(f"an erased span must end after it starts ({self.from_ms} .. {self.to_ms} ms)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an owner asks for: a span, or everything when it has neither end."""

    from_ms: int | None = None
    to_ms: int | None = None

    @property
    def everything(self) -> bool:
        return self.from_ms is None and self.to_ms is None


def span_to_erase(wanted: Wanted, horizon_ms: int | None, now_ms: int) -> ErasedSpan | None:
    """The part of it in which there may be a history: behind the horizon, and up to this moment.

    It never reaches into the future. A hub whose clock ran ahead may have footage that is dated later; a span
    that covered it would take what is still to be recorded as well. None when nothing is left.
    """
    from_ms = max(wanted.from_ms or 0, horizon_ms or 0, 0)
    to_ms = now_ms if wanted.to_ms is None else min(wanted.to_ms, now_ms)
    return ErasedSpan(from_ms, to_ms) if from_ms < to_ms else None


def joined(spans: Iterable[ErasedSpan]) -> tuple[ErasedSpan, ...]:
    """The same time as few spans: in order, those that overlap or touch made one, and nothing added."""
    made: list[ErasedSpan] = []
    for span in sorted(spans):
        if made and span.from_ms <= made[-1].to_ms:
            made[-1] = ErasedSpan(made[-1].from_ms, max(made[-1].to_ms, span.to_ms))
        else:
            made.append(span)
    return tuple(made)


def is_erased(spans: Sequence[ErasedSpan], from_ms: int, to_ms: int) -> bool:
    """Whether what shows this time reaches into one of the spans."""
    return any(span.from_ms < to_ms and from_ms < span.to_ms for span in spans)


def still_needed(spans: Iterable[ErasedSpan], horizon_ms: int | None) -> tuple[ErasedSpan, ...]:
    """Those into which something could reach that the horizon alone would let in."""
    return tuple(span for span in spans if horizon_ms is None or span.to_ms + REACH_MS > horizon_ms)
