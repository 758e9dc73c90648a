"""What an owner sees of a camera's history: gaps between its parts, and the name of a downloaded clip."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from backsight_shared.segment import Run

NOT_UPLOADED = "not_uploaded"  # a hole inside of a run: the hub recorded on, but the segment is not here


@dataclass(frozen=True, slots=True)
class Part:
    """An unbroken part of a camera's history: consecutive segments of one run."""

    run_ms: int
    from_ms: int
    to_ms: int
    count: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without footage, and why."""

    from_ms: int
    to_ms: int
    reason: str


def gaps_between(parts: Sequence[Part], runs: Sequence[Run]) -> list[Gap]:
    """Between parts in order of time; a gap's reason is that of the run behind it."""
    after = {run.run_ms: run.after for run in runs}
    gaps = []
    for earlier, later in pairwise(parts):
        if earlier.to_ms < later.from_ms:
            same = earlier.run_ms == later.run_ms
            reason = NOT_UPLOADED if same else after.get(later.run_ms, "start")
            gaps.append(Gap(earlier.to_ms, later.from_ms, reason))
    return gaps


def clip_name(camera_name: str, from_ms: int, zone: str) -> str:
    """A file name with the camera and the local time, safe on every system."""
    plain = re.sub(r"[^\w .-]", "", camera_name).strip(" .") or "Camera"
    local = datetime.fromtimestamp(from_ms / 1000, UTC).astimezone(ZoneInfo(zone))
    return f"{plain[:60]} {local:%Y-%m-%d %H.%M.%S}.mp4"
