"""A hub that records into a store in memory, and its uploader with a cloud in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from backsight_agent.domain.states import Board
from backsight_agent.tasks.upload import upload_forever
from backsight_shared.entitlement import UploadPolicy
from backsight_shared.segment import Run, Segment
from fakes.clock import NOON_MS, FakeClock, settle
from fakes.cloud import FakeCloud
from fakes.store import FakeStore

DOOR, YARD = "74fece010203", "74fece010204"


@dataclass
class Policies:
    """What may be uploaded of each camera."""

    of: dict[str, UploadPolicy | None] = field(default_factory=lambda: {DOOR: "all", YARD: "all"})
    upload_changed: asyncio.Event = field(default_factory=asyncio.Event)

    def upload(self, camera: str) -> UploadPolicy | None:
        return self.of.get(camera)


@dataclass
class Home:
    """A hub with its store, and its cloud."""

    clock: FakeClock = field(default_factory=FakeClock)
    store: FakeStore = field(default_factory=FakeStore)
    cloud: FakeCloud = field(default_factory=FakeCloud)
    online: asyncio.Event = field(default_factory=asyncio.Event)  # by MQTT
    policies: Policies = field(default_factory=Policies)
    runs: dict[str, Run] = field(default_factory=dict)
    recorded: dict[str, list[Segment]] = field(default_factory=lambda: {DOOR: [], YARD: []})

    def __post_init__(self) -> None:
        self.board = Board((DOOR, YARD), self.clock)
        self.online.set()

    async def record(self, camera: str, count: int, size: int = 100) -> None:
        """Segments that follow those recorded so far, in the camera's run."""
        if camera not in self.runs:
            await self.begin_run(camera)
        for _ in range(count):
            number = len(self.recorded[camera])
            start = NOON_MS + number * 10_000
            file = await self.store.recordings.begin_segment(self.runs[camera], number, start)
            await file.append(bytes([number % 256]) * size)
            self.recorded[camera].append(await file.finish(start + 10_000))

    async def begin_run(self, camera: str) -> None:
        start = NOON_MS + len(self.recorded[camera]) * 10_000
        self.runs[camera] = Run(camera, start)
        await self.store.recordings.begin_run(self.runs[camera], b"init of " + camera.encode())

    @asynccontextmanager
    async def uploading(self) -> AsyncIterator[None]:
        task = asyncio.create_task(
            upload_forever(
                (DOOR, YARD),
                self.store.backlog,
                self.cloud,
                self.online,
                self.policies,
                self.board,
                self.clock,
            )
        )
        await settle(200)
        try:
            yield
            assert not task.done(), task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def waiting(self) -> int:
        return sum((await self.store.backlog.counts()).values())

    def everything_arrived_once_in_order(self) -> bool:
        return all(self.cloud.of(camera) == segments for camera, segments in self.recorded.items())
