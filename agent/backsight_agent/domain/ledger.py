"""The ledger of erasures: what left a camera's history, when and why."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
BY_HOUR_MS = 90 * _DAY_MS  # lines older than this are kept by day (UTC)


class Reason(StrEnum):
    """Why segments left. Values are stored: they never change meaning."""

    EXPIRED = "expired"
    PLAN_CHANGED = "plan_changed"  # they would still be there under the window before
    DISK_FULL = "disk_full"  # the disk had no room for what is recorded now
    OWNER = "owner"  # erased by whom it belongs to
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
    unsent: int = 0  # how many of them were meant for the cloud, and it did not have them


def merged(before: Erasure, later: Erasure) -> Erasure | None:
    """Both as one line, or None when they must stay two: a line never reaches over an hour's edge."""
    if (before.camera, before.reason) != (later.camera, later.reason):
        return None
    if before.first_at_ms // _HOUR_MS != later.last_at_ms // _HOUR_MS:
        return None
    return joined(before, later)


def joined(before: Erasure, later: Erasure) -> Erasure:
    """Two lines of one camera and reason as one."""
    return replace(
        before,
        first_at_ms=min(before.first_at_ms, later.first_at_ms),
        last_at_ms=max(before.last_at_ms, later.last_at_ms),
        from_ms=min(before.from_ms, later.from_ms),
        to_ms=max(before.to_ms, later.to_ms),
        count=before.count + later.count,
        size_bytes=before.size_bytes + later.size_bytes,
        unsent=before.unsent + later.unsent,
    )


def by_day(lines: Iterable[Erasure]) -> list[Erasure]:
    """The same ledger with one line for each day, camera and reason."""
    days: dict[tuple[str, str, int], Erasure] = {}
    for line in lines:
        day = day_of(line)
        days[day] = joined(days[day], line) if day in days else line
    return list(days.values())


def day_of(line: Erasure) -> tuple[str, str, int]:
    """What lines have in common that become one."""
    return line.camera, line.reason, line.last_at_ms // _DAY_MS


def kept_by_day_before(now_ms: int) -> int:
    """The beginning of the first day whose lines are still kept by hour."""
    return (now_ms - BY_HOUR_MS) // _DAY_MS * _DAY_MS
