"""Measures the cloud's pruning: idle at a million rows, a window that shrinks, an owner who erases all."""

import asyncio
import os
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.adapters.objects import FolderObjects
from backsight_cloud.domain.keys import segment_key
from backsight_cloud.domain.records import Account, Camera, Hub
from backsight_cloud.ports import Database
from backsight_cloud.services.erasing import OwnersErasing
from backsight_cloud.services.playback import Playback
from backsight_cloud.services.pruning import PruneHealth, Pruner
from backsight_cloud.services.wakes import Wakes
from backsight_shared.clock import SystemClock
from backsight_shared.erased import Wanted
from backsight_shared.window import WindowStep

SEGMENT_MS = 10_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
ACCOUNT, HUB = "account", "hub"
IDLE_PASSES = 200
LOOKS = 20
SHRUNK_ROWS = 255_000
FILE_BYTES = 200  # deleting does not depend on it much; a real one has 2.5 MB


def run() -> Iterator[dict[str, Any]]:
    """One line for each figure."""
    pass_s, look_s = asyncio.run(_idle(1_000_000, cameras=4))
    yield _line("idle pass, 1000000 rows, 4 cameras", pass_s * 1000, "ms")
    yield _line("look at everything (each 30 s), 1000000 rows, 4 cameras", look_s * 1000, "ms")
    _, look_s = asyncio.run(_idle(1_000_000, cameras=2000))
    yield _line("look at everything (each 30 s), 1000000 rows, 2000 cameras", look_s * 1000, "ms")
    figures = asyncio.run(_shrink())
    for what, seconds in figures.items():
        yield _line(f"30 d -> 12 h, 255,000 segments: {what}", seconds, "s")
    for what, seconds in asyncio.run(_erase()).items():
        yield _line(f"owner erases everything, 255,000 segments: {what}", seconds, "s")


async def _erase() -> dict[str, float]:
    """Seconds until an owner knows what would go, and until nobody sees it any more."""
    async with _filled(SHRUNK_ROWS, 1) as (database, _, _):
        erasing = OwnersErasing(database, b"key", Wakes(), SystemClock())
        started = time.perf_counter()
        preview = await erasing.preview(ACCOUNT, _camera(0), Wanted())
        previewed = time.perf_counter()
        await erasing.erase(ACCOUNT, _camera(0), Wanted(), preview.confirm)
        return {"preview": previewed - started, "gone for every reader": time.perf_counter() - previewed}


async def _idle(rows: int, cameras: int) -> tuple[float, float]:
    """Seconds of a pass in which nothing has expired, and of one that reads all cameras anew."""
    async with _filled(rows, cameras) as (database, objects, _):
        pruner = Pruner(database, objects, Wakes(), SystemClock(), PruneHealth())
        await pruner.once(look=True)
        started = time.perf_counter()
        for _ in range(IDLE_PASSES):
            await pruner.once(look=False)
        passes = time.perf_counter()
        for _ in range(LOOKS):
            await pruner.once(look=True)
        return (passes - started) / IDLE_PASSES, (time.perf_counter() - passes) / LOOKS


async def _shrink() -> dict[str, float]:
    """Seconds from the plan change until the owner sees no more, and until rows and objects are gone."""
    async with _filled(SHRUNK_ROWS, 1) as (database, objects, media):
        camera = _camera(0)
        _make_files(media, SHRUNK_ROWS)
        playback, wakes, clock = Playback(database, objects, SystemClock()), Wakes(), SystemClock()
        pruning = asyncio.create_task(Pruner(database, objects, wakes, clock, PruneHealth()).run())
        await asyncio.sleep(1)
        started = time.perf_counter()
        async with database.begin() as tx:
            steps = await tx.cameras.steps(camera)
            await tx.cameras.replace_steps(camera, (*steps, WindowStep(clock.now_ms(), 12 * HOUR_MS)))
        wakes.prune.set()
        span = (await playback.camera(ACCOUNT, camera)).span
        invisible = time.perf_counter() - started
        assert span is not None
        assert clock.now_ms() - span[0] < 12 * HOUR_MS + 60_000
        slowest = await _write_until_erased(database, camera)
        erased = time.perf_counter() - started
        await _until_no_garbage(database)
        gone = time.perf_counter() - started
        pruning.cancel()
        await asyncio.gather(pruning, return_exceptions=True)
        return {
            "invisible": invisible,
            "rows erased": erased,
            "objects gone": gone,
            "slowest other writer": slowest,
        }


