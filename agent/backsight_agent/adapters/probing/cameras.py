"""Looks at the cameras without logging in: do they answer and announce themselves, what is remembered."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import Any

from backsight_agent.adapters.discovery import ONE_CAMERA_S, Found, NotAnAddress, discover
from backsight_agent.adapters.locating import AddressFile
from backsight_agent.adapters.login_memory import LoginMemory
from backsight_agent.config import Settings
from backsight_agent.config_camera import CameraSettings
from backsight_agent.domain.judging_cameras import SeenCamera
from backsight_agent.domain.profile_files import profile_of
from backsight_agent.domain.profiles import Part

CONNECT_S = 3.0  # seconds

Status = Mapping[str, Any]


async def look_at_cameras(settings: Settings, status: Status | None) -> Sequence[SeenCamera]:
    """All at once; `status` is what the running agent says, None when none runs."""
    written = {camera.camera: camera.host for camera in settings.cameras}
    hosts, memory = AddressFile(settings.state).load(written), LoginMemory(settings.state)
    told = {one["camera"]: one for one in status["cameras"]} if status else {}
    found = await asyncio.gather(*(_announced(hosts[camera.camera]) for camera in settings.cameras))
    return await asyncio.gather(
        *(
            _look(camera, hosts[camera.camera], answers, memory, told.get(camera.camera, {}))
            for camera, answers in zip(settings.cameras, found, strict=True)
        )
    )


async def _look(
    camera: CameraSettings,
    host: str,
    answers: Sequence[Found] | None,
    memory: LoginMemory,
    told: Mapping[str, Any],
) -> SeenCamera:
    # A hub answers for what hangs on it, under a MAC of its own.
    own = next((one for one in answers or () if one.camera == camera.camera or camera.is_child), None)
    stranger = next((one for one in answers or () if own is None), None)
    model = own.model if own and not camera.is_child else camera.model
    firmware = own.firmware if own and not camera.is_child else str(told.get("firmware", ""))
    profile = profile_of(camera.family, model)
    limits = profile.limits_of(firmware) if firmware or told else ()
    return SeenCamera(
        name=camera.name,
        camera=camera.camera,
        host=host,
        written_host=camera.host,
        unresolved=answers is None,
        ports={} if answers is None else await _ports(camera, host),
        announced=f"{own.model} with firmware {own.firmware}" if own else "",
        stranger=f"{stranger.model} {stranger.mac}" if stranger else "",
        is_child=camera.is_child,
        known=profile.known,
        has_login=camera.control is not None,
        refused_ms=_refused_ms(camera, memory),
        state=str(told.get("state", "")),
        text=str(told.get("text", "")),
        control=str(told.get("control", "")),
        closed=tuple(limit.why for limit in limits if limit.what is not Part.CONTROL or not told),
    )


async def _announced(host: str) -> Sequence[Found] | None:
    """Who announces itself there; None when the name has no address."""
    try:
        return await discover((host,), ONE_CAMERA_S)
    except NotAnAddress:
        return None


async def _ports(camera: CameraSettings, host: str) -> dict[str, str]:
    uses = {"control": camera.ports.control}
    if camera.source is not None:
        uses["video"] = camera.ports.stream
    reasons = await asyncio.gather(*(why_closed(host, port) for port in uses.values()))
    return {f"{use} at port {port}": why for (use, port), why in zip(uses.items(), reasons, strict=True)}


async def why_closed(host: str, port: int) -> str:
    """Why a port cannot be connected to; empty when it can."""
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return "no answer in time"
    except OSError as error:
        return os.strerror(error.errno) if error.errno else type(error).__name__
    writer.close()
    return ""


def _refused_ms(camera: CameraSettings, memory: LoginMemory) -> int | None:
    """When the login that agent.toml has now was refused; another one has still to be tried."""
    tried = memory.tried(camera.camera)
    if camera.control is None or tried.mark != memory.mark_of(camera.control):
        return None
    return tried.refused_ms
