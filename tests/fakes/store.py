"""A hub's store in memory, with the same rules as the real one: for tests of those who use a store."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from backsight_agent.domain.boxes import HEADER_BYTES, SegmentHeader, make_header
from backsight_agent.domain.ledger import Erasure, merged
from backsight_agent.ports import Erased, Gap, SegmentFile, StoreFailed
from backsight_shared.event import Event
from backsight_shared.segment import Run, Segment

Key = tuple[str, int]


@dataclass
class State:
    """What the sides share."""

    runs: dict[Key, Run] = field(default_factory=dict)
    inits: dict[Key, bytes] = field(default_factory=dict)
    current: dict[str, int] = field(default_factory=dict)
    segments: dict[Key, Segment] = field(default_factory=dict)
    files: dict[Key, bytes] = field(default_factory=dict)
    open: set[Key] = field(default_factory=set)
    uploaded: set[Key] = field(default_factory=set)
    refused: dict[Key, str] = field(default_factory=dict)
    garbage: list[tuple[str, Key]] = field(default_factory=list)
    unlinkable: set[Key] = field(default_factory=set)  # a test says which files will not go
    reached: dict[str, int] = field(default_factory=dict)
    ledger: list[Erasure] = field(default_factory=list)
    events: dict[tuple[str, int, str, str], Event] = field(default_factory=dict)
    sent: set[Event] = field(default_factory=set)
    noted: asyncio.Event = field(default_factory=asyncio.Event)
    added: asyncio.Event = field(default_factory=asyncio.Event)
    fails_with: Exception | None = None  # raised by every write and every erasing

    def of(self, camera: str) -> list[Segment]:
        return sorted(segment for (owner, _), segment in self.segments.items() if owner == camera)

    def check(self) -> None:
        if self.fails_with is not None:
            raise self.fails_with


class FakeStore:
    """The sides of one state."""

    def __init__(self) -> None:
        self.state = State()
        self.recordings = FakeRecordings(self.state)
        self.retention = FakeRetention(self.state)
        self.backlog = FakeBacklog(self.state)
        self.history = FakeHistory(self.state)
        self.events = FakeEvents(self.state)


class FakeRecordings:
    def __init__(self, state: State) -> None:
        self._state = state

    async def begin_run(self, run: Run, init: bytes) -> None:
        self._state.check()
        key = (run.camera, run.run_ms)
        if key in self._state.runs:
            raise StoreFailed(f"camera {run.camera} has a run at {run.run_ms} already")
        self._state.runs[key], self._state.inits[key] = run, init
        self._state.current[run.camera] = run.run_ms

    async def begin_segment(self, run: Run, sequence: int, start_ms: int) -> SegmentFile:
        self._state.check()
        key = (run.camera, start_ms)
        if key in self._state.segments or key in self._state.files:
            raise StoreFailed(f"camera {run.camera} has a segment at {start_ms} already")
        self._state.open.add(key)
        return FakeSegmentFile(self._state, SegmentHeader(run.camera, run.run_ms, start_ms, sequence))

    async def last_end_ms(self, camera: str) -> int | None:
        return max((segment.end_ms for segment in self._state.of(camera)), default=None)


class FakeSegmentFile:
    def __init__(self, state: State, header: SegmentHeader) -> None:
        self._state, self._header = state, header
        self._data: bytearray | None = bytearray(make_header(header))

    async def append(self, fragment: bytes) -> None:
        self._state.check()
        self._open().extend(fragment)

    async def finish(self, end_ms: int) -> Segment:
        self._state.check()
        header, data = self._header, bytes(self._open())
        segment = Segment(
            header.camera,
            header.start_ms,
            end_ms,
            header.run_ms,
            header.sequence,
            max(len(data), HEADER_BYTES),
        )
        self._state.segments[header.camera, header.start_ms] = segment
        self._state.files[header.camera, header.start_ms] = data
        self._state.added.set()
        self._close()
        return segment

    async def abandon(self) -> None:
        self._close()

    def _open(self) -> bytearray:
        if self._data is None:
            raise StoreFailed("the segment is closed")
        return self._data

    def _close(self) -> None:
        self._data = None
        self._state.open.discard((self._header.camera, self._header.start_ms))


class FakeRetention:
    def __init__(self, state: State) -> None:
        self._state = state
        self.fails_for: dict[str, Exception] = {}  # by camera: raised when it is erased

    async def cameras(self) -> Sequence[str]:
        return sorted({camera for camera, _ in self._state.segments})

    async def oldest_end_ms(self, camera: str) -> int | None:
        return min((segment.end_ms for segment in self._state.of(camera)), default=None)

    async def reached_ms(self, camera: str) -> int | None:
        return self._state.reached.get(camera)

    async def erase_until(self, camera: str, horizon_ms: int, reason: str, now_ms: int) -> Erased:
        self._state.check()
        if camera in self.fails_for:
            raise self.fails_for[camera]
        state = self._state
        state.reached[camera] = max(horizon_ms, state.reached.get(camera, horizon_ms))
        gone = [segment for segment in state.of(camera) if segment.end_ms <= horizon_ms]
        for segment in gone:
            del state.segments[camera, segment.start_ms]
            state.garbage.append(("segment", (camera, segment.start_ms)))
        state.events = {
            key: one for key, one in state.events.items() if one.camera != camera or one.end_ms > horizon_ms
        }
        self._drop_empty_runs(camera)
        if not gone:
            return Erased()
        self._note(camera, reason, now_ms, gone)
        return Erased(len(gone), sum(segment.size_bytes for segment in gone))

    async def sweep(self, limit: int) -> int:
        state = self._state
        swept = [item for item in state.garbage if item[1] not in state.unlinkable][:limit]
        for kind, key in swept:
            (state.files if kind == "segment" else state.inits).pop(key, None)
            state.garbage.remove((kind, key))
        return len(state.garbage)

    def _drop_empty_runs(self, camera: str) -> None:
        state = self._state
        used = {segment.run_ms for segment in state.of(camera)} | {state.current.get(camera, -1)}
        for key in [key for key in state.runs if key[0] == camera and key[1] not in used]:
            del state.runs[key]
            state.garbage.append(("init", key))

    def _note(self, camera: str, reason: str, now_ms: int, gone: list[Segment]) -> None:
        size, ledger = sum(segment.size_bytes for segment in gone), self._state.ledger
        start, end = min(s.start_ms for s in gone), max(s.end_ms for s in gone)
        line = Erasure(camera, reason, now_ms, now_ms, start, end, len(gone), size)
        last = next((place for place in reversed(range(len(ledger))) if ledger[place].camera == camera), None)
        joined = None if last is None else merged(ledger[last], line)
        if last is None or joined is None:
            ledger.append(line)
        else:
            ledger[last] = joined


class FakeBacklog:
    def __init__(self, state: State) -> None:
        self._state = state

    @property
    def added(self) -> asyncio.Event:
        return self._state.added

    async def oldest(self, camera: str, limit: int) -> Sequence[Segment]:
        return [segment for segment in self._state.of(camera) if self._waits(segment)][:limit]

    async def oldest_of_events(self, camera: str, pre_ms: int, post_ms: int, limit: int) -> Sequence[Segment]:
        events = [event for event in self._state.events.values() if event.camera == camera]
        waiting = await self.oldest(camera, len(self._state.segments))
        return [
            segment
            for segment in waiting
            if any(
                segment.end_ms > event.start_ms - pre_ms and segment.start_ms < event.end_ms + post_ms
                for event in events
            )
        ][:limit]

    async def runs_of(self, segments: Sequence[Segment]) -> Sequence[tuple[Run, int]]:
        keys = sorted({(s.camera, s.run_ms) for s in segments})
        return [
            (self._state.runs[key], len(self._state.inits[key])) for key in keys if key in self._state.runs
        ]

    async def read_init(self, camera: str, run_ms: int) -> bytes:
        return _read(self._state.inits, (camera, run_ms))

    async def read_segment(self, segment: Segment) -> bytes:
        return _read(self._state.files, (segment.camera, segment.start_ms))

    async def mark_uploaded(self, segments: Sequence[Segment]) -> None:
        self._state.uploaded.update((segment.camera, segment.start_ms) for segment in segments)

    async def mark_refused(self, segment: Segment, reason: str) -> None:
        self._state.refused[segment.camera, segment.start_ms] = reason

    async def counts(self) -> dict[str, int]:
        waiting = [segment.camera for segment in self._state.segments.values() if self._waits(segment)]
        return {camera: waiting.count(camera) for camera in sorted(set(waiting))}

    def _waits(self, segment: Segment) -> bool:
        key = (segment.camera, segment.start_ms)
        return key not in self._state.uploaded and key not in self._state.refused


class FakeHistory:
    def __init__(self, state: State) -> None:
        self._state = state

    async def events(self, camera: str, from_ms: int, to_ms: int, horizon_ms: int | None) -> Sequence[Event]:
        after = from_ms if horizon_ms is None else max(from_ms, horizon_ms)
        return sorted(
            (one for one in self._state.events.values()
             if one.camera == camera and one.start_ms < to_ms and one.end_ms > after),
            key=lambda one: (one.start_ms, one.kind, one.origin),
        )  # fmt: skip

    async def cameras(self) -> Sequence[str]:
        return sorted({camera for camera, _ in [*self._state.runs, *self._state.segments]})

    async def segments(
        self, camera: str, from_ms: int, to_ms: int, horizon_ms: int | None
    ) -> Sequence[Segment]:
        return [s for s in self._visible(camera, horizon_ms) if s.start_ms < to_ms and s.end_ms > from_ms]

    async def gaps(self, camera: str, from_ms: int, to_ms: int) -> Sequence[Gap]:
        found, ended, run_before = [], None, None
        for segment in self._state.of(camera):
            if (
                ended is not None
                and ended < segment.start_ms
                and ended < to_ms
                and segment.start_ms > from_ms
            ):
                run = self._state.runs[camera, segment.run_ms]
                reason = "lost" if run_before == segment.run_ms else run.after
                found.append(Gap(ended, segment.start_ms, reason))
            ended, run_before = max(ended or 0, segment.end_ms), segment.run_ms
        return found

    async def span(self, camera: str, horizon_ms: int | None) -> tuple[int, int] | None:
        visible = self._visible(camera, horizon_ms)
        if not visible:
            return None
        return min(visible, key=lambda s: s.end_ms).start_ms, max(s.end_ms for s in visible)

    async def reached_ms(self, camera: str) -> int | None:
        return self._state.reached.get(camera)

    async def segment(self, camera: str, start_ms: int) -> Segment | None:
        return self._state.segments.get((camera, start_ms))

    async def read_init(self, camera: str, run_ms: int) -> bytes:
        return _read(self._state.inits, (camera, run_ms))

    async def read_segment(self, segment: Segment) -> bytes:
        return _read(self._state.files, (segment.camera, segment.start_ms))

    async def erasures(self, camera: str, limit: int) -> Sequence[Erasure]:
        return [line for line in reversed(self._state.ledger) if line.camera == camera][:limit]

    def _visible(self, camera: str, horizon_ms: int | None) -> list[Segment]:
        return [s for s in self._state.of(camera) if horizon_ms is None or s.end_ms > horizon_ms]


def _read(files: dict[Key, bytes], key: Key) -> bytes:
    if key not in files:
        raise FileNotFoundError(f"{key} is not there (any more)")
    return files[key]


class FakeEvents:
    def __init__(self, state: State) -> None:
        self._state = state

    @property
    def added(self) -> asyncio.Event:
        return self._state.noted

    async def note(self, event: Event) -> None:
        self._state.check()
        key = (event.camera, event.start_ms, event.kind.value, event.origin.value)
        before = self._state.events.get(key)
        if before is None or event.end_ms > before.end_ms:
            self._state.events[key] = event
        self._state.noted.set()

    async def unsent(self, cameras: Sequence[str], limit: int) -> Sequence[Event]:
        of_these = [one for one in self._state.events.values() if one.camera in cameras]
        left = [one for one in of_these if one not in self._state.sent]
        return sorted(left, key=lambda one: one.start_ms)[:limit]

    async def mark_sent(self, events: Sequence[Event]) -> None:
        self._state.sent.update(events)