async def _write_until_erased(database: Database, camera: str) -> float:
    """Write beside the pruner until the old rows are gone; the slowest of these transactions, in seconds."""
    slowest, oldest = 0.0, 0
    while oldest < time.time() * 1000 - 13 * HOUR_MS:
        started = time.perf_counter()
        async with database.begin() as tx:
            await tx.hubs.set_status(HUB, "{}", 0)
            oldest = await tx.footage.oldest_end_ms(camera) or 0
        slowest = max(slowest, time.perf_counter() - started)
        await asyncio.sleep(0.01)
    return slowest


async def _until_no_garbage(database: Database) -> None:
    while True:
        async with database.read() as tx:
            if not await tx.footage.garbage(1):
                return
        await asyncio.sleep(0.05)


@asynccontextmanager
async def _filled(rows: int, cameras: int) -> AsyncIterator[tuple[Database, FolderObjects, Path]]:
    """A database whose cameras have recorded without a break until now, and an empty media folder."""
    with tempfile.TemporaryDirectory() as name:
        folder, clock = Path(name), SystemClock()
        async with open_database(f"sqlite+aiosqlite:///{folder}/cloud.db") as database:
            await _move_in(database, cameras)
            _insert(folder / "cloud.db", rows // cameras, cameras)
            yield database, FolderObjects(folder / "media", b"key", clock), folder / "media"


async def _move_in(database: Database, cameras: int) -> None:
    async with database.begin() as tx:
        await tx.people.add_account(Account(ACCOUNT, "a@example.org", "", "UTC", 0))
        await tx.hubs.add_hub(Hub(HUB, ACCOUNT, "Hub", "", 0))
        for number in range(cameras):
            camera = Camera(_camera(number), ACCOUNT, HUB, "", "", "", "", "premium", "all", number)
            await tx.cameras.bind(camera, [WindowStep(0, 30 * DAY_MS)])


def _insert(file: Path, each: int, cameras: int) -> None:
    with closing(sqlite3.connect(file)) as raw:
        for number in range(cameras):
            camera, first = _camera(number), _first_ms(each)
            raw.execute("INSERT INTO run VALUES (?, ?, ?, 'start', 1, ?)", (camera, first, ACCOUNT, first))
            starts = range(first, first + each * SEGMENT_MS, SEGMENT_MS)
            raw.executemany(
                "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, ?)",
                ((camera, at, at + SEGMENT_MS, first, n, FILE_BYTES, ACCOUNT) for n, at in enumerate(starts)),
            )
        raw.commit()


def _make_files(media: Path, rows: int) -> None:
    first = _first_ms(rows)
    for number in range(rows):
        path = media / segment_key(ACCOUNT, _camera(0), first + number * SEGMENT_MS)
        if number % 1000 == 0:
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.write_bytes(b"s" * FILE_BYTES)
        except FileNotFoundError:
            path.parent.mkdir(parents=True)
            path.write_bytes(b"s" * FILE_BYTES)
    os.sync()


def _first_ms(each: int) -> int:
    """Recorded until a minute ago, on whole segments, and never more than 30 days."""
    return (int(time.time() * 1000) - 60_000) // SEGMENT_MS * SEGMENT_MS - each * SEGMENT_MS


def _camera(number: int) -> str:
    return f"{number:012x}"


def _line(figure: str, value: float, unit: str) -> dict[str, Any]:
    return {"bench": "cloud_prune", "figure": figure, "value": round(value, 4), "unit": unit}
