"""Recordings in memory: keeps what a store keeps, refuses what it refuses, fails when told to."""

import asyncio
from dataclasses import dataclass, field

from backsight_agent.domain.anchoring import Undated
from backsight_agent.ports import MomentTaken
from backsight_shared.segment import Run, Segment


@dataclass
class FakeRecordings:
    """`fails_with` is raised by every call while it is set; appends hang while `hang` is cleared."""

    runs: dict[int, tuple[Run, bytes]] = field(default_factory=dict)
    segments: list[tuple[Segment, bytes]] = field(default_factory=list)
    undated: dict[int, Undated] = field(default_factory=dict)
    abandoned: list[tuple[int, bytes]] = field(default_factory=list)
    earlier_end_ms: int | None = None  # of what was recorded before this start of the hub
    fails_with: Exception | None = None
    fails_to_finish: Exception | None = None
    hang: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.hang.set()

    async def begin_run(self, run: Run, init: bytes, undated: Undated | None = None) -> None:
        self.check()
        if run.run_ms in self.runs:
            raise MomentTaken(f"run {run.run_ms} is there already")
        self.runs[run.run_ms] = (run, init)
        if undated is not None:
            self.undated[run.run_ms] = undated

    async def begin_segment(self, run: Run, sequence: int, start_ms: int) -> "FakeSegmentFile":
        self.check()
        if any(segment.start_ms == start_ms for segment, _ in self.segments):
            raise MomentTaken(f"segment {start_ms} is there already")
        return FakeSegmentFile(self, run, sequence, start_ms)

    async def last_end_ms(self, camera: str) -> int | None:
        self.check()
        return max([segment.end_ms for segment, _ in self.segments], default=self.earlier_end_ms)

    def check(self) -> None:
        if self.fails_with:
            raise self.fails_with

    @property
    def afters(self) -> list[str]:
        """Why there was a gap in front of each run."""
        return [run.after for run, _ in self.runs.values()]

    def clips(self) -> list[bytes]:
        """A playable file for each run that has segments."""
        return [
            init + b"".join(data for segment, data in self.segments if segment.run_ms == run.run_ms)
            for run, init in self.runs.values()
            if any(segment.run_ms == run.run_ms for segment, _ in self.segments)
        ]

    async def until(self, segments: int = 0, runs: int = 0, seconds: float = 20) -> None:
        """Wait for that many finished segments and begun runs."""
        async with asyncio.timeout(seconds):
            while len(self.segments) < segments or len(self.runs) < runs:
                self.changed.clear()
                await self.changed.wait()


class FakeSegmentFile:
    """A segment that is being written; whole fragments only."""

    def __init__(self, store: FakeRecordings, run: Run, sequence: int, start_ms: int) -> None:
        self._store = store
        self._run = run
        self._sequence = sequence
        self._start_ms = start_ms
        self._fragments: list[bytes] = []
        self._open = True

    async def append(self, fragment: bytes) -> None:
        await self._store.hang.wait()
        self._store.check()
        assert self._open
        self._fragments.append(fragment)
        self._store.changed.set()

    async def finish(self, end_ms: int) -> Segment:
        self._store.check()
        if self._store.fails_to_finish:
            await self.abandon()  # as a store leaves it for later
            raise self._store.fails_to_finish
        assert self._open
        self._open = False
        data = b"".join(self._fragments)
        segment = Segment(
            self._run.camera, self._start_ms, end_ms, self._run.run_ms, self._sequence, len(data)
        )
        self._store.segments.append((segment, data))
        self._store.changed.set()
        return segment

    async def abandon(self) -> None:
        self._open = False
        self._store.abandoned.append((self._start_ms, b"".join(self._fragments)))
