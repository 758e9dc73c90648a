"""Measures how soon a movement in front of a camera is in the cloud: its clip, and its event.

Nothing moves but for six seconds of every 32, and when they begin is known: hub and cloud run as they do at
home. `BACKSIGHT_SECONDS` (180) is how long is watched. A clip is there when the cloud lists the movement's
first second.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stage.lookout import last_hour
from stage.whole import Plan, Whole, whole

SECONDS = int(os.environ.get("BACKSIGHT_SECONDS", "180"))
STILL = 390  # frames, of 480
LOOK_S = 0.2  # seconds between two looks at the cloud
CLIP_MS = 1000  # what must be there of a movement, from its beginning
LATEST_S = 25.0  # seconds after which a movement is missed
NEAR_MS = 4000  # how far an event's own beginning may be from the movement's


@dataclass
class Movement:
    """One movement before one camera, and when the cloud had it."""

    camera: str
    start_ms: float
    clip_s: float | None = None
    event_s: float | None = None


def run() -> Iterator[dict[str, Any]]:
    """One line for each figure."""
    with tempfile.TemporaryDirectory() as folder:
        movements = asyncio.run(_watch(Path(folder)))
    yield _line("movements", len(movements), "")
    for name, all_found in (
        ("clip", [one.clip_s for one in movements]),
        ("event", [one.event_s for one in movements]),
    ):
        found = sorted(one for one in all_found if one is not None)
        yield _line(f"{name} never in the cloud", len(movements) - len(found), "")
        if found:
            yield _line(f"{name} in the cloud after its beginning, median", found[len(found) // 2], "s")
            yield _line(f"{name} in the cloud after its beginning, longest", found[-1], "s")


async def _watch(folder: Path) -> list[Movement]:
    async with whole(Plan(folder, size="640x360", kasa=1, tapo=1, still=STILL)) as running:
        begins_ms = time.time() * 1000 + 35_000  # one cycle for the hub to learn what is usual
        ends_ms = begins_ms + SECONDS * 1000
        movements = [
            Movement(camera, start)
            for camera in running.cameras
            for start in await _starts(running, camera, begins_ms, ends_ms)
        ]
        while time.time() * 1000 < ends_ms + LATEST_S * 1000:
            await asyncio.gather(*(_look(running, camera, movements) for camera in running.cameras))
            await asyncio.sleep(LOOK_S)
    return movements


async def _starts(running: Whole, camera: str, from_ms: float, to_ms: float) -> list[float]:
    """When a movement begins before this camera, by the schedule of its film."""
    schedule = await running.street.frames(camera)
    frame_ms = 1000 / schedule["fps"]
    first, cycle_ms = schedule["start_ms"] + STILL * frame_ms, schedule["cycle"] * frame_ms
    before = int((from_ms - first) // cycle_ms) + 1
    count = int((to_ms - first) // cycle_ms) + 1 - before
    return [first + (before + number) * cycle_ms for number in range(count)]


async def _look(running: Whole, camera: str, movements: Sequence[Movement]) -> None:
    history = await running.owner.json(f"/v1/cameras/{camera}/history", **last_hour())
    now_ms = time.time() * 1000
    for one in movements:
        age_s = (now_ms - one.start_ms) / 1000
        if one.camera != camera or not 0 < age_s < LATEST_S:
            continue
        if one.clip_s is None and _covered(history["segments"], one.start_ms, one.start_ms + CLIP_MS):
            one.clip_s = age_s
        near = (abs(event["start_ms"] - one.start_ms) < NEAR_MS for event in history["events"])
        if one.event_s is None and any(near):
            one.event_s = age_s


def _covered(segments: Sequence[dict[str, Any]], from_ms: float, to_ms: float) -> bool:
    reached = from_ms
    for segment in segments:
        if segment["start_ms"] <= reached < segment["end_ms"]:
            reached = segment["end_ms"]
    return reached >= to_ms


def _line(figure: str, value: float, unit: str) -> dict[str, Any]:
    return {"bench": "noticed", "figure": figure, "value": round(value, 2), "unit": unit}
