"""Runs, segments, garbage and the ledger in memory: the part of the fake database with the most rules."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from backsight_cloud.domain.keys import run_key, segment_key
from backsight_cloud.domain.looking import Part
from backsight_cloud.domain.records import Camera, Erasure, Garbage
from backsight_cloud.ports import OwnerMissing
from backsight_shared.event import Event
from backsight_shared.playlist import unbroken
from backsight_shared.segment import Run, Segment

if TYPE_CHECKING:
    from fakes.database import State

HOUR_MS = 3_600_000


class FakeFootage:
    def __init__(self, state: "State", torn: set[str]) -> None:
        self._state = state
        self._torn = torn

    async def add_run(self, account: str, run: Run, init_bytes: int) -> bool:
        self._require(run.camera)
        if (run.camera, run.run_ms) in self._state.runs:
            return False
        self._state.runs[run.camera, run.run_ms] = (account, run, run.run_ms)
        return True

    async def add_segments(self, account: str, segments: Sequence[Segment]) -> None:
        for segment in segments:
            self._require(segment.camera)
            self._state.segments.setdefault((segment.camera, segment.start_ms), (account, segment))
            key = (segment.camera, segment.run_ms)
            if key in self._state.runs:
                owner, run, end_ms = self._state.runs[key]
                self._state.runs[key] = (owner, run, max(end_ms, segment.end_ms))

    async def have_runs(self, runs: Sequence[Run]) -> set[tuple[str, int]]:
        return {(run.camera, run.run_ms) for run in runs} & set(self._state.runs)

    async def have_segments(self, segments: Sequence[Segment]) -> set[tuple[str, int]]:
        return {(segment.camera, segment.start_ms) for segment in segments} & set(self._state.segments)

    async def segments(
        self, account: str, camera: str, from_ms: int, to_ms: int, horizon_ms: int | None
    ) -> Sequence[Segment]:
        return [
            segment
            for segment in self._of(account, camera)
            if segment.start_ms < to_ms
            and segment.end_ms > from_ms
            and (horizon_ms is None or segment.end_ms > horizon_ms)
        ]

    async def parts(
        self, account: str, camera: str, from_ms: int, to_ms: int, horizon_ms: int | None
    ) -> Sequence[Part]:
        segments = await self.segments(account, camera, from_ms, to_ms, horizon_ms)
        return [_part(part) for part in unbroken(segments)]

    async def runs(self, account: str, camera: str, from_ms: int, to_ms: int) -> Sequence[Run]:
        found = sorted(self._state.runs.items())
        return [
            run
            for _, (owner, run, end_ms) in found
            if owner == account and run.camera == camera and run.run_ms < to_ms and end_ms > from_ms
        ]

    async def segment(self, account: str, camera: str, start_ms: int) -> Segment | None:
        owner, segment = self._state.segments.get((camera, start_ms), ("", None))
        return segment if owner == account else None

    async def span(self, account: str, camera: str, horizon_ms: int | None) -> tuple[int, int] | None:
        visible = [s for s in self._of(account, camera) if horizon_ms is None or s.end_ms > horizon_ms]
        if not visible:
            return None
        return min(s.start_ms for s in visible), max(s.end_ms for s in visible)

    async def oldest_end_ms(self, camera: str) -> int | None:
        return (await self.oldest_ends()).get(camera)

    async def oldest_ends(self) -> dict[str, int]:
        oldest: dict[str, int] = {}
        for _, segment in self._state.segments.values():
            oldest[segment.camera] = min(segment.end_ms, oldest.get(segment.camera, segment.end_ms))
        return oldest

    async def erase_until(self, camera: Camera, horizon_ms: int, reason: str, now_ms: int) -> Erasure | None:
        if camera.id in self._torn:
            raise RuntimeError("torn page")
        self._remember(camera, horizon_ms)
        gone = [
            (owner, segment)
            for owner, segment in self._state.segments.values()
            if segment.camera == camera.id and segment.end_ms <= horizon_ms
        ]
        for owner, segment in gone:
            del self._state.segments[segment.camera, segment.start_ms]
            self._discard(segment_key(owner, camera.id, segment.start_ms), camera.id, now_ms)
        self._drop_runs(camera, horizon_ms, now_ms)
        events = self._state.events
        for key in [key for key, (_, event) in events.items() if _is_past(event, camera.id, horizon_ms)]:
            del events[key]
        if not gone:
            return None
        erasure = _erasure(camera, [segment for _, segment in gone], reason, now_ms)
        self._note(erasure)
        return erasure

    async def note_placed(self, keys: Sequence[tuple[str, str]], now_ms: int) -> None:
        for key, camera in keys:
            self._state.placed[key] = (camera, now_ms)

    async def forget_placed(self, keys: Sequence[str]) -> set[str]:
        return {key for key in keys if self._state.placed.pop(key, None) is not None}

    async def discard_placed_before(self, moment_ms: int, now_ms: int) -> int:
        late = [(key, camera) for key, (camera, since) in self._state.placed.items() if since < moment_ms]
        for key, camera in late:
            del self._state.placed[key]
            self._discard(key, camera, now_ms)
        return len(late)

    async def garbage(self, limit: int, after_key: str = "") -> Sequence[Garbage]:
        return [self._state.garbage[key] for key in sorted(self._state.garbage) if key > after_key][:limit]

    async def garbage_among(self, keys: Sequence[str]) -> set[str]:
        return set(keys) & set(self._state.garbage)

    async def forget_garbage(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._state.garbage.pop(key, None)

    async def erasures(self, account: str, camera: str | None, limit: int) -> Sequence[Erasure]:
        lines = [
            line
            for line in self._state.erasures.values()
            if line.account == account and camera in (None, line.camera)
        ]
        return sorted(lines, key=lambda line: (-line.at_ms, line.camera, line.reason))[:limit]

    def _of(self, account: str, camera: str) -> list[Segment]:
        found = sorted(self._state.segments.items())
        return [s for _, (owner, s) in found if owner == account and s.camera == camera]

    def _require(self, camera: str) -> None:
        if camera not in self._state.cameras:
            raise OwnerMissing(f"camera {camera} does not exist")

    def _discard(self, key: str, camera: str, now_ms: int) -> None:
        self._state.garbage.setdefault(key, Garbage(key, camera, now_ms))

    def _remember(self, camera: Camera, horizon_ms: int) -> None:
        if known := self._state.cameras.get(camera.id):
            reached = max(horizon_ms, known.reached_ms if known.reached_ms is not None else horizon_ms)
            self._state.cameras[camera.id] = replace(known, reached_ms=reached)

    def _drop_runs(self, camera: Camera, horizon_ms: int, now_ms: int) -> None:
        """A run is over for certain when the next one began; before that, more of it may come."""
        begun = sorted(run_ms for of, run_ms in self._state.runs if of == camera.id and run_ms <= horizon_ms)
        for run_ms in begun[:-1]:
            owner, _, end_ms = self._state.runs[camera.id, run_ms]
            if end_ms <= horizon_ms:
                del self._state.runs[camera.id, run_ms]
                self._discard(run_key(owner, camera.id, run_ms), camera.id, now_ms)

    def _note(self, line: Erasure) -> None:
        key = (line.camera, line.reason, line.at_ms // HOUR_MS)
        known = self._state.erasures.get(key)
        if known is not None:
            line = Erasure(
                line.camera,
                line.account,
                max(line.at_ms, known.at_ms),
                line.reason,
                min(line.from_ms, known.from_ms),
                max(line.to_ms, known.to_ms),
                line.count + known.count,
                line.size_bytes + known.size_bytes,
            )
        self._state.erasures[key] = line


def _part(part: Sequence[Segment]) -> Part:
    size = sum(segment.size_bytes for segment in part)
    return Part(part[0].run_ms, part[0].start_ms, part[-1].end_ms, len(part), size)


def _erasure(camera: Camera, gone: Sequence[Segment], reason: str, now_ms: int) -> Erasure:
    return Erasure(
        camera.id,
        camera.account,
        now_ms,
        reason,
        min(segment.start_ms for segment in gone),
        max(segment.end_ms for segment in gone),
        len(gone),
        sum(segment.size_bytes for segment in gone),
    )


def _is_past(event: Event, camera: str, horizon_ms: int) -> bool:
    return event.camera == camera and event.end_ms <= horizon_ms
