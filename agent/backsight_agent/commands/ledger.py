"""`backsight-agent ledger [CAMERA]`: what left the history here, when and why."""

import argparse
import asyncio
from collections.abc import Sequence
from typing import Any

from backsight_agent.commands.asking import ask_agent, camera_named, has_history
from backsight_agent.commands.moments import BadMoment, moment_of
from backsight_agent.commands.printing import as_json, moment, size, table
from backsight_agent.config import Settings, load
from backsight_agent.config_camera import CameraSettings
from backsight_shared.clock import SystemClock
from backsight_shared.shapes import write

LINES = 1000  # of each camera, the newest

_LATEST_MS = 10**15


def main(wanted: argparse.Namespace) -> int:
    """Of one camera, or of all; from the running agent, else from the disk."""
    settings = load(wanted.config)
    cameras = settings.cameras if wanted.camera is None else (camera_named(settings, wanted.camera),)
    span = _span(wanted)
    lines = {camera.camera: _lines_of(settings, camera, span) for camera in cameras}
    if wanted.json:
        print(as_json({"erasures": [line for of_one in lines.values() for line in of_one]}))
        return 0
    names = {camera.camera: camera.name for camera in cameras}
    found = [(line["last_at_ms"], names[camera], line) for camera in lines for line in lines[camera]]
    rows = sorted(found, key=lambda row: row[:2])
    print(_for_people(rows) if rows else "Nothing has left the history here.")
    return 0


def _span(wanted: argparse.Namespace) -> tuple[int, int] | None:
    """Of the history: what left of that time, whenever it left."""
    if wanted.begin is None and wanted.end is None:
        return None
    now_ms = SystemClock().now_ms()
    from_ms = 0 if wanted.begin is None else moment_of("--from", wanted.begin, now_ms)
    to_ms = _LATEST_MS if wanted.end is None else moment_of("--to", wanted.end, now_ms)
    if from_ms >= to_ms:
        raise BadMoment(f"--to ({moment(to_ms)}) must be later than --from ({moment(from_ms)})")
    return from_ms, to_ms


def _lines_of(
    settings: Settings, camera: CameraSettings, span: tuple[int, int] | None
) -> list[dict[str, Any]]:
    query = {} if span is None else {"from": span[0], "to": span[1]}
    found = ask_agent(settings, f"/cameras/{camera.camera}/erasures", **query)
    if found is not None:
        return list(found["erasures"])
    if not has_history(settings):
        return []
    return asyncio.run(_from_disk(settings, camera, span))


async def _from_disk(
    settings: Settings, camera: CameraSettings, span: tuple[int, int] | None
) -> list[dict[str, Any]]:
    from backsight_agent.commands.offline import offline  # only now: a running agent is asked sooner without

    async with offline(settings) as disk:
        return list(write(await disk.history.erasures(camera.camera, LINES, span)))


def _for_people(rows: Sequence[tuple[int, str, dict[str, Any]]]) -> str:
    head = ("LEFT", "CAMERA", "WHY", "FROM", "TO", "SEGMENTS", "SIZE")
    return table(head, [_row(at_ms, name, line) for at_ms, name, line in rows])


def _row(at_ms: int, name: str, line: dict[str, Any]) -> tuple[str, ...]:
    why = str(line["reason"]).replace("_", " ")
    ends = moment(line["from_ms"]), moment(line["to_ms"])
    return moment(at_ms), name, why, *ends, str(line["count"]), size(line["size_bytes"])
