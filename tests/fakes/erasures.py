"""Ways out of the history, in memory: by age, by the owner, of a whole camera; and deletions."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from backsight_cloud.domain.bounds import LATEST_MS
from backsight_cloud.domain.keys import run_key, segment_key
from backsight_cloud.domain.ledger import DAY_MS, HOUR_MS, Reason, by_day, merged
from backsight_cloud.domain.records import Camera, Deleted, Erasure, Extent, Garbage
from backsight_shared.erased import REACH_MS, ErasedSpan, is_erased
from backsight_shared.event import Event
from backsight_shared.segment import Segment

if TYPE_CHECKING:
    from fakes.database import State

T = TypeVar("T", Segment, Event)


class Taking:
    """What leaves one camera in one transaction."""

    def __init__(self, state: "State", camera: Camera, now_ms: int) -> None:
        self._state = state
        self._camera = camera
        self._now_ms = now_ms

    def segments(self, leaves: Callable[[Segment], bool], reason: str) -> Erasure | None:
        gone = [
            (owner, segment)
            for owner, segment in self._state.segments.values()
            if segment.camera == self._camera.id and leaves(segment)
        ]
        for owner, segment in gone:
            del self._state.segments[segment.camera, segment.start_ms]
            self._discard(segment_key(owner, segment.camera, segment.start_ms))
        if not gone:
            return None
        line = self._line([segment for _, segment in gone], reason)
        note(self._state, line)
        return line

    def runs(self, leaves: Callable[[int, int], bool]) -> None:
        """By beginning and end."""
        mine = [key for key in self._state.runs if key[0] == self._camera.id]
        for key in mine:
            owner, run, end_ms = self._state.runs[key]
            if leaves(run.run_ms, end_ms):
                del self._state.runs[key]
                self._discard(run_key(owner, run.camera, run.run_ms))

    def events(self, leaves: Callable[[Event], bool]) -> None:
        self._state.events = {
            key: (owner, event)
            for key, (owner, event) in self._state.events.items()
            if event.camera != self._camera.id or not leaves(event)
        }

    def newest_run_until(self, moment_ms: int = LATEST_MS) -> int:
        """More of it may come; a run is over for certain when the next one began."""
        begun = [run_ms for of, run_ms in self._state.runs if of == self._camera.id and run_ms <= moment_ms]
        return max(begun, default=-1)

    def is_empty(self, run_ms: int) -> bool:
        mine = (segment for _, segment in self._state.segments.values())
        return not any(one.camera == self._camera.id and one.run_ms == run_ms for one in mine)

    def remember(self, horizon_ms: int) -> None:
        if known := self._state.cameras.get(self._camera.id):
            reached = max(horizon_ms, known.reached_ms if known.reached_ms is not None else horizon_ms)
            self._state.cameras[self._camera.id] = replace(known, reached_ms=reached)
        spans = self._state.erased.get(self._camera.id, ())
        needed = tuple(span for span in spans if span.to_ms > horizon_ms - REACH_MS)
        self._state.erased[self._camera.id] = needed

    def _discard(self, key: str) -> None:
        self._state.garbage.setdefault(key, Garbage(key, self._camera.id, self._now_ms))

    def _line(self, gone: Sequence[Segment], reason: str) -> Erasure:
        return Erasure(
            self._camera.id,
            self._camera.account,
            self._now_ms,
            reason,
            min(segment.start_ms for segment in gone),
            max(segment.end_ms for segment in gone),
            len(gone),
            sum(segment.size_bytes for segment in gone),
        )


def note(state: "State", line: Erasure) -> None:
    """Add to the ledger."""
    key = (line.camera, line.account, line.reason, line.at_ms // HOUR_MS)
    known = state.erasures.get(key)
    state.erasures[key] = line if known is None else merged(known, line)


class FakeErasing:
    def __init__(self, state: "State") -> None:
        self._state = state

    async def extent(self, camera: Camera, span: ErasedSpan, horizon_ms: int | None) -> Extent:
        segments = [one for _, one in self._state.segments.values() if one.camera == camera.id]
        events = [one for _, one in self._state.events.values() if one.camera == camera.id]
        seen = [one for one in _inside(segments, span) if horizon_ms is None or one.end_ms > horizon_ms]
        noticed = [one for one in _inside(events, span) if horizon_ms is None or one.end_ms > horizon_ms]
        return Extent(
            len(seen),
            sum(one.size_bytes for one in seen),
            min((one.start_ms for one in seen), default=None),
            max((one.end_ms for one in seen), default=None),
            len(noticed),
        )

    async def erase_span(self, camera: Camera, span: ErasedSpan, reason: str, now_ms: int) -> Erasure | None:
        taking = Taking(self._state, camera, now_ms)
        line = taking.segments(lambda one: is_erased([span], one.start_ms, one.end_ms), reason)
        newest = taking.newest_run_until()
        taking.runs(
            lambda run_ms, end_ms: (
                run_ms < newest and is_erased([span], run_ms, end_ms) and taking.is_empty(run_ms)
            )
        )
        taking.events(lambda one: is_erased([span], one.start_ms, one.end_ms))
        return line

    async def erase_all(self, camera: Camera, reason: str, now_ms: int) -> Erasure | None:
        taking = Taking(self._state, camera, now_ms)
        line = taking.segments(lambda _: True, reason)
        taking.runs(lambda *_: True)
        taking.events(lambda _: True)
        return line

    async def erase_lost(self, camera: Camera, starts: Sequence[int], now_ms: int) -> Erasure | None:
        return Taking(self._state, camera, now_ms).segments(
            lambda one: one.start_ms in starts, Reason.LOST.value
        )

    async def spans_of(self, camera_ids: Sequence[str]) -> dict[str, tuple[ErasedSpan, ...]]:
        return {camera: spans for camera in camera_ids if (spans := self._state.erased.get(camera))}

    async def replace_spans(self, camera_id: str, spans: Sequence[ErasedSpan]) -> None:
        self._state.erased[camera_id] = tuple(sorted(spans))

    async def merge_lines_before(self, moment_ms: int, limit: int) -> int:
        before_ms, known = moment_ms // DAY_MS * DAY_MS, self._state.erasures
        old = [key for key, line in known.items() if line.at_ms < before_ms and key[3] % 24][:limit]
        lines = [known.pop(key) for key in old]
        for line in by_day(lines, before_ms):
            key = (line.camera, line.account, line.reason, line.at_ms // DAY_MS * 24)
            known[key] = merged(known[key], line) if key in known else line
        return len(old)


class FakeDeletions:
    def __init__(self, state: "State") -> None:
        self._state = state

    async def note(self, keys: Sequence[tuple[str, str]], look_ms: int) -> None:
        for key, camera in keys:
            self._state.deleted[key] = Deleted(key, camera, look_ms, 0)

    async def waiting(self) -> int:
        return len(self._state.deleted)

    async def due(self, now_ms: int, limit: int) -> Sequence[Deleted]:
        due = [one for one in self._state.deleted.values() if one.look_ms <= now_ms]
        return sorted(due, key=lambda one: (one.look_ms, one.key))[:limit]

    async def look_again(self, keys: Sequence[str], look_ms: int) -> None:
        for one in [self._state.deleted[key] for key in keys if key in self._state.deleted]:
            self._state.deleted[one.key] = replace(one, look_ms=look_ms, looks=one.looks + 1)

    async def known_among(self, keys: Sequence[str]) -> set[str]:
        indexed = {segment_key(owner, *key) for key, (owner, _) in self._state.segments.items()}
        indexed |= {run_key(owner, *key) for key, (owner, *_) in self._state.runs.items()}
        return set(keys) & {*indexed, *self._state.placed, *self._state.garbage, *self._state.deleted}

    async def forget(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._state.deleted.pop(key, None)

    async def came_back(self, keys: Sequence[str], now_ms: int) -> int:
        back = [one for key in keys if (one := self._state.deleted.pop(key, None))]
        for one in back:
            self._state.garbage.setdefault(one.key, Garbage(one.key, one.camera, now_ms))
        return len(back)


def _inside(some: Iterable[T], span: ErasedSpan) -> list[T]:
    return [one for one in some if is_erased([span], one.start_ms, one.end_ms)]
