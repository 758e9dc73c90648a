"""Measures uploading to the real cloud over TLS: how fast it catches up, and its memory at any backlog."""

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backsight_agent.adapters.keystore import Keystore
from backsight_agent.adapters.pairing import pair
from backsight_agent.adapters.store.files import Media
from backsight_agent.adapters.store.opening import open_store
from backsight_agent.adapters.store.schema import camera_of, number_of
from backsight_shared.clock import SystemClock
from stage.cloud import Cloud

CAMERAS = tuple(f"74fece0000{number:02x}" for number in range(4))
SEGMENT_MS = 10_000
SEGMENT_BYTES = 2_500_000  # ten seconds of 2 Mbit/s
SENT = 320  # segments in each round: 800 MB
BACKLOGS = (1_000, 100_000, 1_000_000)
EVENTS_EVERY = 20  # of so many segments one shows an event
WINDOWS = {"free": "60d", "plus": "60d", "premium": "60d"}
SCRIPTS = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class _Round:
    """What one uploader said."""

    to_first_put_s: float  # since its process began
    opened_s: float
    took_s: float
    segments: int
    size_bytes: int
    mib: float
    counted_ms: float
    looked_ms: float


def run() -> Iterator[dict[str, Any]]:
    """One line for each figure."""
    with tempfile.TemporaryDirectory() as name:
        rounds = asyncio.run(_rounds(Path(name)))
    for backlog, one in rounds.items():
        yield _line(f"catch-up, {backlog} waiting", one.segments / one.took_s, "segments/s")
        yield _line(f"catch-up, {backlog} waiting: bytes", one.size_bytes / one.took_s / 1e6, "MB/s")
    for backlog, one in rounds.items():
        yield _line(f"own memory while uploading, {backlog} waiting", one.mib, "MiB")
    growth = rounds[BACKLOGS[-1]].mib - rounds[BACKLOGS[0]].mib
    yield _line(f"memory's growth from {BACKLOGS[0]} to {BACKLOGS[-1]} waiting", growth, "MiB")
    for backlog, one in rounds.items():
        yield _line(f"count what waits, {backlog} waiting", one.counted_ms, "ms")
        yield _line(f"find the next 32 around the newest events, {backlog} waiting", one.looked_ms, "ms")
    for backlog, one in rounds.items():
        yield _line(f"process start to store open, {backlog} waiting", one.opened_s, "s")
        yield _line(f"process start to first put, {backlog} waiting", one.to_first_put_s, "s")


async def _rounds(folder: Path) -> dict[int, _Round]:
    cloud = Cloud(folder / "cloud", WINDOWS)
    cloud.write_config()
    await cloud.start()
    try:
        await cloud.add_owner()
        state = folder / "hub"
        code = await cloud.pairing_code()
        await pair(cloud.addresses["https"], code, "Bench", cloud.ca_file, Keystore(state), SystemClock())
        found = {}
        for number, backlog in enumerate(BACKLOGS):
            await _fill(state, backlog // len(CAMERAS), number)
            found[backlog] = await asyncio.to_thread(_round, state)
        return found
    finally:
        await cloud.stop()


async def _fill(state: Path, rows: int, number: int) -> None:
    """A store anew, with so many rows of each camera; files for those that are sent in this round."""
    shutil.rmtree(state / "media", ignore_errors=True)
    for file in state.glob("agent.db*"):
        file.unlink()
    async with open_store(state, SystemClock()):
        pass
    await asyncio.to_thread(_write, state, rows, number)


def _write(state: Path, rows: int, number: int) -> None:
    """Each round has moments of its own: nothing is in the cloud yet. Recovery looks at the future only."""
    now_ms = time.time_ns() // 1_000_000 // SEGMENT_MS * SEGMENT_MS + number
    starts = [now_ms - (rows - place) * SEGMENT_MS for place in range(rows)]
    media = Media(state / "media")
    with closing(sqlite3.connect(state / "agent.db")) as db, db:
        for camera in map(number_of, CAMERAS):
            init = media.init(camera_of(camera), starts[0])
            init.parent.mkdir(parents=True)
            init.write_bytes(bytes(1300))
            newest = "INSERT OR REPLACE INTO camera (camera, newest_ms) VALUES (?, ?)"
            db.execute(newest, (camera, now_ms + 86_400_000))
            db.execute("INSERT INTO run VALUES (?, ?, 'start', 1300, ?)", (camera, starts[0], rows))
            values = (
                (camera, start, start + SEGMENT_MS, starts[0], place, SEGMENT_BYTES)
                for place, start in enumerate(starts)
            )
            db.executemany("INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, 0, NULL)", values)
            _write_events(db, camera, starts)
    _link_files(media, starts, state / "segment")


def _write_events(db: sqlite3.Connection, camera: int, starts: list[int]) -> None:
    columns = "camera, start_ms, end_ms, kind, origin, score"
    values = ((camera, start + 4_000, start + 6_000) for start in starts[::EVENTS_EVERY])
    db.executemany(f"INSERT INTO event ({columns}) VALUES (?, ?, ?, 'motion', 'hub', 50)", values)


def _link_files(media: Media, starts: list[int], content: Path) -> None:
    """What is sent: the oldest, and what shows the newest events. One file under many names."""
    content.write_bytes(os.urandom(SEGMENT_BYTES))
    most = SENT + 64
    for camera in CAMERAS:
        for start in {*starts[:most], *starts[-most * EVENTS_EVERY // 3 :]}:
            path = media.segment(camera, start)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.hardlink_to(content)


def _round(state: Path) -> _Round:
    began = time.monotonic()
    with _uploader(state) as child:
        assert child.stdout is not None
        opened, done = json.loads(child.stdout.readline()), json.loads(child.stdout.readline())
    return _Round(
        done["first_put"] - began,
        opened["opened"] - began,
        done["took_s"],
        done["segments"],
        done["size_bytes"],
        done["mib"],
        opened["counted_ms"],
        opened["looked_ms"],
    )


@contextmanager
def _uploader(state: Path) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    command = [sys.executable, "-m", "benches._uploader", str(state), str(SENT), *CAMERAS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        try:
            yield child
        finally:
            child.terminate()
            child.wait(timeout=20)


def _line(figure: str, value: float, unit: str) -> dict[str, Any]:
    return {"bench": "upload", "figure": figure, "value": round(value, 3), "unit": unit}
