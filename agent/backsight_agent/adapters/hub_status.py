"""Puts together how the hub is, for the local API and `backsight-agent status`."""

import asyncio
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

from backsight_agent.adapters.keystore import PairedHub
from backsight_agent.adapters.store.opening import Store
from backsight_agent.config import Settings
from backsight_agent.domain.holding import HeldEntitlement, visible_horizon
from backsight_agent.domain.profile_files import profile_of
from backsight_agent.domain.remarks import remarks
from backsight_agent.domain.states import Board
from backsight_agent.domain.trusted_time import TrustedTime
from backsight_agent.domain.vitals import Vitals
from backsight_agent.ports import Windows
from backsight_agent.tasks.dating import Dating
from backsight_agent.tasks.prune import PruneHealth
from backsight_agent.tasks.room import RoomHealth
from backsight_shared.clock import Clock
from backsight_shared.window import in_force


@dataclass(slots=True)
class CloudSide:
    """Where this hub stands with its cloud; `connected` is the broker's once there is a link."""

    paired: PairedHub | None = None
    held: HeldEntitlement | None = None
    connected: asyncio.Event | None = None


@dataclass(frozen=True, slots=True)
class HubView:
    """Everything that a status is made of."""

    settings: Settings
    store: Store
    board: Board
    time: TrustedTime
    windows: Windows
    clock: Clock
    cloud: CloudSide
    health: PruneHealth = field(default_factory=PruneHealth)
    room: RoomHealth = field(default_factory=RoomHealth)
    short: dict[str, str] = field(
        default_factory=dict
    )  # by camera: why its history is shorter than its window
    vitals: Vitals = field(default_factory=Vitals)
    dating: Dating = field(default_factory=Dating)

    async def status(self) -> Mapping[str, object]:
        """The hub as JSON-ready values; times are UTC milliseconds."""
        free, total = await asyncio.to_thread(self.disk)
        now_ms = self.time.trusted_now_ms()
        backlog = self.store.backlog
        counts = (await backlog.counts(), await backlog.missed()) if self.cloud.paired else ({}, {})
        waiting, missed = counts
        return {
            "running": True,
            "version": version("backsight"),
            "name": self.settings.name,
            "cloud": self._cloud(),
            "clock": {"trusted": now_ms is not None, "text": self.time.text},
            "disk": {"free_bytes": free, "total_bytes": total},
            "prune": {
                "last_success_ms": self.health.last_success_ms,
                "overdue_s": self.health.overdue_s(self.clock.now_ms()),
                "failures": self.health.failures,
                "files_left": self.health.files_left,
            },
            "cameras": [
                await self._camera(camera.camera, camera.name, now_ms)
                | {"waiting": waiting.get(camera.camera, 0), "missed": missed.get(camera.camera, 0)}
                for camera in self.settings.cameras
            ],
            "problems": self.board.problems,
        }

    def remarks(self, camera: str) -> tuple[str, ...]:
        """What its owner should know of a camera besides its state."""
        facts = self.board.facts[camera]
        own = next(one for one in self.settings.cameras if one.camera == camera)
        trusted = self.time.trusted_now_ms() is not None
        told = remarks(facts, profile_of(own.family, facts.model or own.model), clock_trusted=trusted)
        short = self.short.get(camera)
        return (*told, short) if short else told

    def disk(self) -> tuple[int, int]:
        """Free and total bytes where the history is kept. Blocks."""
        usage = shutil.disk_usage(self.settings.state)
        return usage.free, usage.total

    def _cloud(self) -> dict[str, object]:
        side = self.cloud
        return {
            "paired": side.paired is not None,
            "url": side.paired.url if side.paired else "",
            "hub": side.paired.hub if side.paired else "",
            "connected": side.connected is not None and side.connected.is_set(),
            "serial": side.held.serial if side.held else 0,
        }

    async def _camera(self, camera: str, name: str, now_ms: int | None) -> dict[str, object]:
        state, facts = self.board.states[camera], self.board.facts[camera]
        history = self.store.history
        horizon = visible_horizon(self.windows, camera, await history.reached_ms(camera), now_ms)
        span = await history.span(camera, horizon)
        step = in_force(self.windows.steps(camera) or (), self.clock.now_ms())
        return {
            "camera": camera,
            "name": name,
            "state": state.state,
            "since_ms": state.since_ms,
            "text": state.text,
            "model": facts.model,
            "firmware": facts.firmware,
            "control": facts.control,
            "remarks": self.remarks(camera),
            "off": facts.off,
            "window_s": step.window_ms // 1000 if step else None,
            "horizon_ms": horizon,
            "from_ms": span[0] if span else None,
            "to_ms": span[1] if span else None,
        }
