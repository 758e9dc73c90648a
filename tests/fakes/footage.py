"""Runs, segments, garbage and the ledger in memory: the part of the fake database with the most rules."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backsight_cloud.domain.ledger import Place
from backsight_cloud.domain.looking import Part
from backsight_cloud.domain.records import Camera, Erasure, Garbage
from backsight_cloud.ports import OwnerMissing
from backsight_shared.playlist import unbroken
from backsight_shared.segment import Run, Segment
from fakes.erasures import Taking
from fakes.people import owner_seen_by

if TYPE_CHECKING:
    from fakes.database import State


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
        self, viewer: str, camera: str, from_ms: int, to_ms: int, horizon_ms: int | None
    ) -> Sequence[Segment]:
        return [
            segment
            for segment in self._of(viewer, camera)
            if segment.start_ms < to_ms
            and segment.end_ms > from_ms
            and (horizon_ms is None or segment.end_ms > horizon_ms)
        ]

    async def parts(
        self, viewer: str, camera: str, from_ms: int, to_ms: int, horizon_ms: int | None
    ) -> Sequence[Part]:
        segments = await self.segments(viewer, camera, from_ms, to_ms, horizon_ms)
        return [_part(part) for part in unbroken(segments)]

    async def runs(self, viewer: str, camera: str, from_ms: int, to_ms: int) -> Sequence[Run]:
        found, seen = sorted(self._state.runs.items()), owner_seen_by(self._state, viewer, camera)
        return [
            run
            for _, (owner, run, end_ms) in found
            if owner == seen and run.camera == camera and run.run_ms < to_ms and end_ms > from_ms
        ]

    async def segment(self, viewer: str, camera: str, start_ms: int) -> Segment | None:
        owner, segment = self._state.segments.get((camera, start_ms), ("", None))
        return segment if owner == owner_seen_by(self._state, viewer, camera) else None

    async def span(self, viewer: str, camera: str, horizon_ms: int | None) -> tuple[int, int] | None:
        visible = [s for s in self._of(viewer, camera) if horizon_ms is None or s.end_ms > horizon_ms]
        if not visible:
            return None
        return min(s.start_ms for s in visible), max(s.end_ms for s in visible)

    async def oldest_end_ms(self, camera: str) -> int | None:
        return (await self.oldest_ends()).get(camera)

    async def next_start_ms(self, camera: str, from_ms: int) -> int | None:
        starts = [ms for of, ms in self._state.segments if of == camera and ms >= from_ms]
        return min(starts, default=None)

    async def oldest_ends(self) -> dict[str, int]:
        oldest: dict[str, int] = {}
        for _, segment in self._state.segments.values():
            oldest[segment.camera] = min(segment.end_ms, oldest.get(segment.camera, segment.end_ms))
        return oldest

    async def erase_until(self, camera: Camera, horizon_ms: int, reason: str, now_ms: int) -> Erasure | None:
        if camera.id in self._torn:
            raise RuntimeError("torn page")
        taking = Taking(self._state, camera, now_ms)
        taking.remember(horizon_ms)
        line = taking.segments(lambda segment: segment.end_ms <= horizon_ms, reason)
        newest = taking.newest_run_until(horizon_ms)
        taking.runs(lambda run_ms, end_ms: run_ms < newest and end_ms <= horizon_ms)
        taking.events(lambda event: event.end_ms <= horizon_ms)
        return line

    async def note_placed(self, keys: Sequence[tuple[str, str]], now_ms: int) -> None:
        for key, camera in keys:
            self._state.placed[key] = (camera, now_ms)
            self._state.deleted.pop(key, None)

    async def forget_placed(self, keys: Sequence[str]) -> set[str]:
        return {key for key in keys if self._state.placed.pop(key, None) is not None}

    async def discard_placed_before(self, moment_ms: int, now_ms: int) -> int:
        late = [(key, camera) for key, (camera, since) in self._state.placed.items() if since < moment_ms]
        for key, camera in late:
            del self._state.placed[key]
            self._state.garbage.setdefault(key, Garbage(key, camera, now_ms))
        return len(late)

    async def garbage(self, limit: int, after_key: str = "") -> Sequence[Garbage]:
        return [self._state.garbage[key] for key in sorted(self._state.garbage) if key > after_key][:limit]

    async def garbage_among(self, keys: Sequence[str]) -> set[str]:
        return set(keys) & set(self._state.garbage)

    async def placed_among(self, keys: Sequence[str]) -> set[str]:
        return set(keys) & set(self._state.placed)

    async def forget_garbage(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._state.garbage.pop(key, None)

    async def erasures(
        self,
        account: str,
        camera: str | None,
        limit: int,
        *,
        after: Place | None = None,
        span: tuple[int, int] | None = None,
    ) -> Sequence[Erasure]:
        lines = [
            line
            for line in self._state.erasures.values()
            if line.account == account
            and camera in (None, line.camera)
            and (span is None or (line.from_ms < span[1] and line.to_ms > span[0]))
            and (after is None or _order(line) > (-after.at_ms, after.camera, after.reason))
        ]
        return sorted(lines, key=_order)[:limit]

    def _of(self, viewer: str, camera: str) -> list[Segment]:
        found, seen = sorted(self._state.segments.items()), owner_seen_by(self._state, viewer, camera)
        return [s for _, (owner, s) in found if owner == seen and s.camera == camera]

    def _require(self, camera: str) -> None:
        if camera not in self._state.cameras:
            raise OwnerMissing(f"camera {camera} does not exist")


def _part(part: Sequence[Segment]) -> Part:
    size = sum(segment.size_bytes for segment in part)
    return Part(part[0].run_ms, part[0].start_ms, part[-1].end_ms, len(part), size)


def _order(line: Erasure) -> tuple[int, str, str]:
    """Newest first."""
    return -line.at_ms, line.camera, line.reason
