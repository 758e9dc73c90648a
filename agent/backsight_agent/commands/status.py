"""`backsight-agent status`: how the hub and its cameras are, in an owner's words."""

import argparse
from collections.abc import Iterator
from typing import Any

from backsight_agent.commands.asking import ask_agent
from backsight_agent.commands.cameras import cameras_now
from backsight_agent.commands.printing import as_json, length, moment, size, table
from backsight_agent.config import Settings, load


def main(wanted: argparse.Namespace) -> int:
    """From the running agent; when none runs, that, and what is on the disk."""
    settings = load(wanted.config)
    status = ask_agent(settings, "/status") or _not_running(settings)
    print(as_json(status) if wanted.json else "\n".join(_for_people(status)))
    return 0


def _not_running(settings: Settings) -> dict[str, Any]:
    return {"running": False, "name": settings.name, "cameras": cameras_now(settings), "problems": []}


def _for_people(status: dict[str, Any]) -> Iterator[str]:
    if not status["running"]:
        yield f"{status['name']}: the agent is not running; nothing is recorded or deleted"
    else:
        disk = status["disk"]
        yield f"{status['name']}: running, version {status['version']}"
        yield f"Cloud     {_cloud(status['cloud'])}"
        yield f"Clock     {status['clock']['text'] or 'trusted'}"
        yield f"Disk      {size(disk['free_bytes'])} of {size(disk['total_bytes'])} free"
        yield f"Deleting  {_pruning(status['prune'])}"
    yield ""
    yield table(("CAMERA", "STATE", "HISTORY", ""), [_camera(camera) for camera in status["cameras"]])
    for problem in status["problems"]:
        yield f"! {problem}"


def _cloud(cloud: dict[str, Any]) -> str:
    if not cloud["paired"]:
        return "not paired"
    state = "connected" if cloud["connected"] else "not connected"
    document = f"entitlement {cloud['serial']}" if cloud["serial"] else "no entitlement yet"
    return f"{cloud['url']} as {cloud['hub']}, {state}, {document}"


def _pruning(prune: dict[str, Any]) -> str:
    if prune["overdue_s"] >= 1:
        return f"overdue by {length(prune['overdue_s'])}"
    return f"up to date ({moment(prune['last_success_ms'])})" if prune["last_success_ms"] else "not yet"


def _camera(camera: dict[str, Any]) -> tuple[str, str, str, str]:
    state = f"{camera['state'].replace('_', ' ')} since {moment(camera['since_ms'])}"
    reach = f"back to {moment(camera['from_ms'])}" if camera["from_ms"] is not None else "none yet"
    if window_s := camera.get("window_s"):
        reach += f" of {length(window_s)}"
    return camera["name"], state if camera["state"] else "-", reach, _remarks(camera)


def _remarks(camera: dict[str, Any]) -> str:
    remarks = [] if camera["state"] in ("recording", "") else [camera["text"]]
    if waiting := camera.get("waiting"):
        remarks.append(f"{waiting} waiting for the cloud")
    if missed := camera.get("missed"):
        remarks.append(f"{missed} left before the cloud had them")
    remarks += camera.get("remarks", [])
    return "; ".join(remarks)
