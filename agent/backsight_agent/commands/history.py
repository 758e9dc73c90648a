"""`backsight-agent history CAMERA`: what there is of a camera, and what is missing, and why."""

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from backsight_agent.commands.asking import ask_agent, camera_named, has_history
from backsight_agent.commands.moments import BadMoment, moment_of
from backsight_agent.commands.printing import as_json, moment, size, table
from backsight_agent.config import Settings, load
from backsight_agent.config_camera import CameraSettings
from backsight_agent.ports import Gap
from backsight_shared.clock import SystemClock
from backsight_shared.event import Event
from backsight_shared.segment import Segment
from backsight_shared.shapes import write

DAY_MS = 86_400_000

# The horizon, what there is, what is missing, what was noticed.
Found = tuple[int | None, Sequence[Segment], Sequence[Gap], Sequence[Event]]

NOTHING: Found = (None, (), (), ())


def main(wanted: argparse.Namespace) -> int:
    """From the running agent, else from the disk; without --from the last 24 hours."""
    settings = load(wanted.config)
    camera, now_ms = camera_named(settings, wanted.camera), SystemClock().now_ms()
    to_ms = now_ms if wanted.end is None else moment_of("--to", wanted.end, now_ms)
    from_ms = to_ms - DAY_MS if wanted.begin is None else moment_of("--from", wanted.begin, now_ms)
    if from_ms >= to_ms:
        raise BadMoment(f"--to ({moment(to_ms)}) must be later than --from ({moment(from_ms)})")
    found = ask_agent(settings, f"/cameras/{camera.camera}/history", **{"from": from_ms, "to": to_ms})
    if found is None:
        found = asyncio.run(_from_disk(settings, camera, from_ms, to_ms))
    print(as_json(found) if wanted.json else "\n".join(_for_people(found)))
    return 0


async def _from_disk(settings: Settings, camera: CameraSettings, from_ms: int, to_ms: int) -> dict[str, Any]:
    horizon, segments, gaps, events = NOTHING
    if has_history(settings):
        horizon, segments, gaps, events = await _read(settings, camera.camera, from_ms, to_ms)
    return {
        "camera": camera.camera,
        "name": camera.name,
        "from_ms": from_ms,
        "to_ms": to_ms,
        "horizon_ms": horizon,
        "segments": write(segments),
        "gaps": write(gaps),
        "events": write(events),
    }


async def _read(settings: Settings, camera: str, from_ms: int, to_ms: int) -> Found:
    from backsight_agent.commands.offline import offline  # only now: a running agent is asked sooner without

    async with offline(settings) as disk:
        horizon = await disk.horizon_ms(camera)
        segments = await disk.history.segments(camera, from_ms, to_ms, horizon)
        gaps = await disk.history.gaps(camera, max(from_ms, horizon or 0), to_ms)
        return horizon, segments, gaps, await disk.history.events(camera, from_ms, to_ms, horizon)


def _for_people(found: dict[str, Any]) -> Iterator[str]:
    horizon = f", nothing before {moment(found['horizon_ms'])}" if found["horizon_ms"] is not None else ""
    span = f"{moment(found['from_ms'])} to {moment(found['to_ms'])}"
    yield f"{found['name']} ({found['camera']}), {span}{horizon}"
    rows = [*_stretches(found["segments"]), *_gaps(found["gaps"]), *_events(found["events"])]
    if not rows:
        yield "Nothing was recorded in that time."
        return
    yield table(
        ("FROM", "TO", "", ""), [(moment(a), moment(b), what, more) for a, b, what, more in sorted(rows)]
    )


def _stretches(segments: list[dict[str, Any]]) -> Iterator[tuple[int, int, str, str]]:
    """Each unbroken part: same run, no sequence left out."""
    numbered = groupby(enumerate(segments), key=lambda one: (one[1]["run_ms"], one[1]["sequence"] - one[0]))
    for _, group in numbered:
        part = [segment for _, segment in group]
        amount = sum(segment["size_bytes"] for segment in part)
        yield part[0]["start_ms"], part[-1]["end_ms"], "recorded", f"{_counted(len(part))}, {size(amount)}"


def _gaps(gaps: list[dict[str, Any]]) -> Iterator[tuple[int, int, str, str]]:
    for gap in gaps:
        yield gap["from_ms"], gap["to_ms"], "missing", str(gap["reason"]).replace("_", " ")


def _events(events: list[dict[str, Any]]) -> Iterator[tuple[int, int, str, str]]:
    for event in events:
        yield event["start_ms"], event["end_ms"], "event", str(event["kind"]).replace("_", " ")


def _counted(segments: int) -> str:
    return "1 segment" if segments == 1 else f"{segments} segments"
