"""A hub's store in memory, with the same rules as the real one: for tests of those who use a store."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from backsight_agent.domain.anchoring import Undated
from backsight_agent.domain.boxes import HEADER_BYTES, SegmentHeader, make_header
from backsight_agent.domain.ledger import Erasure, by_day, merged
from backsight_agent.domain.upload_order import EVENT_POST_MS, EVENT_PRE_MS
from backsight_agent.ports import Erased, Gap, MomentTaken, SegmentFile, StoreFailed
from backsight_shared.entitlement import UploadPolicy
from backsight_shared.event import Event
from backsight_shared.segment import Run, Segment
from backsight_shared.wire import EXPIRED
from fakes.undated import FakeUndated

Key = tuple[str, int]
EventKey = tuple[str, int, str, str]


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
    meant: dict[str, UploadPolicy | None] = field(default_factory=dict)  # what of a camera is for the cloud
    garbage: list[tuple[str, Key]] = field(default_factory=list)
    unlinkable: set[Key] = field(default_factory=set)  # a test says which files will not go
    reached: dict[str, int] = field(default_factory=dict)
    ledger: list[Erasure] = field(default_factory=list)
    events: dict[EventKey, Event] = field(default_factory=dict)
    sent: set[Event] = field(default_factory=set)
    noted: asyncio.Event = field(default_factory=asyncio.Event)
    added: asyncio.Event = field(default_factory=asyncio.Event)
    erased_spans: set[tuple[str, int, int]] = field(default_factory=set)
    undated: dict[Key, Undated] = field(default_factory=dict)
    undated_events: dict[EventKey, Undated] = field(default_factory=dict)
    fails_with: Exception | None = None  # raised by every write and every erasing

    def of(self, camera: str) -> list[Segment]:
        return sorted(segment for (owner, _), segment in self.segments.items() if owner == camera)

    def is_undated(self, segment: Segment) -> bool:
        return (segment.camera, segment.run_ms) in self.undated

    def dated(self, camera: str) -> list[Segment]:
        return [segment for segment in self.of(camera) if not self.is_undated(segment)]

    def dated_events(self) -> list[Event]:
        return [event for key, event in self.events.items() if key not in self.undated_events]

    def waits(self, segment: Segment) -> bool:
        key = (segment.camera, segment.start_ms)
        return key not in self.uploaded and key not in self.refused

    def shows_event(self, segment: Segment, pre_ms: int, post_ms: int) -> bool:
        return any(
            event.camera == segment.camera
            and segment.end_ms > event.start_ms - pre_ms
            and segment.start_ms < event.end_ms + post_ms
            for event in self.events.values()
        )

    def unsent(self, gone: list[Segment]) -> int:
        """How many of these were meant for the cloud and are not there."""
        return sum(self._is_unsent(one) for one in gone)

    def _is_unsent(self, segment: Segment) -> bool:
        meant = self.meant.get(segment.camera)
        refusal = self.refused.get((segment.camera, segment.start_ms))
        wanted = meant == "all" or (
            meant == "events" and self.shows_event(segment, EVENT_PRE_MS, EVENT_POST_MS)
        )
        return wanted and (self.waits(segment) or refusal == EXPIRED)

    def is_erased(self, segment: Segment) -> bool:
        return not self.is_undated(segment) and self.is_erased_time(
            segment.camera, segment.start_ms, segment.end_ms
        )

    def is_erased_time(self, camera: str, start_ms: int, end_ms: int) -> bool:
        return any(
            owner == camera and from_ms < end_ms and to_ms > start_ms
            for owner, from_ms, to_ms in self.erased_spans
        )

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
        self.undated = FakeUndated(self.state)


class FakeRecordings:
    def __init__(self, state: State) -> None:
        self._state = state

    async def begin_run(self, run: Run, init: bytes, undated: Undated | None = None) -> None:
        self._state.check()
        key = (run.camera, run.run_ms)
        if any(one.run_ms == run.run_ms for one in self._state.of(run.camera)):
            raise MomentTaken(f"camera {run.camera} has a run at {run.run_ms} already")
        self._state.runs[key], self._state.inits[key] = run, init
        self._state.current[run.camera] = run.run_ms
        if undated is not None:
            self._state.undated[key] = undated

    async def begin_segment(self, run: Run, sequence: int, start_ms: int) -> SegmentFile:
        self._state.check()
        key = (run.camera, start_ms)
        if key in self._state.segments or key in self._state.files:
            raise MomentTaken(f"camera {run.camera} has a segment at {start_ms} already")
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
        if self._state.is_erased(segment):
            self._close()
            return segment
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
        return sorted({camera for camera, _ in self._state.segments if self._state.dated(camera)})

    async def oldest_end_ms(self, camera: str) -> int | None:
        return min((segment.end_ms for segment in self._state.dated(camera)), default=None)

    async def reached_ms(self, camera: str) -> int | None:
        return self._state.reached.get(camera)

    async def erase_until(self, camera: str, horizon_ms: int, reason: str, now_ms: int) -> Erased:
        self._state.check()
        if camera in self.fails_for:
            raise self.fails_for[camera]
        state = self._state
        state.reached[camera] = max(horizon_ms, state.reached.get(camera, horizon_ms))
        gone = [segment for segment in state.dated(camera) if segment.end_ms <= horizon_ms]
        unsent = state.unsent(gone)
        for segment in gone:
            del state.segments[camera, segment.start_ms]
            state.garbage.append(("segment", (camera, segment.start_ms)))
        state.events = {
            key: one
            for key, one in state.events.items()
            if one.camera != camera or one.end_ms > horizon_ms or key in state.undated_events
        }
        self._drop_empty_runs(camera)
        if not gone:
            return Erased()
        self._note(camera, reason, now_ms, gone, unsent)
        return Erased(len(gone), sum(segment.size_bytes for segment in gone), unsent)

    async def erase_span(self, camera: str, from_ms: int, to_ms: int, reason: str, now_ms: int) -> Erased:
        self._state.check()
        state = self._state
        state.erased_spans.add((camera, from_ms, to_ms))
        gone = [one for one in state.dated(camera) if one.start_ms < to_ms and one.end_ms > from_ms]
        for segment in gone:
            del state.segments[camera, segment.start_ms]
            state.garbage.append(("segment", (camera, segment.start_ms)))
        state.events = {
            key: one
            for key, one in state.events.items()
            if one.camera != camera
            or one.start_ms >= to_ms
            or one.end_ms <= from_ms
            or key in state.undated_events
        }
        self._drop_empty_runs(camera)
        if not gone:
            return Erased()
        self._note(camera, reason, now_ms, gone)
        return Erased(len(gone), sum(segment.size_bytes for segment in gone))

    async def shorten_ledger(self, before_ms: int) -> int:
        ledger = self._state.ledger
        old = [line for line in ledger if line.last_at_ms < before_ms]
        kept = by_day(old)
        ledger[:] = kept + [line for line in ledger if line.last_at_ms >= before_ms]
        return len(old) - len(kept)

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

    def _note(self, camera: str, reason: str, now_ms: int, gone: list[Segment], unsent: int = 0) -> None:
        size, ledger = sum(segment.size_bytes for segment in gone), self._state.ledger
        start, end = min(s.start_ms for s in gone), max(s.end_ms for s in gone)
        line = Erasure(camera, reason, now_ms, now_ms, start, end, len(gone), size, unsent)
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
        return [segment for segment in self._state.dated(camera) if self._state.waits(segment)][:limit]

    async def oldest_of_events(self, camera: str, pre_ms: int, post_ms: int, limit: int) -> Sequence[Segment]:
        waiting = [one for one in self._state.dated(camera) if self._state.waits(one)]
        return [one for one in waiting if self._state.shows_event(one, pre_ms, post_ms)][:limit]

    async def newest_of_events(self, camera: str, pre_ms: int, post_ms: int, limit: int) -> Sequence[Segment]:
        waiting = [one for one in self._state.dated(camera) if self._state.waits(one)]
        events = [event for event in self._state.events.values() if event.camera == camera]
        found = [
            one
            for event in sorted(events, key=lambda one: (one.start_ms, one.end_ms), reverse=True)
            for one in waiting
            if one.end_ms > event.start_ms - pre_ms and one.start_ms < event.end_ms + post_ms
        ]
        return list(dict.fromkeys(found))[:limit]

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
        state = self._state
        waiting = [segment.camera for segment in state.segments.values() if state.waits(segment)]
        return {camera: waiting.count(camera) for camera in sorted(set(waiting))}

    async def is_meant(self, camera: str, policy: UploadPolicy | None) -> None:
        self._state.meant[camera] = policy

    async def missed(self) -> dict[str, int]:
        lines = [
            line for line in self._state.ledger if line.unsent and line.reason in ("expired", "disk_full")
        ]
        cameras = {line.camera for line in lines}
        return {one: sum(line.unsent for line in lines if line.camera == one) for one in cameras}


class FakeHistory:
    def __init__(self, state: State) -> None:
        self._state = state

    async def events(self, camera: str, from_ms: int, to_ms: int, horizon_ms: int | None) -> Sequence[Event]:
        after = from_ms if horizon_ms is None else max(from_ms, horizon_ms)
        return sorted(
            (one for key, one in self._state.events.items()
             if one.camera == camera and one.start_ms < to_ms
             and one.end_ms > (from_ms if key in self._state.undated_events else after)),
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
        visible = [one for one in visible if not self._state.is_undated(one)] or visible
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

    async def erasures(
        self, camera: str, limit: int, span: tuple[int, int] | None = None
    ) -> Sequence[Erasure]:
        from_ms, to_ms = span or (0, 2**62)
        return [
            line
            for line in reversed(self._state.ledger)
            if line.camera == camera and line.from_ms < to_ms and line.to_ms > from_ms
        ][:limit]

    def _visible(self, camera: str, horizon_ms: int | None) -> list[Segment]:
        state = self._state
        return [
            s for s in state.of(camera) if horizon_ms is None or s.end_ms > horizon_ms or state.is_undated(s)
        ]


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

    async def note(self, event: Event, undated: Undated | None = None) -> None:
        self._state.check()
        if undated is None and self._state.is_erased_time(event.camera, event.start_ms, event.end_ms):
            return
        key = (event.camera, event.start_ms, event.kind.value, event.origin.value)
        before = self._state.events.get(key)
        if before is None or event.end_ms > before.end_ms:
            self._state.events[key] = event
        if before is None and undated is not None:
            self._state.undated_events[key] = undated
        self._state.noted.set()

    async def unsent(self, cameras: Sequence[str], limit: int) -> Sequence[Event]:
        of_these = [one for one in self._state.dated_events() if one.camera in cameras]
        left = [one for one in of_these if one not in self._state.sent]
        return sorted(left, key=lambda one: one.start_ms)[:limit]

    async def mark_sent(self, events: Sequence[Event]) -> None:
        self._state.sent.update(events)
