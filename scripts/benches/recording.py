"""Measures what recording one 1080p15 camera costs, from the wire to the fsynced and indexed segment.

The peer is ffmpeg, which copies the same C210's stream into 10 s files in the same seconds, without fsync and
without an index. Cameras, recorders and ffmpeg are processes of their own; each one's own CPU time counts.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil

from simcam.settings import Sound

SETTLE_S = 5.0  # until the first GOP is written and the imports are over
MEASURE_S = 30.0
SCRIPTS = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Cost:
    """What a process needed while it was watched."""

    cpu_percent: float  # of one core
    memory_mib: float  # own, at the end


def run() -> Iterator[dict[str, Any]]:
    """One line for each figure."""
    for sound, what, budget in ((Sound.OFF, "video only", 0.4), (Sound.ON, "with AAC", 1.0)):
        costs = _measure(sound)
        peer = costs.pop("ffmpeg")
        for name, (cost, growth_mib) in costs.items():
            compared = {"peer": "ffmpeg", "ratio": _ratio(cost, peer[0])} if name == "tapo" else {}
            yield _line(f"{name}, {what}: CPU (budget {budget})", cost.cpu_percent, "% of a core", **compared)
            yield _line(f"{name}, {what}: memory for the camera", growth_mib, "MiB")
        yield _line(f"ffmpeg on the tapo stream, {what}: CPU", peer[0].cpu_percent, "% of a core")
        yield _line(f"ffmpeg on the tapo stream, {what}: memory of the process", peer[0].memory_mib, "MiB")


def _measure(sound: Sound) -> dict[str, tuple[Cost, float]]:
    """Both families' recorders and ffmpeg at the same time; memory growth since before the camera."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        cameras = stack.enter_context(_cameras(sound))
        recorders = {
            camera["family"]: stack.enter_context(_recorder(camera, Path(folder) / camera["family"]))
            for camera in cameras
        }
        tapo = next(camera for camera in cameras if camera["family"] == "tapo")
        ffmpeg = stack.enter_context(_ffmpeg(tapo, Path(folder), sound))
        time.sleep(SETTLE_S)
        costs = _watch({**{name: child.pid for name, child in recorders.items()}, "ffmpeg": ffmpeg.pid})
        begun = {name: _memory_before(child) for name, child in recorders.items()}
    return {name: (cost, cost.memory_mib - begun.get(name, 0.0)) for name, cost in costs.items()}


def _watch(pids: dict[str, int]) -> dict[str, Cost]:
    processes = {name: psutil.Process(pid) for name, pid in pids.items()}
    before, began = {name: _cpu_s(process) for name, process in processes.items()}, time.monotonic()
    time.sleep(MEASURE_S)
    elapsed = time.monotonic() - began
    return {
        name: Cost(100 * (_cpu_s(process) - before[name]) / elapsed, _own_mib(process))
        for name, process in processes.items()
    }


def _cpu_s(process: psutil.Process) -> float:
    """From the scheduler, in nanoseconds: psutil's own figures come in ticks of 10 ms."""
    threads = Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def _own_mib(process: psutil.Process) -> float:
    memory = process.memory_info()
    return (memory.rss - memory.shared) / 1024**2


@contextmanager
def _cameras(sound: Sound) -> Iterator[list[dict[str, Any]]]:
    wanted = ["--kasa", "1", "--tapo", "1", "--rtsp-port", "8554", "--https-port", "8443", "--sound", sound]
    with _child([sys.executable, "-m", "simcam", "--json", *wanted]) as child:
        yield json.loads(_line_of(child))["cameras"]


@contextmanager
def _recorder(camera: dict[str, Any], folder: Path) -> Iterator[subprocess.Popen[str]]:
    folder.mkdir()
    with _child([sys.executable, "-m", "benches._recorder", json.dumps(camera), str(folder)]) as child:
        yield child


@contextmanager
def _ffmpeg(camera: dict[str, Any], folder: Path, sound: Sound) -> Iterator[subprocess.Popen[str]]:
    logins, ports = camera["logins"], camera["ports"]
    login = f"{quote(logins['camera_user'])}:{quote(logins['camera_password'])}"
    url = f"rtsp://{login}@{camera['address']}:{ports['rtsp']}/stream1"
    copy = ["-c:v", "copy", *(["-an"] if sound is Sound.OFF else ["-c:a", "aac"])]
    files = ["-f", "segment", "-segment_time", "10", "-reset_timestamps", "1", str(folder / "%d.mp4")]
    with _child(
        ["ffmpeg", "-loglevel", "error", "-rtsp_transport", "tcp", "-i", url, *copy, *files]
    ) as child:
        yield child


@contextmanager
def _child(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    folders = [str(SCRIPTS), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, env=environment
    ) as child:
        try:
            yield child
        finally:
            child.terminate()
            child.wait(timeout=20)


def _memory_before(child: subprocess.Popen[str]) -> float:
    """Its first line: the store was open, the camera not yet."""
    return float(json.loads(_line_of(child))["own_mib"])


def _line_of(child: subprocess.Popen[str]) -> str:
    if child.stdout is None or not (line := child.stdout.readline()):
        raise RuntimeError("a process of the measurement ended before it began")
    return line


def _ratio(ours: Cost, peer: Cost) -> float:
    return round(ours.cpu_percent / peer.cpu_percent, 2)


def _line(figure: str, value: float, unit: str, **compared: Any) -> dict[str, Any]:
    return {"bench": "recording", "figure": figure, "value": round(value, 3), "unit": unit, **compared}
