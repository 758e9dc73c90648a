"""Finds out what of a camera's history leaves when its window shrinks, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backsight_cloud.domain.records import Camera, Extent
from backsight_cloud.ports import Transaction
from backsight_shared.window import WindowStep, horizon, in_force

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Leaving:
    """What there is now that a smaller window lets go, beyond what would have left by then anyway."""

    camera: str
    name: str
    at_ms: int
    window_ms: int
    extent: Extent

    def told(self) -> dict[str, Any]:
        """As mails and the API say it."""
        extent = self.extent
        return {
            "camera": self.camera,
            "name": self.name,
            "count": extent.count,
            "hours": round(((extent.to_ms or 0) - (extent.from_ms or 0)) / HOUR_MS, 1),
            "size_bytes": extent.size_bytes,
            "from_ms": extent.from_ms,
            "to_ms": extent.to_ms,
            "at_ms": self.at_ms,
        }


def shrinks(
    before: Sequence[WindowStep], steps: Sequence[WindowStep], at_ms: int
) -> list[tuple[int, int, int]]:
    """(moment, window before, window after) wherever a window becomes smaller than it was to be."""
    moments = sorted({at_ms, *(step.from_ms for step in (*before, *steps) if step.from_ms > at_ms)})
    found: list[tuple[int, int, int]] = []
    smaller = False
    for moment in moments:
        was_ms = at_ms - 1 if moment == at_ms else moment  # what was decided before happens now
        old, new = in_force(before, was_ms), in_force(steps, moment)
        is_smaller = old is not None and new is not None and new.window_ms < old.window_ms
        if is_smaller and not smaller and old and new:
            found.append((moment, old.window_ms, new.window_ms))
        smaller = is_smaller
    return found


async def leaving_now(
    tx: Transaction, camera: Camera, before: Sequence[WindowStep], steps: Sequence[WindowStep], at_ms: int
) -> list[Leaving]:
    """For each shrink what is there at this moment and falls out by it."""
    reached = horizon(before, camera.reached_ms, at_ms - 1)
    found = []
    for moment, old_ms, new_ms in shrinks(before, steps, at_ms):
        since = max(reached or 0, moment - old_ms)
        extent = await tx.billings.leaving(camera.id, since, moment - new_ms)
        found.append(Leaving(camera.id, camera.name, moment, new_ms, extent))
    return found
