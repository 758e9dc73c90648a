"""Watches a house as its owner would, over both APIs: what came, what left, and when.

What was listed once was promised: it must be there until its window has passed its end, and never after.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import aiohttp

from faulting.findings import Findings
from faulting.rule import Steps, leaves_ms

EVERY_S = 0.25  # seconds between two looks
LATE_MS = 11_000  # a segment and a second
EARLY_MS = 1_000  # two processes' clocks, and the way of an answer
HALF_SPAN_MS = 12 * 3_600_000  # a day is asked for at once
PATIENCE_S = 3.0  # seconds for an answer, while a process may be dead

GetJson = Callable[..., Awaitable[Any]]
GetBytes = Callable[..., Awaitable[bytes]]


@dataclass
class Seen:
    """A segment that was listed."""

    start_ms: int
    end_ms: int
    run_ms: int
    first_ms: int
    last_ms: int
    gone_ms: int | None = None
    checksum: int | None = None  # of its bytes, once they were fetched


@dataclass
class View:
    """One side of one camera."""

    side: str
    camera: str
    base: str  # path of the camera in the API
    get_json: GetJson
    get_bytes: GetBytes
    steps: Steps
    findings: Findings
    plan: Callable[[], str]
    seen: dict[int, Seen] = field(default_factory=dict)
    down_until_ms: int = 0  # when it last did not answer
    also_around_ms: tuple[int, ...] = ()  # moments that a wrong clock showed
    excused: bool = False  # while the hub may not know the time, nothing is late

    async def watch(self, stop: asyncio.Event) -> None:
        """Look until told to stop, also at a side that is down."""
        while not stop.is_set():
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await self.look()
            except aiohttp.ClientResponseError as error:
                self._answered(error.status)
            except (aiohttp.ClientError, TimeoutError, FileNotFoundError, OSError):
                self.down_until_ms = _now_ms()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_S)

    def _answered(self, status: int) -> None:
        """An answer that is none: 503 is being away, everything else is a mistake."""
        self.down_until_ms = _now_ms()
        if status != 503:
            self._breaks("answers that are mistakes", f"status {status}")

    async def look(self) -> None:
        """One look at the list."""
        listed = {row["start_ms"]: row for row in await self.history()}
        now_ms = _now_ms()
        for start_ms, seen in self.seen.items():
            if start_ms in listed:
                self._still_there(seen, now_ms)
            elif seen.gone_ms is None:
                self._gone(seen, now_ms)
        for start_ms, row in listed.items():
            if start_ms not in self.seen:
                self.seen[start_ms] = Seen(start_ms, row["end_ms"], row["run_ms"], now_ms, now_ms)
                self.findings.add(f"segments seen on the {self.side}")

    async def history(self) -> list[dict[str, Any]]:
        """Everything that this side lists, however it is dated."""
        found = []
        for middle_ms in (_now_ms(), *self.also_around_ms):
            span = {"from": max(0, middle_ms - HALF_SPAN_MS), "to": middle_ms + HALF_SPAN_MS}
            found += (await self.get_json(f"{self.base}/history", **span))["segments"]
        return list({row["start_ms"]: row for row in found}.values())

    async def fetch(self, start_ms: int) -> bytes:
        """A segment's bytes."""
        return await self.get_bytes(f"{self.base}/segments/{start_ms}.m4s")

    async def init(self, run_ms: int) -> bytes:
        """A run's init."""
        return await self.get_bytes(f"{self.base}/runs/{run_ms}.mp4")

    def _still_there(self, seen: Seen, now_ms: int) -> None:
        if seen.gone_ms is not None:
            self._breaks("reappeared segments", f"{seen.start_ms}, gone at {seen.gone_ms}, is there again")
            seen.gone_ms = None
        late_ms = now_ms - max(leaves_ms(self.steps, seen.end_ms), self.down_until_ms)
        if late_ms > LATE_MS and not self.excused:
            self._breaks(
                "late deletions", f"{seen.start_ms}..{seen.end_ms} is listed {late_ms} ms past its moment"
            )
        seen.last_ms = now_ms

    def _gone(self, seen: Seen, now_ms: int) -> None:
        seen.gone_ms = now_ms
        early_ms = leaves_ms(self.steps, seen.end_ms) - now_ms
        if early_ms > EARLY_MS:
            self._breaks(
                "early deletions", f"{seen.start_ms}..{seen.end_ms} left {early_ms} ms before its moment"
            )

    def _breaks(self, promise: str, what: str) -> None:
        self.findings.breaks(promise, f"{self.side}, camera {self.camera}: {what}", self.plan())


@dataclass
class Watch:
    """All views of a house."""

    hub: dict[str, View]
    cloud: dict[str, View]

    async def watch(self, stop: asyncio.Event) -> None:
        """Look at everything until told to stop."""
        async with asyncio.TaskGroup() as eyes:
            for view in [*self.hub.values(), *self.cloud.values()]:
                eyes.create_task(view.watch(stop))

    def excuse(self, excused: bool) -> None:
        """Whether the hub may be in doubt about the time."""
        for view in self.hub.values():
            view.excused = excused
            view.down_until_ms = _now_ms()


def checksum(data: bytes) -> int:
    """Of a segment's bytes."""
    return crc32(data)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
