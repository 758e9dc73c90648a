"""The page of metrics (`GET /metrics`): made of what is in memory, so that no scrape waits for a disk."""

from collections.abc import Iterator
from importlib.metadata import version

from backsight_agent.adapters.hub_status import HubView
from backsight_agent.adapters.own_process import own_process
from backsight_agent.config_camera import CameraSettings
from backsight_agent.domain.camera_metrics import UNSEEN, CameraNow, camera_families
from backsight_agent.domain.hub_metrics import CloudNow, HubNow, Letting, cloud_families, hub_families
from backsight_shared.exposition import Family, expose
from backsight_shared.window import expires_at, in_force


class HubMetrics:
    """Everything that can be counted of a hub."""

    def __init__(self, hub: HubView) -> None:
        self._hub = hub

    async def page(self, *, openmetrics: bool) -> str:
        """The page of this moment."""
        cameras = [await self._camera(camera) for camera in self._hub.settings.cameras]
        return expose([*self._families(), *camera_families(cameras)], openmetrics=openmetrics)

    def _families(self) -> Iterator[Family]:
        now, side, vitals = self._now(), self._hub.cloud, self._hub.vitals
        yield from hub_families(now)
        if side.paired is not None and side.held is not None:
            connected, newest = side.connected, side.held.newest
            issued_ms = newest.issued_at_ms if newest else None
            is_connected = connected is not None and connected.is_set()
            yield from cloud_families(CloudNow(is_connected, side.held.serial, issued_ms, vitals.cloud), now)
        yield from vitals.lag.families()
        if process := own_process(now.now_ms):
            yield from process.families()

    def _now(self) -> HubNow:
        hub, seen = self._hub, self._hub.vitals.observed
        return HubNow(
            version=version("backsight"),
            now_ms=hub.clock.now_ms(),
            clock_trusted=hub.time.trusted_now_ms() is not None,
            problems=len(hub.board.problems),
            letting=self._letting(),
            observed=seen,
            observed_age_s=hub.clock.monotonic() - seen.at if seen else None,
        )

    def _letting(self) -> Letting:
        health, room = self._hub.health, self._hub.room
        return Letting(
            success_ms=health.last_success_ms,
            failures=health.failures,
            files_left=health.files_left,
            evicted=room.evicted,
            evicted_bytes=room.evicted_bytes,
            evicted_not_uploaded=room.not_uploaded,
        )

    async def _camera(self, settings: CameraSettings) -> CameraNow:
        hub, camera = self._hub, settings.camera
        held = hub.vitals.observed.cameras.get(camera, UNSEEN) if hub.vitals.observed else UNSEEN
        step = in_force(hub.windows.steps(camera) or (), hub.clock.now_ms())
        return CameraNow(
            camera=camera,
            name=settings.name,
            facts=hub.board.facts[camera],
            state=hub.board.states[camera],
            vitals=hub.vitals.of(camera),
            held=held,
            window_ms=step.window_ms if step else None,
            paired=hub.cloud.paired is not None,
            overdue_s=await self._overdue_s(camera),
            now=hub.clock.monotonic(),
        )

    async def _overdue_s(self, camera: str) -> float | None:
        """By the oldest segment itself, not by what the pruner thinks of its work."""
        now_ms, steps = self._hub.time.trusted_now_ms(), self._hub.windows.steps(camera)
        if now_ms is None or not steps:
            return None
        oldest_ms = await self._hub.store.retention.oldest_end_ms(camera)  # from memory
        due_ms = None if oldest_ms is None else expires_at(steps, None, oldest_ms, oldest_ms)
        return 0.0 if due_ms is None else max(0.0, (now_ms - due_ms) / 1000)
