"""Looks at one camera's history again and again, and notes when each segment came and went."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

EVERY_S = 0.2  # seconds between two looks: the resolution of every figure made from them

GetJson = Callable[..., Awaitable[Any]]
GetBytes = Callable[..., Awaitable[bytes]]


@dataclass
class Sighting:
    """One segment, as seen from outside."""

    start_ms: int
    end_ms: int
    run_ms: int
    sequence: int
    seen_ms: int  # listed and its bytes fetched for the first time
    data: bytes
    last_listed_ms: int = 0
    gone_ms: int | None = None  # the first look at which it was not listed any more


@dataclass
class Lookout:
    """A side (hub or cloud) of one camera, kept under watch."""

    side: str
    camera: str
    history_path: str
    segment_path: str  # with {start}
    get_json: GetJson
    get_bytes: GetBytes
    sightings: dict[int, Sighting] = field(default_factory=dict)
    inits: dict[int, bytes] = field(default_factory=dict)
    looks: int = 0

    async def watch(self, stop: asyncio.Event) -> None:
        """Look until told to stop, also at a side that does not answer: it may be down on purpose."""
        while not stop.is_set():
            with suppress(aiohttp.ClientConnectionError, TimeoutError, FileNotFoundError):
                await self.look()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_S)

    async def look(self) -> None:
        """One look."""
        answer = await self.history()
        at_ms = now_ms()
        listed = {segment["start_ms"]: segment for segment in answer["segments"]}
        for start_ms, sighting in self.sightings.items():
            if start_ms in listed:
                sighting.last_listed_ms = at_ms
                sighting.gone_ms = None
            elif sighting.gone_ms is None:
                sighting.gone_ms = at_ms
        for start_ms, segment in listed.items():
            if start_ms not in self.sightings:
                await self._meet(segment)
        self.looks += 1

    async def history(self) -> Any:
        """What this side lists of the last hour."""
        return await self.get_json(self.history_path, **last_hour())

    def listed(self) -> list[Sighting]:
        """What is in the history as of the last look, in order."""
        return sorted(
            (seen for seen in self.sightings.values() if seen.gone_ms is None), key=lambda seen: seen.start_ms
        )

    async def _meet(self, segment: dict[str, Any]) -> None:
        run_ms, start_ms = segment["run_ms"], segment["start_ms"]
        if run_ms not in self.inits:
            runs = self.segment_path.rsplit("/", 2)[0]
            self.inits[run_ms] = await self.get_bytes(f"{runs}/runs/{run_ms}.mp4")
        data = await self.get_bytes(self.segment_path.format(start=start_ms))
        at_ms = now_ms()
        self.sightings[start_ms] = Sighting(
            start_ms, segment["end_ms"], run_ms, segment["sequence"], at_ms, data, last_listed_ms=at_ms
        )


def last_hour() -> dict[str, int]:
    """The span that is asked for: nothing here is older."""
    at_ms = now_ms()
    return {"from": at_ms - 3_600_000, "to": at_ms + 60_000}


def now_ms() -> int:
    """Wall time, UTC milliseconds."""
    return time.time_ns() // 1_000_000
