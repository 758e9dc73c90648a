"""`backsight-agent settings` and `move`: see and change what can be set at a camera."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backsight_agent import config
from backsight_agent.adapters.controls import control_of
from backsight_agent.adapters.locating import AddressFile
from backsight_agent.adapters.login_memory import LoginMemory
from backsight_agent.camera_ports import SettableCamera
from backsight_agent.commands.printing import as_json, table
from backsight_agent.config_camera import CameraSettings
from backsight_agent.domain.camera_settings import CHOICES, Direction, refuse_strange
from backsight_shared.clock import SystemClock
from backsight_shared.errors import NeedsAttention
from backsight_shared.segment import camera_id

PRESETS = "presets"


class NoSuchCamera(NeedsAttention):
    """agent.toml has no camera of this name."""


class NoSuchSetting(NeedsAttention):
    """Nobody knows this setting, or this value of it."""


class NoControlLogin(NeedsAttention):
    """The camera's settings need a login that agent.toml does not give."""


def main(wanted: argparse.Namespace) -> int:
    """Everything that a camera lets be set; with a name and a value: set it, and see that it is so."""
    if wanted.command == "move":
        return asyncio.run(_move(wanted))
    if (wanted.setting is None) != (wanted.value is None):
        raise NoSuchSetting("give both a setting and its value, or neither to see them all")
    if wanted.setting is not None:
        try:
            refuse_strange(wanted.setting, wanted.value)
        except ValueError as error:
            raise NoSuchSetting(str(error)) from error
    return asyncio.run(_settings(wanted))


async def _settings(wanted: argparse.Namespace) -> int:
    async with _opened(wanted) as camera:
        if wanted.setting is not None:
            await camera.change(wanted.setting, wanted.value)
        found = dict(await camera.settings())
    if wanted.json:
        print(as_json({"settings": found}))
    else:
        rows = [(name, found[name], ", ".join(CHOICES[name])) for name in sorted(found)]
        print(table(("SETTING", "NOW", "CAN BE"), rows))
    return 0


async def _move(wanted: argparse.Namespace) -> int:
    async with _opened(wanted) as camera:
        if wanted.where == PRESETS:
            for name in await camera.presets():
                print(name)
        elif wanted.where in list(Direction):
            await camera.move(Direction(wanted.where))
        else:
            await camera.go_to(wanted.where)
    return 0


@asynccontextmanager
async def _opened(wanted: argparse.Namespace) -> AsyncIterator[SettableCamera]:
    settings = config.load(wanted.config)
    camera = _named(settings.cameras, wanted.camera)
    written = {one.camera: one.host for one in settings.cameras}
    host = AddressFile(settings.state).load(written)[camera.camera]
    control = control_of(camera, host, LoginMemory(settings.state), SystemClock())
    if control is None:
        raise NoControlLogin(f"{camera.name} has no password_file in agent.toml: its settings need one")
    try:
        yield control
    finally:
        await control.close()


def _named(cameras: tuple[CameraSettings, ...], name: str) -> CameraSettings:
    try:
        wanted = camera_id(name)
    except ValueError:
        wanted = ""
    for camera in cameras:
        if camera.camera == wanted or camera.name.casefold() == name.casefold():
            return camera
    raise NoSuchCamera(
        f"there is no camera {name} in agent.toml; there are {', '.join(c.name for c in cameras)}"
    )
