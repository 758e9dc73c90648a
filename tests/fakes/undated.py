"""Dating in memory: decides as the real store does, moves a run at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from backsight_agent.domain.anchoring import (
    TIME_UNKNOWN,
    BootSpan,
    BootTime,
    Undated,
    free_shift,
    is_exact,
)
from backsight_agent.domain.boxes import HEADER_BYTES, SegmentHeader, make_header
from backsight_agent.ports import Dated
from backsight_shared.segment import Segment

if TYPE_CHECKING:
    from fakes.store import Key, State


class FakeUndated:
    def __init__(self, state: "State") -> None:
        self._state = state
        self._shifts: dict[Key, int] = {}

    async def count(self) -> int:
        return len(self._state.undated) + len(self._state.undated_events)

    async def boots(self) -> Sequence[BootSpan]:
        """In the order in which they were first marked."""
        ends: dict[str, int] = {}
        for key, undated in self._undecided().items():
            end_ms = max((one.end_ms for one in self._segments(key)), default=key[1])
            ends[undated.boot] = max(end_ms - undated.offset_ms, ends.get(undated.boot, 0))
        for event_key, undated in self._state.undated_events.items():
            end_ms = self._state.events[event_key].end_ms - undated.offset_ms
            ends[undated.boot] = max(end_ms, ends.get(undated.boot, 0))
        return [BootSpan(boot, end_ms) for boot, end_ms in ends.items()]

    async def decide(self, found: Mapping[str, BootTime], going_on: Mapping[str, int]) -> None:
        self._state.check()
        seen = set[tuple[str, str]]()
        for key, undated in list(self._undecided().items()):
            if undated.boot not in found:
                continue
            boot_time = found[undated.boot]
            if not boot_time.exact and (key[0], undated.boot) not in seen:
                self._state.runs[key] = replace(self._state.runs[key], after=TIME_UNKNOWN)
            seen.add((key[0], undated.boot))
            shift_ms = boot_time.zero_ms - undated.offset_ms
            goes_on = going_on.get(key[0]) == key[1]
            if is_exact(shift_ms, goes_on=goes_on):
                del self._state.undated[key]
            elif not goes_on:
                self._shifts[key] = self._free(key, shift_ms)
        self._date_events(found)
        self._state.added.set()
        self._state.noted.set()

    async def move_next(self) -> Dated | None:
        state = self._state
        for key, shift_ms in list(self._shifts.items()):
            del self._shifts[key]
            segments, (camera, run_ms) = self._segments(key), key
            del state.undated[key]
            state.runs[camera, run_ms + shift_ms] = replace(state.runs.pop(key), run_ms=run_ms + shift_ms)
            state.inits[camera, run_ms + shift_ms] = state.inits.pop(key)
            data = [state.files.pop((camera, one.start_ms)) for one in segments]
            for one in segments:
                del state.segments[camera, one.start_ms]
            for one, content in zip(segments, data, strict=True):
                self._put(one, shift_ms, content)
            return Dated(camera, len(segments), shift_ms)
        return None

    def _put(self, old: Segment, shift_ms: int, data: bytes) -> None:
        start_ms, end_ms, run_ms = (ms + shift_ms for ms in (old.start_ms, old.end_ms, old.run_ms))
        new = replace(old, start_ms=start_ms, end_ms=end_ms, run_ms=run_ms)
        if not self._state.is_erased(new):
            self._state.segments[new.camera, start_ms] = new
            header = make_header(SegmentHeader(new.camera, run_ms, start_ms, new.sequence))
            self._state.files[new.camera, start_ms] = header + data[HEADER_BYTES:]

    def _undecided(self) -> dict["Key", Undated]:
        return {key: undated for key, undated in self._state.undated.items() if key not in self._shifts}

    def _segments(self, key: "Key") -> list[Segment]:
        return [one for one in self._state.of(key[0]) if one.run_ms == key[1]]

    def _free(self, key: "Key", shift_ms: int) -> int:
        starts = [one.start_ms for one in self._segments(key)]
        taken = {ms for camera, ms in self._state.files if camera == key[0] and ms not in starts}
        free = free_shift([key[1], *starts], shift_ms, frozenset(taken))
        assert free is not None
        return free

    def _date_events(self, found: Mapping[str, BootTime]) -> None:
        state = self._state
        for key, undated in list(state.undated_events.items()):
            if undated.boot in found:
                del state.undated_events[key]
                event = state.events.pop(key)
                shift_ms = found[undated.boot].zero_ms - undated.offset_ms
                shift_ms = 0 if is_exact(shift_ms) else shift_ms
                moved = replace(event, start_ms=event.start_ms + shift_ms, end_ms=event.end_ms + shift_ms)
                state.events[moved.camera, moved.start_ms, moved.kind.value, moved.origin.value] = moved
