"""The ledger of erasures: why segments leave a history, and how its old lines are kept short."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from backsight_cloud.domain.records import Erasure

HOUR_MS = 3_600_000  # lines of one camera, account and reason within an hour are one
DAY_MS = 24 * HOUR_MS
BY_HOUR_MS = 90 * DAY_MS  # lines older than this are kept by day (UTC)


class Reason(StrEnum):
    """Why segments left. Values are stored and are API: they never change meaning."""

    EXPIRED = "expired"
    PLAN_CHANGED = "plan_changed"  # they would still be there under the window before
    OWNER = "owner"  # erased by whom they belong to
    UNBOUND = "unbound"  # the camera left the account
    LOST = "lost"  # the store no longer had the objects


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reader stopped, newest line first; its text is what an answer gives as `next`."""

    at_ms: int
    camera: str
    reason: str

    @classmethod
    def of(cls, line: Erasure) -> "Place":
        return cls(line.at_ms, line.camera, line.reason)

    @classmethod
    def from_text(cls, text: str) -> "Place | None":
        """None for what is no place."""
        parts = re.fullmatch(r"([0-9]{1,15})\.([0-9a-f]{12})\.([a-z_]{1,32})", text, re.ASCII)
        return cls(int(parts[1]), parts[2], parts[3]) if parts else None

    def __str__(self) -> str:
        return f"{self.at_ms}.{self.camera}.{self.reason}"


def merged(one: Erasure, other: Erasure) -> Erasure:
    """Two lines of one camera, account and reason as one."""
    return replace(
        one,
        at_ms=max(one.at_ms, other.at_ms),
        from_ms=min(one.from_ms, other.from_ms),
        to_ms=max(one.to_ms, other.to_ms),
        count=one.count + other.count,
        size_bytes=one.size_bytes + other.size_bytes,
    )


def kept_by_day_before(now_ms: int) -> int:
    """The beginning of the first day whose lines are still kept by hour."""
    return (now_ms - BY_HOUR_MS) // DAY_MS * DAY_MS


def by_day(lines: Iterable[Erasure], before_ms: int) -> list[Erasure]:
    """The same ledger with one line for each day, camera, account and reason, as far as it is that old."""
    made: dict[tuple[str, str, str, int], Erasure] = {}
    for line in lines:
        grain_ms = DAY_MS if line.at_ms < before_ms else HOUR_MS
        key = (line.camera, line.account, line.reason, line.at_ms // grain_ms * grain_ms)
        made[key] = merged(made[key], line) if key in made else line
    return list(made.values())
