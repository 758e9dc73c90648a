"""Reads the history from the disk while no agent runs, masked as the agent would mask it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from backsight_agent.adapters.entitled import entitlement_of
from backsight_agent.adapters.keystore import Keystore
from backsight_agent.adapters.ntp import synchronised
from backsight_agent.adapters.store.history import StoredHistory
from backsight_agent.adapters.store.opening import open_to_read
from backsight_agent.config import Settings
from backsight_agent.config_values import Trust
from backsight_agent.domain.holding import FixedWindows, KnowsSteps, visible_horizon
from backsight_agent.domain.trusted_time import TrustedTime
from backsight_shared.clock import SystemClock


@dataclass(frozen=True, slots=True)
class Offline:
    """What can be known without an agent."""

    history: StoredHistory
    windows: KnowsSteps
    time: TrustedTime

    async def horizon_ms(self, camera: str) -> int | None:
        """The moment before which nothing is shown, now."""
        reached = await self.history.reached_ms(camera)
        return visible_horizon(self.windows, camera, reached, self.time.trusted_now_ms())


@asynccontextmanager
async def offline(settings: Settings) -> AsyncIterator[Offline]:
    """The history on the disk. Raises StoreFailed when there is none, KeystoreDamaged, BadSignature."""
    clock = SystemClock()
    trusted = synchronised if settings.trust is Trust.NTP else lambda: True
    windows = await _windows(settings, Keystore(settings.state))
    async with open_to_read(settings.state) as history:
        yield Offline(history, windows, TrustedTime(clock, trusted))


async def _windows(settings: Settings, keystore: Keystore) -> KnowsSteps:
    paired = keystore.paired()
    if paired is None:
        cameras = [camera.camera for camera in settings.cameras] if settings.window else []
        return FixedWindows(settings.window.ms if settings.window else 0, cameras)
    return await entitlement_of(keystore, paired)
