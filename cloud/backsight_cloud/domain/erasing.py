"""Decides what is remembered of a camera when its owner erases one span more."""

from collections.abc import Sequence

from backsight_shared.erased import MOST_SPANS, ErasedSpan, joined, still_needed


def with_erased(
    spans: Sequence[ErasedSpan], new: ErasedSpan, horizon_ms: int | None
) -> tuple[ErasedSpan, ...] | None:
    """What is erased of a camera with one span more; None when that would be too many.

    They are never made fewer by erasing what lies between them: nobody asked for that.
    """
    made = joined([*still_needed(spans, horizon_ms), new])
    return made if len(made) <= MOST_SPANS else None
