"""Runs one hub with a simulated camera of every model, and prints what of each works, as a table."""

import argparse
import asyncio
import io
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import av

from backsight_agent.domain.family import Family
from backsight_agent.domain.profile_files import profile_of
from backsight_agent.domain.profiles import StreamName
from backsight_shared.segment import camera_id
from simcam.models import MODELS
from simcam.reading import frames_in, walk
from simcam.street import BROADCAST
from stage.hub import HubProcess
from stage.process import Failed, until
from stage.street import Street, street

SIZE = "640x352"
START_S = 90.0  # seconds until every camera is recorded
WATCH_S = 45.0  # seconds of recording; cameras are asked for what they noticed every 20, 120 where closed
CLOSED_S = 140.0
DOORBELL = {"alias": "D230", "model": "D230", "mac": "F0:09:0D:00:00:00"}  # hangs on the H200
HEADS = ("model", "discovered", "controlled", "recorded", "audio", "events", "settings")


@dataclass(frozen=True)
class Row:
    """One model's line."""

    model: str
    discovered: str
    controlled: str
    recorded: str
    audio: str
    events: str
    settings: str

    @property
    def cells(self) -> tuple[str, ...]:
        return tuple(getattr(self, head) for head in HEADS)


def main() -> int:
    """1 when a model that can be recorded was not."""
    argparse.ArgumentParser(prog="scripts/models", description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(_rows(Path(folder)))
    print("\n".join(_table(rows)))
    return any(row.recorded == "no" for row in rows)


async def _rows(folder: Path) -> list[Row]:
    async with (
        street(folder, size=SIZE, models=tuple(MODELS)) as cameras,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as http,
    ):
        hub = HubProcess(folder / "hub", http, history_window="12h")
        recordable = tuple(camera for camera in cameras.cameras if _recordable(camera))
        doorbell = next(camera for camera in cameras.cameras if camera["model"] == "H200") | DOORBELL
        hub.write_config((*recordable, doorbell))
        found = await _discovered(hub, cameras)
        await hub.start()
        try:
            await until(hub.recording, START_S, "recording of every model")
            begun_ms = time.time_ns() // 1_000_000
            for camera in cameras.cameras:
                await cameras.event(camera_id(camera["mac"]), "motion")
            await asyncio.sleep(WATCH_S)
            closed = await _closed(hub)
            if closed:
                await asyncio.sleep(CLOSED_S - WATCH_S)
            status = {one["camera"]: one for one in (await hub.json("/status"))["cameras"]}
            return [
                await _row(camera, hub, found, status, begun_ms) for camera in (*cameras.cameras, doorbell)
            ]
        finally:
            await hub.stop()


async def _discovered(hub: HubProcess, cameras: Street) -> dict[str, str]:
    """How each was found: by broadcast, or only when asked at its address."""
    found: dict[str, str] = {}
    heard = json.loads(await hub.command("discover", "--target", BROADCAST, "--json"))
    found |= {one["camera"]: "broadcast" for one in heard["cameras"]}
    silent = [one["address"] for one in cameras.cameras if camera_id(one["mac"]) not in found]
    for address in silent:
        heard = json.loads(await hub.command("discover", "--target", address, "--json", "--timeout", "2"))
        found |= {one["camera"]: "at its address" for one in heard["cameras"]}
    return found


async def _closed(hub: HubProcess) -> list[str]:
    status = await hub.json("/status")
    return [one["camera"] for one in status["cameras"] if one["control"]]


async def _row(
    camera: dict[str, Any],
    hub: HubProcess,
    found: Mapping[str, str],
    status: Mapping[str, Any],
    begun_ms: int,
) -> Row:
    identity, name = camera_id(camera["mac"]), camera["alias"]
    discovered = found.get(identity, "its hub is" if name == DOORBELL["alias"] else "no")
    if not _recordable(camera):
        return Row(name, discovered, "-", "no stream of its own", "-", "-", "-")
    recorded, audio, events = await _history(hub, identity, begun_ms)
    closed = bool(status[identity]["control"])
    settings = "closed by firmware" if closed else await _settings(hub, name)
    return Row(name, discovered, "closed by firmware" if closed else "yes", recorded, audio, events, settings)


async def _history(hub: HubProcess, identity: str, begun_ms: int) -> tuple[str, str, str]:
    """Frames that came and that are missing; the sound; what the camera itself noticed."""
    now_ms = time.time_ns() // 1_000_000
    told = await hub.json(f"/cameras/{identity}/history", **{"from": begun_ms - 60_000, "to": now_ms})
    by_camera = {event["kind"] for event in told["events"] if event["origin"] == "camera"}
    pieces = [segment for segment in told["segments"] if segment["end_ms"] > begun_ms][:3]
    if not pieces:
        return "no", "-", ", ".join(sorted(by_camera)) or "no"
    media = await hub.bytes(f"/cameras/{identity}/runs/{pieces[0]['run_ms']}.mp4")
    for piece in pieces:
        media += await hub.bytes(f"/cameras/{identity}/segments/{piece['start_ms']}.m4s")
    seen = walk(frames_in(media))
    with av.open(io.BytesIO(media)) as container:
        codec = container.streams.video[0].codec_context.name
        sound = container.streams.audio
        audio = f"{sound[0].codec_context.sample_rate // 1000} kHz" if sound else "no"
    recorded = f"{codec}, {seen.frames} frames, {seen.missing + seen.repeated + seen.unreadable} lost"
    return recorded, audio, ", ".join(sorted(by_camera)) or "no"


async def _settings(hub: HubProcess, name: str) -> str:
    """How many there are; the light was switched and switched back."""
    try:
        now = json.loads(await hub.command("settings", name, "--json"))["settings"]
        other = "off" if now["led"] == "on" else "on"
        changed = json.loads(await hub.command("settings", name, "led", other, "--json"))["settings"]
        await hub.command("settings", name, "led", now["led"])
    except Failed as failed:
        return f"no ({failed})"
    return f"{len(now)}" if changed["led"] == other else "no"


def _recordable(camera: dict[str, Any]) -> bool:
    profile = profile_of(Family(camera["family"]), camera["model"])
    return profile.recordable(StreamName.MAIN) is not None


def _table(rows: Iterable[Row]) -> list[str]:
    lines = [f"| {' | '.join(HEADS)} |", "|" + "---|" * len(HEADS)]
    return lines + [f"| {' | '.join(row.cells)} |" for row in rows]


if __name__ == "__main__":
    sys.exit(main())
