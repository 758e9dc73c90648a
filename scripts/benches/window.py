"""Measures how exactly the hub keeps a window: what is kept too long, and what is gone too soon.

The real store and the real pruner, in real time, with a window of a few seconds and segments of one second.
"""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backsight_agent.adapters.store.files import Media
from backsight_agent.adapters.store.opening import Store, open_store
from backsight_agent.domain.holding import FixedWindows
from backsight_agent.domain.states import Board
from backsight_agent.domain.trusted_time import TrustedTime
from backsight_agent.tasks.prune import prune_forever
from backsight_shared.clock import SystemClock
from backsight_shared.segment import Run, Segment

CAMERAS = 8
WINDOW_MS = 5_000
INIT, FRAGMENT = bytes(1300), bytes(250_000)  # what is in them does not matter here
LOOK_S = 0.02  # seconds between two looks: how finely this can measure


@dataclass
class Seen:
    """What the looks found, in milliseconds."""

    late_rows_ms: int = 0  # listed after its end left the window
    late_files_ms: int = 0  # its file was still there then
    early_ms: int = 0  # not listed, or without its file, while it should be
    segments: dict[tuple[str, int], Segment] = field(default_factory=dict)


def run() -> Iterator[dict[str, Any]]:
    """One line for each figure."""
    seconds = float(os.environ.get("BACKSIGHT_SECONDS", "30"))
    seen = asyncio.run(_measure(seconds))
    yield _line("segments watched", len(seen.segments), "")
    yield _line("footage listed past its window", seen.late_rows_ms / 1000, "s")
    yield _line("footage's file there past its window", seen.late_files_ms / 1000, "s")
    yield _line("footage deleted inside its window", seen.early_ms / 1000, "s")


async def _measure(seconds: float) -> Seen:
    clock, cameras = SystemClock(), [f"74fece0000{number:02x}" for number in range(CAMERAS)]
    windows, board, seen = FixedWindows(WINDOW_MS, cameras), Board(tuple(cameras), clock), Seen()
    time = TrustedTime(clock, lambda: True)
    with tempfile.TemporaryDirectory() as folder:
        async with open_store(Path(folder), clock) as store, asyncio.TaskGroup() as group:
            tasks = [group.create_task(prune_forever(store.retention, windows, time, board, clock))]
            tasks += [group.create_task(_record(store, camera, seen)) for camera in cameras]
            tasks.append(group.create_task(_look(store, Media(Path(folder) / "media"), seen)))
            await asyncio.sleep(seconds)
            for task in tasks:
                task.cancel()
    return seen


async def _record(store: Store, camera: str, seen: Seen) -> None:
    run = Run(camera, SystemClock().now_ms())
    await store.recordings.begin_run(run, INIT)
    for sequence in range(1_000_000):
        start_ms = run.run_ms + sequence * 1000
        file = await store.recordings.begin_segment(run, sequence, start_ms)
        await file.append(FRAGMENT)
        await asyncio.sleep(max(0.0, (start_ms + 1000 - SystemClock().now_ms()) / 1000))
        segment = await file.finish(start_ms + 1000)
        seen.segments[camera, start_ms] = segment


async def _look(store: Store, media: Media, seen: Seen) -> None:
    while True:
        for camera in {camera for camera, _ in seen.segments}:
            before_ms = SystemClock().now_ms()
            listed = {one.start_ms for one in await store.history.segments(camera, 0, 2**50, None)}
            for (owner, start_ms), segment in list(seen.segments.items()):
                if owner == camera:
                    _judge(segment, start_ms in listed, media, before_ms, seen)
        with suppress(TimeoutError):
            await asyncio.sleep(LOOK_S)


def _judge(segment: Segment, listed: bool, media: Media, before_ms: int, seen: Seen) -> None:
    expires_ms, now_ms = segment.end_ms + WINDOW_MS, SystemClock().now_ms()
    there = media.segment(segment.camera, segment.start_ms).exists()
    if now_ms < expires_ms and not (listed and there):
        seen.early_ms = max(seen.early_ms, expires_ms - now_ms)
    if listed and before_ms > expires_ms:
        seen.late_rows_ms = max(seen.late_rows_ms, before_ms - expires_ms)
    if there and now_ms > expires_ms:
        seen.late_files_ms = max(seen.late_files_ms, now_ms - expires_ms)


def _line(figure: str, value: float, unit: str) -> dict[str, Any]:
    return {"bench": "window", "figure": figure, "value": round(value, 3), "unit": unit}
