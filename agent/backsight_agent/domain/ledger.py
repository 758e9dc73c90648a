"""The ledger of erasures: what left a camera's history, when and why."""

from dataclasses import dataclass, replace
from enum import StrEnum

_HOUR_MS = 3_600_000


class Reason(StrEnum):
    """Why segments left. Values are stored: they never change meaning."""

    EXPIRED = "expired"
    PLAN_CHANGED = "plan_changed"  # they would still be there under the window before
    LOST = "lost"  # the disk no longer had the files


@dataclass(frozen=True, slots=True)
class Erasure:
    """One line: segments of a camera that left for one reason within one hour."""

    camera: str
    reason: str
    first_at_ms: int
    last_at_ms: int
    from_ms: int  # the span of history that left
    to_ms: int
    count: int
    size_bytes: int


def merged(before: Erasure, later: Erasure) -> Erasure | None:
    """Both as one line, or None when they must stay two: a line never reaches over an hour's edge."""
    if (before.camera, before.reason) != (later.camera, later.reason):
        return None
    if before.first_at_ms // _HOUR_MS != later.last_at_ms // _HOUR_MS:
        return None
    return replace(
        before,
        first_at_ms=min(before.first_at_ms, later.first_at_ms),
        last_at_ms=max(before.last_at_ms, later.last_at_ms),
        from_ms=min(before.from_ms, later.from_ms),
        to_ms=max(before.to_ms, later.to_ms),
        count=before.count + later.count,
        size_bytes=before.size_bytes + later.size_bytes,
    )
