"""`backsight-agent cameras`: the cameras and how far back each one's history reaches."""

import argparse
import asyncio
from typing import Any

from backsight_agent.commands.asking import ask_agent, has_history
from backsight_agent.commands.printing import as_json, moment, table
from backsight_agent.config import Settings, load
from backsight_agent.config_camera import CameraSettings


def main(wanted: argparse.Namespace) -> int:
    """From the running agent, else from the disk."""
    settings = load(wanted.config)
    cameras = cameras_now(settings)
    if wanted.json:
        print(as_json({"cameras": cameras}))
        return 0
    rows = [
        (
            str(camera["name"]),
            str(camera["camera"]),
            _model(camera),
            str(camera["state"]).replace("_", " ") or "agent not running",
            _reach(camera),
        )
        for camera in cameras
    ]
    print(table(("NAME", "CAMERA", "MODEL", "STATE", "HISTORY"), rows))
    return 0


def cameras_now(settings: Settings) -> list[dict[str, Any]]:
    """One object for each camera of agent.toml; `state` is empty while no agent runs."""
    answer = ask_agent(settings, "/cameras")
    if answer is not None:
        return list(answer["cameras"])
    if not has_history(settings):
        return [_camera(camera, None, None) for camera in settings.cameras]
    return asyncio.run(_from_disk(settings))


async def _from_disk(settings: Settings) -> list[dict[str, Any]]:
    from backsight_agent.commands.offline import offline  # only now: a running agent is asked sooner without

    cameras = []
    async with offline(settings) as disk:
        for camera in settings.cameras:
            horizon = await disk.horizon_ms(camera.camera)
            cameras.append(_camera(camera, horizon, await disk.history.span(camera.camera, horizon)))
    return cameras


def _camera(camera: CameraSettings, horizon: int | None, span: tuple[int, int] | None) -> dict[str, Any]:
    """As the running agent says it, of a camera that nobody records."""
    return {
        "camera": camera.camera,
        "name": camera.name,
        "state": "",
        "since_ms": None,
        "text": "",
        "facts": {"model": camera.model},
        "horizon_ms": horizon,
        "from_ms": span[0] if span else None,
        "to_ms": span[1] if span else None,
    }


def _model(camera: dict[str, Any]) -> str:
    return str(camera["facts"].get("model") or "-")


def _reach(camera: dict[str, Any]) -> str:
    if camera["from_ms"] is None:
        return "none yet"
    return f"{moment(camera['from_ms'])} to {moment(camera['to_ms'])}"
