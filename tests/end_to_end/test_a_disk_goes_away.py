"""A disk that is pulled out and put back costs no frame: its camera waits in memory, the other goes on."""

import asyncio
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from backsight_shared.segment import camera_id
from simcam.reading import frames_in
from stage.hub import HubProcess
from stage.lookout import last_hour
from stage.process import until
from stage.street import street

AWAY_S = 20.0  # far less than what may wait in memory

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]


def unplugged(folder: Path) -> Path:
    """What is left of a mount point: an empty folder."""
    aside = folder.with_name("unplugged")
    folder.rename(aside)
    folder.mkdir()
    return aside


async def steps_between_frames(hub: HubProcess, camera: str) -> set[int]:
    """From each frame of a camera's history to the next, over all runs."""
    told = await hub.json(f"/cameras/{camera}/history", **last_hour())
    numbers: list[int] = []
    for run_ms in dict.fromkeys(segment["run_ms"] for segment in told["segments"]):
        media = await hub.bytes(f"/cameras/{camera}/runs/{run_ms}.mp4")
        for one in (one for one in told["segments"] if one["run_ms"] == run_ms):
            media += await hub.bytes(f"/cameras/{camera}/segments/{one['start_ms']}.m4s")
        numbers += [frame.number or 0 for frame in frames_in(media)]
    assert len(numbers) > 15 * 40
    return {(later - sooner) % 480 for sooner, later in pairwise(numbers)}


async def test_no_frame_is_lost_and_nothing_is_written_beneath_the_mount_point(tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    async with (
        street(tmp_path, size="320x180", kasa=1, tapo=1) as cameras,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http,
    ):
        hub = HubProcess(tmp_path / "hub", http, history_window="1h")
        inside, outside = cameras.cameras
        hub.write_config((inside, outside | {"folder": usb}))
        await hub.start()
        try:
            await until(hub.recording, 30, "recording")
            await asyncio.sleep(8)
            aside = unplugged(usb)
            await _said(hub, "is not there: mount it")
            await asyncio.sleep(AWAY_S)
            assert list(usb.iterdir()) == []
            usb.rmdir()
            aside.rename(usb)
            await until(hub.recording, 30, "recording on the disk that is back")
            await asyncio.sleep(25)
            assert (await hub.json("/status"))["problems"] == []
            for camera in (inside, outside):
                assert await steps_between_frames(hub, camera_id(camera["mac"])) == {1}
        finally:
            await hub.stop()


async def _said(hub: HubProcess, text: str) -> None:
    async def told() -> Any:
        return any(text in problem for problem in (await hub.json("/status"))["problems"])

    await until(told, 20, f"the status to say that a disk {text}")
