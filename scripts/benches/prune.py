"""Measures pruning: an idle pass, an hour overdue, and a window that shrinks from 30 days to 12 hours."""

import asyncio
import os
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from backsight_agent.adapters.store.files import Media
from backsight_agent.adapters.store.opening import Store, open_store
from backsight_agent.adapters.store.schema import camera_of, number_of
from backsight_agent.domain.holding import FixedWindows
from backsight_agent.domain.states import Board
from backsight_agent.tasks.prune import PruneHealth, Pruner
from backsight_shared.clock import SystemClock

SEGMENT_MS = 10_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
NOW_MS = 1_795_521_600_000
FILE_BYTES = 200  # unlinking does not depend on it much; a real one has 2.5 MB
IDLE_PASSES = 1000
REPEATS = 3  # the best counts: fsyncs of others disturb


def run() -> Iterator[dict[str, Any]]:
    """One line for each figure."""
    for rows in (10_000, 100_000, 1_000_000, 3_000_000):
        yield _line(f"idle pass, {rows} rows", asyncio.run(_idle(rows)) * 1000, "ms")
    hour = "one hour overdue, 4 cameras, 1000000 rows, files unlinked"
    for synced, name in ((False, hour), (True, f"{hour}, their blocks long on the disk")):
        took_s, bare_s = min(asyncio.run(_overdue(synced=synced)) for _ in range(REPEATS))
        peer = {"peer": "the bare unlinks", "ratio": round(took_s / bare_s, 2)}
        yield _line(name, took_s * 1000, "ms") | peer
    invisible_s, erased_s, gone_s = asyncio.run(_shrink())
    yield _line("30 d -> 12 h, 255,000 segments: invisible", invisible_s, "s")
    yield _line("30 d -> 12 h, 255,000 segments: rows erased", erased_s, "s")
    yield _line("30 d -> 12 h, 255,000 segments: files gone", gone_s, "s")


async def _idle(rows: int) -> float:
    """Seconds of one pass in which nothing has expired."""
    async with _filled(4, rows // 4) as (store, cameras, _):
        pruner = _pruner(store, cameras, rows // 4 * SEGMENT_MS + DAY_MS)
        await pruner.prune_once()
        started = time.perf_counter()
        for _ in range(IDLE_PASSES):
            await pruner.prune_once()
        return (time.perf_counter() - started) / IDLE_PASSES


async def _overdue(*, synced: bool) -> tuple[float, float]:
    """Seconds of a pass that erases an hour of each camera with its files; of unlinking as many, and no more.

    Unlinking is mostly the file system's own time: ten times more when blocks must be given back.
    """
    rows, hour = 250_000, HOUR_MS // SEGMENT_MS
    async with _filled(4, rows) as (store, cameras, media):
        paths = _make_hours(media, cameras, _starts(rows)[:hour], synced=synced)
        pruner = _pruner(store, cameras, (rows - hour) * SEGMENT_MS)
        started = time.perf_counter()
        await pruner.prune_once()
        took_s = time.perf_counter() - started
        assert not any(path.exists() for path in paths)
        _make_hours(media, cameras, _starts(rows)[:hour], synced=synced)
        started = time.perf_counter()
        for path in paths:
            path.unlink()
        return took_s, time.perf_counter() - started


def _make_hours(media: Media, cameras: list[str], starts: list[int], *, synced: bool) -> list[Path]:
    for camera in cameras:
        _make_files(media, camera, starts)
    if synced:
        os.sync()
    return [media.segment(camera, start) for camera in cameras for start in starts]


async def _shrink() -> tuple[float, float, float]:
    """Seconds until a reader sees nothing older (the mask), until the rows and until the files are gone."""
    rows = 255_000
    async with _filled(1, rows) as (store, cameras, media):
        _make_files(media, cameras[0], _starts(rows))
        os.sync()
        horizon = NOW_MS - DAY_MS // 2
        started = time.perf_counter()
        found = await store.history.segments(cameras[0], 0, NOW_MS, horizon)
        invisible_s = time.perf_counter() - started
        assert all(segment.end_ms > horizon for segment in found)
        await store.retention.erase_until(cameras[0], horizon, "plan_changed", NOW_MS)
        erased_s = time.perf_counter() - started
        await _pruner(store, cameras, DAY_MS // 2).prune_once()
        gone_s = time.perf_counter() - started
        assert len(list(media.root.rglob("*.m4s"))) == len(found)
        return invisible_s, erased_s, gone_s


class _Time:
    """Trusted, and standing still."""

    def __init__(self) -> None:
        self.changed, self.text = asyncio.Event(), ""

    def trusted_now_ms(self) -> int:
        return NOW_MS


def _pruner(store: Store, cameras: list[str], window_ms: int) -> Pruner:
    windows, board = FixedWindows(window_ms, cameras), Board(tuple(cameras), SystemClock())
    return Pruner(store.retention, windows, _Time(), board, PruneHealth())


@asynccontextmanager
async def _filled(cameras: int, rows: int) -> AsyncIterator[tuple[Store, list[str], Media]]:
    """A store with as many rows for each camera, the newest ending now; without files."""
    names = [f"74fece0000{number:02x}" for number in range(cameras)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with open_store(folder, SystemClock()):
            pass
        _fill(folder / "agent.db", names, rows)
        async with open_store(folder, SystemClock()) as store:
            yield store, names, Media(folder / "media")


def _starts(rows: int) -> list[int]:
    return [NOW_MS - (rows - number) * SEGMENT_MS for number in range(rows)]


def _fill(file: Path, cameras: list[str], rows: int) -> None:
    """Rows in bulk; recovery is told to look at the future only, for there are no files."""
    starts = _starts(rows)
    with closing(sqlite3.connect(file)) as db, db:
        for number in map(number_of, cameras):
            db.execute("INSERT INTO camera (camera, newest_ms) VALUES (?, ?)", (number, NOW_MS + DAY_MS))
            init = Media(file.parent / "media").init(camera_of(number), starts[0])
            init.parent.mkdir(parents=True)
            init.write_bytes(b"init")
            db.execute("INSERT INTO run VALUES (?, ?, 'start', 1300, ?)", (number, starts[0], rows))
            values = ((number, start, start + SEGMENT_MS, starts[0], at) for at, start in enumerate(starts))
            db.executemany("INSERT INTO segment VALUES (?, ?, ?, ?, ?, 2500000, 1, NULL)", values)


def _make_files(media: Media, camera: str, starts: list[int]) -> None:
    content = bytes(FILE_BYTES)
    folders = {media.segment(camera, start).parent for start in starts}
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    for start in starts:
        media.segment(camera, start).write_bytes(content)


def _line(figure: str, value: float, unit: str) -> dict[str, Any]:
    return {"bench": "prune", "figure": figure, "value": round(value, 4), "unit": unit}
