"""Writes down what the product promised, at the moment when it did: one JSON line for each acknowledged step.

A line is one write to a file outside of everything that is broken on purpose, so that a killed process leaves
whole lines only. What is said *before* a step is called with the word in -ing, what holds *since* with the
past: `erasing`, `erased`.
"""

import json
import os
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from zlib import crc32

from backsight_agent.domain.media import Gop, VideoUnit
from backsight_agent.ports import Erased, Muxer, MuxerFactory, Recordings, Retention, SegmentFile
from backsight_shared.segment import Run, Segment
from faulting.film_source import index_of
from faulting.times import Pace

REMEMBERED = 500  # fragments between the muxer and the disk


class Teller:
    """The promise log of one life."""

    def __init__(self, path: Path, pace: Pace, life: int) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._pace, self._life = pace, life

    def say(self, word: str, **facts: Any) -> None:
        """One line."""
        line = {"life": self._life, "at": self._pace.now_ms(), "word": word, **facts}
        os.write(self._file, json.dumps(line).encode() + b"\n")


class Frames:
    """Which frames are in a fragment, from the muxer that made it to the file that takes it."""

    def __init__(self, late_ms: Callable[[int, int], int]) -> None:
        self._of: OrderedDict[bytes, tuple[int, int]] = OrderedDict()
        self.late_ms = late_ms  # of so many frames from the first on

    def made(self, fragment: bytes, gop: Gop) -> None:
        """Remember a fragment: it may be written more than once, when the disk refuses it."""
        self._of[fragment] = (index_of(gop.video[0].pts_us), len(gop.video))
        if len(self._of) > REMEMBERED:
            self._of.popitem(last=False)

    def written(self, fragment: bytes) -> tuple[int, int]:
        """First frame and how many."""
        return self._of[fragment]


class TellingMuxers:
    """Implements MuxerFactory."""

    def __init__(self, muxers: MuxerFactory, frames: Frames) -> None:
        self._muxers, self._frames = muxers, frames

    @asynccontextmanager
    async def open(self, first: Gop) -> AsyncIterator["TellingMuxer"]:
        async with self._muxers.open(first) as muxer:
            yield TellingMuxer(muxer, self._frames)


class TellingMuxer:
    """Implements Muxer."""

    def __init__(self, muxer: Muxer, frames: Frames) -> None:
        self._muxer, self._frames = muxer, frames

    async def write(self, gop: Gop, following: VideoUnit | None) -> bytes:
        fragment = await self._muxer.write(gop, following)
        self._frames.made(fragment, gop)
        return fragment

    @property
    def init(self) -> bytes:
        return self._muxer.init


class TellingRecordings:
    """Implements Recordings; what it does not know goes to the store itself."""

    def __init__(self, recordings: Recordings, frames: Frames, teller: Teller) -> None:
        self._recordings, self._frames, self._teller = recordings, frames, teller

    def __getattr__(self, name: str) -> Any:
        return getattr(self._recordings, name)

    async def begin_run(self, run: Run, init: bytes, *more: Any, **named: Any) -> None:
        await self._recordings.begin_run(run, init, *more, **named)
        self._teller.say("run", camera=run.camera, run_ms=run.run_ms)

    async def begin_segment(self, run: Run, sequence: int, start_ms: int, *more: Any) -> "TellingFile":
        file = await self._recordings.begin_segment(run, sequence, start_ms, *more)
        return TellingFile(file, run.camera, start_ms, self._frames, self._teller)


class TellingFile:
    """Implements SegmentFile. The sum is over the fragments, without the header that the store puts first."""

    def __init__(self, file: SegmentFile, camera: str, start_ms: int, frames: Frames, teller: Teller) -> None:
        self._file, self._frames, self._teller = file, frames, teller
        self._place = {"camera": camera, "start_ms": start_ms}
        self._sum = self._size = 0

    async def append(self, fragment: bytes) -> None:
        first, count = self._frames.written(fragment)
        await self._file.append(fragment)
        self._sum, self._size = crc32(fragment, self._sum), self._size + len(fragment)
        late_ms = self._frames.late_ms(first, count)
        said = {"first": first, "count": count, "sum": self._sum, "size": self._size, "late_ms": late_ms}
        self._teller.say("fragment", **self._place, **said)

    async def finish(self, end_ms: int) -> Segment:
        segment = await self._file.finish(end_ms)
        self._teller.say(
            "finished",
            **self._place,
            end_ms=segment.end_ms,
            run_ms=segment.run_ms,
            size_bytes=segment.size_bytes,
        )
        return segment

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    async def abandon(self) -> None:
        await self._file.abandon()
        self._teller.say("abandoned", **self._place)


class TellingRetention:
    """Implements Retention."""

    def __init__(self, retention: Retention, teller: Teller) -> None:
        self._retention, self._teller = retention, teller

    def __getattr__(self, name: str) -> Any:
        return getattr(self._retention, name)

    async def erase_until(self, camera: str, horizon_ms: int, reason: str, now_ms: int, *more: Any) -> Erased:
        self._teller.say("erasing", camera=camera, horizon_ms=horizon_ms, now_ms=now_ms)
        erased = await self._retention.erase_until(camera, horizon_ms, reason, now_ms, *more)
        self._teller.say("erased", camera=camera, horizon_ms=horizon_ms, count=erased.count)
        return erased

    async def erase_span(self, camera: str, from_ms: int, to_ms: int, reason: str, now_ms: int) -> Erased:
        span = {"camera": camera, "from_ms": from_ms, "to_ms": to_ms}
        self._teller.say("owner_erasing", **span)
        erased = await self._retention.erase_span(camera, from_ms, to_ms, reason, now_ms)
        self._teller.say("owner_erased", **span, count=erased.count)
        return erased

    async def sweep(self, limit: int) -> int:
        left = await self._retention.sweep(limit)
        self._teller.say("swept", left=left)
        return left


class TellingBacklog:
    """Implements Backlog; tells what is known to be in the cloud."""

    def __init__(self, backlog: Any, teller: Teller, step: Callable[[str], None]) -> None:
        self._backlog, self._teller, self._step = backlog, teller, step

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backlog, name)

    async def mark_uploaded(self, segments: Sequence[Segment], *more: Any) -> None:
        self._step("marking uploaded")
        self._teller.say("uploaded", segments=[(one.camera, one.start_ms) for one in segments])
        await self._backlog.mark_uploaded(segments, *more)
        self._step("marked uploaded")

    async def mark_refused(self, segment: Segment, reason: str) -> None:
        self._teller.say("refused", camera=segment.camera, start_ms=segment.start_ms, reason=reason)
        await self._backlog.mark_refused(segment, reason)


class SteppingCloud:
    """Implements CloudApi: each call is a step before and a step after."""

    def __init__(self, cloud: Any, step: Callable[[str], None]) -> None:
        self._cloud, self._step = cloud, step

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._cloud, name)

        async def stepping(*given: Any, **named: Any) -> Any:
            self._step(f"cloud: {name}")
            answer = await call(*given, **named)
            self._step(f"cloud: {name} answered")
            return answer

        return stepping
