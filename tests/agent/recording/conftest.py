"""Streets of small simulated cameras, and sources for them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backsight_agent.adapters.multipart_stream import MultipartSource
from backsight_agent.adapters.rtsp_stream import RtspSource
from backsight_agent.adapters.vhttpd_stream import VhttpdSource
from backsight_agent.camera_ports import Source
from backsight_agent.domain.login import Login
from backsight_agent.domain.vhttpd import OWN, Target, of_child
from backsight_shared.clock import SystemClock
from simcam.camera import SimCamera
from simcam.settings import Habits, Ports
from simcam.street import Street
from simcam.tapo_camera import SimTapo

SMALL = (320, 180)
PORTS = Ports(https=8443, rtsp=8554)  # no privileges needed
SILENCE_S = 3.0  # seconds; shorter than in earnest, so that a stall is found soon

OpenCamera = Callable[..., Awaitable[SimCamera]]


@pytest.fixture(scope="session")
def film_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


@pytest.fixture
async def open_camera(film_cache: Path) -> AsyncIterator[OpenCamera]:
    """Opens simulated cameras that are closed when the test is over.

    "media" is a Tapo without RTSP, "child" a Tapo hub that plays what hangs on it.
    """
    async with AsyncExitStack() as stack:

        async def open_one(family: str, **wanted: Any) -> SimCamera:
            given = {"size": SMALL, "ports": PORTS, "cache": film_cache, **wanted}
            if family == "media":
                given["habits"] = replace(wanted.get("habits", Habits()), has_rtsp=False)
            if family == "child":
                given["models"] = ["H200"]
            street = Street(kasa=int(family == "kasa"), tapo=int(family != "kasa"), **given)
            await stack.enter_async_context(street)
            return street.cameras[0]

        yield open_one


def source_of(camera: SimCamera, password: str | None = None) -> Source:
    """The real source for a simulated camera."""
    logins, clock = camera.setup.logins, SystemClock()
    if camera.family == "kasa":
        login = Login(logins.email, password or logins.password)
        return MultipartSource(camera.address, PORTS.stream, login, clock, silence_s=SILENCE_S)
    if not camera.setup.habits.has_rtsp:
        return vhttpd_source_of(camera, password)
    login = Login(logins.camera_user, password or logins.camera_password)
    return RtspSource(camera.address, PORTS.rtsp, "/stream1", login, clock, silence_s=SILENCE_S)


def vhttpd_source_of(camera: SimCamera, password: str | None = None) -> Source:
    """The real source for port 8800 of a simulated Tapo camera."""
    return VhttpdSource(
        camera.address,
        PORTS.media,
        password or camera.setup.logins.password,
        SystemClock(),
        target=target_of(camera),
        audio_hz=16_000 if camera.setup.habits.wide_sound else 8_000,
        silence_s=SILENCE_S,
    )


def target_of(camera: SimCamera) -> Target:
    """A camera's own stream, or that of what hangs on a hub."""
    if not camera.setup.model.child:
        return OWN
    assert isinstance(camera, SimTapo)
    return of_child(camera.answers.child_id, "a player")
