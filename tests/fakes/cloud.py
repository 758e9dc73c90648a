"""The cloud as a hub sees it over HTTPS, in memory: real state, and failures where a test wants them."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from backsight_agent.ports import CloudUnavailable
from backsight_shared.event import Event
from backsight_shared.segment import Segment
from backsight_shared.wire import (
    Batch,
    CameraAnswer,
    CamerasAnswer,
    CamerasReport,
    Commit,
    Commits,
    EventAnswer,
    EventsAnswer,
    EventsReport,
    Place,
    Places,
)

Key = tuple[str, int]


def no_trouble(step: str) -> None:
    """Everything works."""


@dataclass
class FakeCloud:
    """Implements the port CloudApi. `at` is told of each step and may raise: before its effect, or after."""

    at: Callable[[str], None] = no_trouble
    bound: set[str] | None = None  # cameras that are taken; None: every one
    refuses: dict[Key, str] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    runs: set[Key] = field(default_factory=set)
    indexed: list[Segment] = field(default_factory=list)  # in the order of their commits
    reports: list[CamerasReport] = field(default_factory=list)
    noticed: dict[tuple[str, int, str, str], Event] = field(default_factory=dict)
    event_reports: list[EventsReport] = field(default_factory=list)
    refuses_events: set[int] = field(default_factory=set)  # by their start
    puts: list[str] = field(default_factory=list)
    bytes_now: int = 0
    bytes_most: int = 0
    puts_now: int = 0
    puts_most: int = 0

    async def report_cameras(self, report: CamerasReport) -> CamerasAnswer:
        self.at("report")
        self.reports.append(report)
        taken = [self.bound is None or camera.camera in self.bound for camera in report.cameras]
        return CamerasAnswer(
            tuple(
                CameraAnswer(camera.camera, accepted, "" if accepted else "it belongs to another account")
                for camera, accepted in zip(report.cameras, taken, strict=True)
            )
        )

    async def places(self, batch: Batch) -> Places:
        self.at("places")
        runs = [
            Place("have") if (offer.run.camera, offer.run.run_ms) in self.runs else Place("put", key)
            for offer in batch.runs
            for key in [_run_object(offer.run.camera, offer.run.run_ms)]
        ]
        places = Places(tuple(runs), tuple(self._place(segment) for segment in batch.segments))
        self.at("places answered")
        return places

    async def put(self, place: Place, data: bytes) -> None:
        self._count(len(data), 1)
        try:
            self.at(f"put {place.url}")
            await asyncio.sleep(0)
            self.objects[place.url] = data
            self.puts.append(place.url)
            self.at(f"put answered {place.url}")
        finally:
            self._count(-len(data), -1)

    async def commits(self, batch: Batch) -> Commits:
        self.at("commits")
        runs = [self._commit_run(offer.run.camera, offer.run.run_ms) for offer in batch.runs]
        offered = {(offer.run.camera, offer.run.run_ms) for offer in batch.runs}
        commits = Commits(tuple(runs), tuple(self._commit(segment, offered) for segment in batch.segments))
        self.at("commits answered")
        return commits

    async def events(self, report: EventsReport) -> EventsAnswer:
        self.at("events")
        for event in report.events:
            self.noticed[event.camera, event.start_ms, event.kind, event.origin] = event
        self.event_reports.append(report)
        refused = [event.start_ms in self.refuses_events for event in report.events]
        answers = [EventAnswer("refused", "expired") if one else EventAnswer("stored") for one in refused]
        return EventsAnswer(tuple(answers))

    def of(self, camera: str) -> list[Segment]:
        """What is indexed of a camera, in the order in which it came."""
        return [segment for segment in self.indexed if segment.camera == camera]

    def forget_run(self, camera: str, run_ms: int) -> None:
        """As pruning does when a run's last segment has expired."""
        self.runs.discard((camera, run_ms))
        self.objects.pop(_run_object(camera, run_ms), None)

    def data_of(self, segments: Sequence[Segment]) -> list[bytes]:
        return [self.objects[_object(segment)] for segment in segments]

    def _place(self, segment: Segment) -> Place:
        key = (segment.camera, segment.start_ms)
        if key in self.refuses:
            return Place("refused", reason=self.refuses[key])
        return Place("have") if self._has(segment) else Place("put", _object(segment))

    def _commit_run(self, camera: str, run_ms: int) -> Commit:
        if (camera, run_ms) not in self.runs and _run_object(camera, run_ms) not in self.objects:
            return Commit("missing")
        self.runs.add((camera, run_ms))
        return Commit("stored")

    def _commit(self, segment: Segment, offered: set[Key]) -> Commit:
        run = (segment.camera, segment.run_ms)
        if run not in self.runs:
            return Commit("missing") if run in offered else Commit("refused", "its run was never uploaded")
        if len(self.objects.get(_object(segment), b"")) != segment.size_bytes:
            return Commit("missing")
        if not self._has(segment):
            self.indexed.append(segment)
        return Commit("stored")

    def _has(self, segment: Segment) -> bool:
        return any(
            (one.camera, one.start_ms) == (segment.camera, segment.start_ms)
            for one in self.of(segment.camera)
        )

    def _count(self, size_bytes: int, puts: int) -> None:
        self.bytes_now += size_bytes
        self.puts_now += puts
        self.bytes_most = max(self.bytes_most, self.bytes_now)
        self.puts_most = max(self.puts_most, self.puts_now)


@dataclass
class Outage:
    """Trouble for FakeCloud: refuses steps whose name begins so, while it lasts."""

    step: str = ""
    lasts: bool = True
    times: int = 1_000_000
    seen: int = 0

    def __call__(self, step: str) -> None:
        if self.lasts and step.startswith(self.step) and self.times > 0:
            self.times -= 1
            self.seen += 1
            raise CloudUnavailable("the cloud is away")


def _object(segment: Segment) -> str:
    return f"{segment.camera}/{segment.start_ms}"


def _run_object(camera: str, run_ms: int) -> str:
    return f"{camera}/runs/{run_ms}"
