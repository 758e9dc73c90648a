"""Measures one hub with many cameras of both families, a third of them misbehaving: lost frames, CPU, memory.

`BACKSIGHT_CAMERAS` (64) and `BACKSIGHT_SECONDS` (120) make it larger or smaller; the pictures are 640x360, so
that one machine can be all cameras and the hub at once.
"""

import asyncio
import itertools
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from backsight_agent.adapters.store.opening import open_to_read
from backsight_shared.segment import Segment, camera_id
from benches.recording import _cpu_s, _own_mib
from simcam.film import load
from simcam.filming import Plan
from simcam.reading import frames_in, walk
from stage.hub import HubProcess
from stage.street import Street, street

CAMERAS = int(os.environ.get("BACKSIGHT_CAMERAS", "64"))
SECONDS = int(os.environ.get("BACKSIGHT_SECONDS", "120"))
SIZE = "640x360"
EVERY = 3  # each third camera misbehaves
FAULTS = ("cut", "garbage", "truncate", "stall", "refuse", "reboot")
FAULT_S = 4.0  # seconds that a fault lasts
PAUSE_S = 3.0  # seconds between two
START_S = 120.0  # seconds until all of them record
LONGEST_MS = 2**50


def run() -> Iterator[dict[str, Any]]:
    """One line for each figure."""
    width, height = map(int, SIZE.split("x"))
    with ProcessPoolExecutor() as pool:  # before the clock of anything runs
        list(pool.map(load, [Plan(number + 1, width, height) for number in range(CAMERAS)]))
    with tempfile.TemporaryDirectory() as folder:
        yield from asyncio.run(_measure(Path(folder)))


async def _measure(folder: Path) -> list[dict[str, Any]]:
    kasa = CAMERAS // 2
    async with aiohttp.ClientSession() as http, street(folder, kasa, CAMERAS - kasa, size=SIZE) as cameras:
        hub = HubProcess(folder / "hub", http, history_window="30d")
        hub.write_config(cameras.cameras)
        await hub.start()
        try:
            await _until_all_record(hub)
            cpu_percent, memory_mib = await _watch(hub, cameras)
        finally:
            await hub.stop()
    well = [
        await _lost(hub.state, camera_id(camera["mac"])) for _, camera in _split(cameras.cameras, well=True)
    ]
    frames, lost = sum(one[0] for one in well), sum(one[1] for one in well)
    return [
        _line("cameras, of which misbehave", CAMERAS, f"and {len(_split(cameras.cameras, well=False))}"),
        _line("watched for", SECONDS, "s"),
        _line("frames of the well-behaved, decoded", frames, "frames"),
        _line("of them missing or repeated", lost, "frames"),
        _line("CPU for each camera, with motion detection", round(cpu_percent / CAMERAS, 3), "% of a core"),
        _line("memory of the hub for each camera", round(memory_mib / CAMERAS, 2), "MiB"),
    ]


async def _until_all_record(hub: HubProcess) -> None:
    end = time.monotonic() + START_S
    while not await hub.recording():
        if time.monotonic() > end:
            raise RuntimeError("not every camera records")
        await asyncio.sleep(1)


async def _watch(hub: HubProcess, cameras: Street) -> tuple[float, float]:
    """The hub's CPU (percent of a core) and memory (MiB) while a third of the cameras misbehaves."""
    if hub.child is None:
        raise RuntimeError("the hub does not run")
    process = psutil.Process(hub.child.process.pid)
    before, began = _cpu_s(process), time.monotonic()
    troubled = [number for number, _ in _split(cameras.cameras, well=False)]
    faults = itertools.cycle(FAULTS)
    while time.monotonic() - began < SECONDS:
        await asyncio.gather(
            *(
                cameras.fault(camera_id(cameras.cameras[number]["mac"]), next(faults), seconds=FAULT_S)
                for number in troubled
            )
        )
        await asyncio.sleep(FAULT_S + PAUSE_S)
    elapsed = time.monotonic() - began
    return 100 * (_cpu_s(process) - before) / elapsed, _own_mib(process)


def _split(cameras: Sequence[dict[str, Any]], *, well: bool) -> list[tuple[int, dict[str, Any]]]:
    return [(number, one) for number, one in enumerate(cameras) if (number % EVERY != 0) is well]


async def _lost(state: Path, camera: str) -> tuple[int, int]:
    """Frames of a camera that were decoded from its history, and how many are missing or come twice."""
    frames = lost = 0
    async with open_to_read(state) as history:
        segments = await history.segments(camera, 0, LONGEST_MS, None)
        runs = [list(group) for _, group in itertools.groupby(segments, key=lambda one: one.run_ms)]
        for run_of in runs:
            found = walk(frames_in(await _recording(history, run_of)))
            frames += found.frames
            lost += found.missing + found.repeated + found.unreadable
        lost += max(0, len(runs) - 1)  # a well-behaved camera has one unbroken run
    return frames, lost


async def _recording(history: Any, segments: Sequence[Segment]) -> bytes:
    first = segments[0]
    init: bytes = await history.read_init(first.camera, first.run_ms)
    return init + b"".join([await history.read_segment(segment) for segment in segments])


def _line(figure: str, value: float, unit: str) -> dict[str, Any]:
    return {"bench": "many", "figure": figure, "value": value, "unit": unit}
