"""Every model that can be simulated, each with its own habits, read through the real sources."""

import asyncio
from pathlib import Path

import pytest

from backsight_agent.adapters.multipart_stream import MultipartSource
from backsight_agent.adapters.muxer import AvMuxers
from backsight_agent.camera_ports import CameraRefusedLogin, Source
from backsight_agent.domain.family import Family
from backsight_agent.domain.gops import GopCollector
from backsight_agent.domain.media import Gop
from backsight_agent.domain.profile_files import profile_of
from backsight_agent.domain.profiles import StreamName
from simcam.camera import SimCamera
from simcam.models import MODELS
from simcam.reading import frames_in, walk
from simcam.street import Street

from .conftest import PORTS, SMALL, source_of

pytestmark = [pytest.mark.slow]
WITHOUT_STREAM = {"KC300", "KC310"}
ON_A_HUB = {"H200": "D230"}  # a hub plays what hangs on it
GOPS = 2


async def recorded(camera: SimCamera) -> tuple[str, tuple[int, ...], set[tuple[str, int]]]:
    """What two GOPs of it hold: (frames, missing, repeated, unreadable), and its sounds."""
    gops = await _gops(source_of(camera))
    async with AvMuxers().open(gops[0]) as muxer:
        following = [*(gop.video[0] for gop in gops[1:]), None]
        pieces = [await muxer.write(gop, key) for gop, key in zip(gops, following, strict=True)]
        found = walk(frames_in(muxer.init + b"".join(pieces)))
    sounds = {(chunk.law, chunk.rate_hz) for gop in gops for chunk in gop.audio}
    counts = (found.frames, found.missing, found.repeated, found.unreadable)
    return _named(camera.setup.model.name), counts, sounds


def _named(name: str) -> str:
    return ON_A_HUB.get(name, name)


async def _gops(source: Source) -> list[Gop]:
    collector, gops = GopCollector(), list[Gop]()
    async with asyncio.timeout(60), source.open() as arrivals:
        async for arrival in arrivals:
            if timed := collector.add(arrival):
                gops.append(timed.gop)
            if len(gops) == GOPS:
                break
    return gops


async def test_every_models_stream_gives_every_frame_once(film_cache: Path) -> None:
    names = [name for name in MODELS if name not in WITHOUT_STREAM]
    async with Street(models=names, size=SMALL, ports=PORTS, cache=film_cache) as street:
        found = await asyncio.gather(*(recorded(camera) for camera in street.cameras))
    assert {name: counts for name, counts, _ in found} == dict.fromkeys(map(_named, names), (60, 0, 0, 0))
    sounds = {name: heard for name, _, heard in found}
    assert sounds["D130"] == {("mulaw", 16_000)}
    assert sounds["D230"] == {("alaw", 8_000)}
    assert sounds["C210"] == {("alaw", 8_000)}
    assert sounds["KC420WS"] == {("mulaw", 8_000)}


async def test_a_model_without_a_stream_of_its_own_refuses_every_login(film_cache: Path) -> None:
    async with Street(models=["KC300"], size=SMALL, ports=PORTS, cache=film_cache) as street:
        source = source_of(street.cameras[0])
        assert isinstance(source, MultipartSource)
        with pytest.raises(CameraRefusedLogin):
            await _gops(source)


@pytest.mark.parametrize("name", MODELS)
def test_every_simulated_model_has_a_profile_of_its_own(name: str) -> None:
    model = MODELS[name]
    profile = profile_of(Family(model.family), name)
    assert profile.known
    played = profile_of(Family(model.family), _named(name))
    assert (played.recordable(StreamName.MAIN) is None) == (name in WITHOUT_STREAM)
