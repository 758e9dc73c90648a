"""Looks now and then how far back each camera's history really reaches, and why no further."""

from collections.abc import MutableMapping, Sequence
from typing import Protocol

from backsight_agent.domain.holding import visible_horizon
from backsight_agent.domain.ledger import Erasure
from backsight_agent.domain.reach import why_short
from backsight_agent.ports import History, StoreFailed, StoreFull, Windows
from backsight_shared.clock import Clock
from backsight_shared.window import in_force

LOOK_S = 60.0  # seconds
_LINES = 8  # of the ledger: an hour of one reason is one


class Accounted(History, Protocol):
    """A history with its ledger."""

    async def erasures(self, camera: str, limit: int) -> Sequence[Erasure]:
        """The newest lines of the camera's ledger, newest first."""
        ...


async def watch_reach_forever(
    cameras: Sequence[str],
    history: Accounted,
    windows: Windows,
    short: MutableMapping[str, str],
    clock: Clock,
) -> None:
    """Keep in `short` a sentence for each camera whose history is shorter than its window."""
    while True:
        for camera in cameras:
            try:
                short[camera] = await _why(camera, history, windows, clock.now_ms())
            except (StoreFailed, StoreFull):
                short[camera] = ""  # the disk's trouble is told by itself
        await clock.sleep(LOOK_S)


async def _why(camera: str, history: Accounted, windows: Windows, now_ms: int) -> str:
    horizon = visible_horizon(windows, camera, await history.reached_ms(camera), now_ms)
    span = await history.span(camera, horizon)
    step = in_force(windows.steps(camera) or (), now_ms)
    lines = await history.erasures(camera, _LINES)
    oldest_ms, window_ms = span[0] if span else None, step.window_ms if step else None
    return why_short(oldest_ms, window_ms, lines, now_ms)
