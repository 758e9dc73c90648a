"""Other processes see and trouble the cameras over HTTP, and two runs never meet."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from simcam.block import NoFreeBlock, claim_block
from simcam.control_api import control_api
from simcam.kasa_camera import SimKasa, stream_basic
from simcam.kasa_client import KasaClient
from simcam.reading import frames_in
from simcam.settings import Logins
from simcam.street import Street

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
async def api(street: Street) -> AsyncIterator[aiohttp.ClientSession]:
    async with control_api(street) as url, aiohttp.ClientSession(url) as session:
        yield session


@pytest.fixture
async def kasa(street: Street) -> SimKasa:
    camera = street.cameras[0]
    assert isinstance(camera, SimKasa)
    return camera


async def get(api: aiohttp.ClientSession, path: str) -> Any:
    async with api.get(path) as answer:
        assert answer.status == 200
        return await answer.json()


async def watch(camera: SimKasa, frames: int) -> bytes:
    client = await KasaClient.connect(
        camera.address, camera.setup.ports.stream, stream_basic(camera.setup.logins)
    )
    video = b"".join(part.body for part in await client.videos(frames))
    client.close()
    return video


async def test_the_cameras_are_listed(api: aiohttp.ClientSession, kasa: SimKasa) -> None:
    listed = (await get(api, "/cameras"))["cameras"]
    assert [camera["alias"] for camera in listed] == ["Front door", "Garden"]
    assert listed[0] == json.loads(json.dumps(kasa.describe()))


async def test_a_fault_is_imposed_and_ended(api: aiohttp.ClientSession, kasa: SimKasa) -> None:
    path = f"/cameras/{kasa.setup.mac}/fault"
    async with api.post(path, json={"fault": "off"}) as answer:
        assert (await answer.json())["private"] is True
    async with api.delete(path) as answer:
        assert (await answer.json())["private"] is False


async def test_an_unknown_fault_and_an_unknown_camera_are_refused(
    api: aiohttp.ClientSession, kasa: SimKasa
) -> None:
    async with api.post(f"/cameras/{kasa.setup.mac}/fault", json={"fault": "flood"}) as answer:
        assert answer.status == 400
    async with api.delete("/cameras/00:00:00:00:00:00/fault") as answer:
        assert answer.status == 404


async def test_an_event_is_seen_by_the_camera(api: aiohttp.ClientSession, kasa: SimKasa) -> None:
    async with api.post(f"/cameras/{kasa.setup.mac}/event", json={"kind": "motion", "at_s": 5}) as answer:
        assert answer.status == 200
    assert kasa.answers.sysinfo()["system"]["last_activity_timestamp"] == 5


async def test_the_journal_says_which_frames_went_out(api: aiohttp.ClientSession, kasa: SimKasa) -> None:
    await watch(kasa, 5)
    frames = await get(api, f"/cameras/{kasa.setup.mac}/frames")
    (connection,) = frames["connections"]
    assert connection["via"] == "19443"
    assert connection["frames"] >= 5
    assert connection["last"]["index"] - connection["first"]["index"] == connection["frames"] - 1
    assert connection["first"]["number"] == connection["first"]["index"] % frames["cycle"]


async def test_a_frame_is_sent_when_the_schedule_says(api: aiohttp.ClientSession, kasa: SimKasa) -> None:
    await watch(kasa, 3)
    (connection,) = (await get(api, f"/cameras/{kasa.setup.mac}/frames"))["connections"]
    last = connection["last"]
    due = await get(api, f"/cameras/{kasa.setup.mac}/frames?index={last['index']}")
    assert -2 < last["sent_ms"] - due["due_ms"] < 1000
    assert due["number"] == last["number"]


async def test_the_frames_between_two_moments_are_told(api: aiohttp.ClientSession, kasa: SimKasa) -> None:
    start = kasa.timeline.start_wall_ms
    path = f"/cameras/{kasa.setup.mac}/frames?from_ms={start - 1}&to_ms={start + 1999}"
    assert (await get(api, path))["due"] == {"first": 0, "last": 29, "count": 30}


async def test_two_streets_differ_in_addresses_and_macs(
    open_street: Callable[..., Awaitable[Street]],
) -> None:
    streets = [await open_street(kasa=1, tapo=1) for _ in range(2)]
    cameras = [camera for street in streets for camera in street.cameras]
    assert len({camera.address for camera in cameras}) == len({camera.setup.mac for camera in cameras}) == 4


def test_a_claimed_block_is_refused_to_others_until_it_is_released() -> None:
    block = claim_block()
    with pytest.raises(NoFreeBlock):
        claim_block(block.prefix)
    block.release()
    claim_block(block.prefix).release()


@pytest.mark.slow
async def test_the_command_describes_itself_streams_and_ends_cleanly(film_cache: Path) -> None:
    wanted = "--kasa 1 --tapo 1 --size 320x180 --rtsp-port 8554 --https-port 8443 --start key-frame --json"
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "simcam", *wanted.split(), "--names", "Yard"],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS), "BACKSIGHT_CACHE": str(film_cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(20):
        told = json.loads(await process.stdout.readline())
        camera = told["cameras"][0]
        async with aiohttp.ClientSession(told["control"]) as api:
            assert (await get(api, "/cameras"))["cameras"][0]["alias"] == "Yard"
        numbers = await _numbers(camera)
        process.send_signal(signal.SIGTERM)
        _, errors = await process.communicate()
    assert numbers == list(range(numbers[0], numbers[0] + 5))
    assert (process.returncode, errors) == (0, b"")


async def _numbers(camera: dict[str, Any]) -> list[int]:
    basic = stream_basic(Logins(**camera["logins"]))
    client = await KasaClient.connect(camera["address"], camera["ports"]["stream"], basic)
    video = b"".join(part.body for part in await client.videos(5))
    client.close()
    return [frame.number or 0 for frame in frames_in(video)]
