"""Erases what its window no longer covers, within a second, and nothing else.

It does not poll: it sleeps until the next segment expires, or the windows or the trust in the clock change.
Doing a pass twice changes nothing. One camera's trouble never holds up another's, and the task never dies.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from backsight_agent.domain.ledger import Reason
from backsight_agent.domain.states import Board
from backsight_agent.ports import Erased, Retention, Windows
from backsight_shared.clock import Clock
from backsight_shared.errors import BacksightError
from backsight_shared.window import WindowStep, expired, expires_at, horizon, in_force

log = logging.getLogger(__name__)

GUARD_S = 60.0  # seconds; the longest sleep, because a wall clock can be set and a timer does not notice
RETRY_S = 5.0  # seconds; after something failed
_SOONEST_S = 0.005  # seconds; timers may fire a few milliseconds early
_SWEEP = 4096  # files unlinked at a time
_CLOCK_PROBLEM = "prune:clock"


class Time(Protocol):
    """Whether the clock may be trusted with deleting."""

    changed: asyncio.Event

    def trusted_now_ms(self) -> int | None: ...

    @property
    def text(self) -> str: ...


@dataclass(slots=True)
class PruneHealth:
    """How the pruner fares: for status and alarms."""

    last_success_ms: int | None = None  # when everything expired was gone, files included
    failures: int = 0  # passes over a camera that failed, since the start
    overdue_since_ms: dict[str, int] = field(default_factory=dict)  # by camera: expired, and not yet erased
    files_left: int = 0  # erased, and not yet unlinked

    def overdue_s(self, now_ms: int) -> float:
        """How long the longest overdue camera has waited for its erasing, in seconds."""
        return max((now_ms - since for since in self.overdue_since_ms.values()), default=0) / 1000


async def prune_forever(
    retention: Retention,
    windows: Windows,
    time: Time,
    board: Board,
    clock: Clock,
    health: PruneHealth | None = None,
) -> None:
    """Prune now, and whenever something is due. Never ends by itself."""
    pruner = Pruner(retention, windows, time, board, health or PruneHealth())
    while True:
        windows.changed.clear()
        time.changed.clear()
        sleep_s = await _outlived(pruner, board)
        await _first_of((windows.changed, time.changed), sleep_s, clock)


async def _outlived(pruner: "Pruner", board: Board) -> float:
    """A pass that must not end the task whatever happens in it."""
    try:
        sleep_s = await pruner.prune_once()
    except Exception as error:
        log.exception("A pruning pass failed")
        board.set_problem("prune", _sentence("Pruning does not work", error))
        return RETRY_S
    board.set_problem("prune", None)
    return sleep_s


class Pruner:
    """One pass after the other; remembers which window was in force."""

    def __init__(
        self, retention: Retention, windows: Windows, time: Time, board: Board, health: PruneHealth
    ) -> None:
        self._retention, self._windows, self._time = retention, windows, time
        self._board, self._health = board, health
        self._in_force: dict[str, WindowStep | None] = {}

    async def prune_once(self) -> float:
        """Erase all that has expired by now, and its files; how long to sleep, in seconds."""
        now_ms = self._time.trusted_now_ms()
        suspended = f"Nothing is deleted: {self._time.text}" if now_ms is None else None
        self._board.set_problem(_CLOCK_PROBLEM, suspended)
        failures = self._health.failures
        waits = [GUARD_S] if now_ms is None else await self._prune_cameras(now_ms)
        swept = await self._sweep()
        if now_ms is not None and swept and self._health.failures == failures:
            self._health.last_success_ms = now_ms
        return max(min(waits, default=GUARD_S), _SOONEST_S)

    async def _prune_cameras(self, now_ms: int) -> list[float]:
        with_segments = await self._retention.cameras()
        waits = []
        for camera in {*with_segments, *self._board.states}:
            try:
                waits.append(await self._prune_camera(camera, now_ms))
            except Exception as error:
                log.exception("Camera %s could not be pruned", camera)
                self._note_failure(camera, now_ms, error)
                waits.append(RETRY_S)
            else:
                self._health.overdue_since_ms.pop(camera, None)
                self._board.set_problem(f"prune:{camera}", None)
        return waits

    async def _prune_camera(self, camera: str, now_ms: int) -> float:
        """Erase what has expired of one camera; the seconds until there may be more."""
        steps = self._windows.steps(camera)
        if not steps:
            return GUARD_S
        reached = await self._retention.reached_ms(camera)
        limit = horizon(steps, reached, now_ms)
        oldest = await self._retention.oldest_end_ms(camera)
        if limit is not None and oldest is not None and expired(oldest, limit):
            await self._erase(camera, self._reasons(camera, steps, reached, limit, now_ms), now_ms)
            oldest = await self._retention.oldest_end_ms(camera)
        self._in_force[camera] = in_force(steps, now_ms)
        return _wait_s(steps, limit, oldest, now_ms)

    async def _erase(self, camera: str, reasons: Sequence[tuple[int, Reason]], now_ms: int) -> None:
        for limit, reason in reasons:
            erased: Erased = await self._retention.erase_until(camera, limit, reason.value, now_ms)
            if erased.count:
                log.debug("camera %s: %d segments erased (%s)", camera, erased.count, reason.value)

    def _reasons(
        self, camera: str, steps: Sequence[WindowStep], reached: int | None, limit: int, now_ms: int
    ) -> list[tuple[int, Reason]]:
        """Up to which moment what goes for which reason.

        When another window is in force than at the last pass: what the one before would have let go
        anyway has expired, the rest goes because of the change.
        """
        before, now = self._in_force.get(camera), in_force(steps, now_ms)
        if before is None or now is None or now.window_ms >= before.window_ms:
            return [(limit, Reason.EXPIRED)]
        anyway = now_ms - before.window_ms
        first = [(anyway, Reason.EXPIRED)] if (reached or 0) < anyway < limit else []
        return [*first, (limit, Reason.PLAN_CHANGED)]

    async def _sweep(self) -> bool:
        """Unlink the files of what was erased; whether none is left. What will not go is left for later."""
        left = None
        try:
            while left is None or left > 0:
                before, left = left, await self._retention.sweep(_SWEEP)
                if before is not None and left >= before:
                    break
        except Exception as error:
            log.exception("Erased files could not be unlinked")
            self._board.set_problem("prune:files", _sentence("Erased files cannot be unlinked", error))
            self._health.failures += 1
            return False
        self._health.files_left = left
        problem = f"{left} erased files cannot be unlinked: look at the disk's rights and health"
        self._board.set_problem("prune:files", problem if left else None)
        return left == 0

    def _note_failure(self, camera: str, now_ms: int, error: Exception) -> None:
        self._health.failures += 1
        self._health.overdue_since_ms.setdefault(camera, now_ms)
        text = _sentence(f"Camera {camera} keeps more history than its window", error)
        self._board.set_problem(f"prune:{camera}", text)


def _wait_s(steps: Sequence[WindowStep], limit: int | None, oldest: int | None, now_ms: int) -> float:
    """Until the oldest expires; where there is none yet, until one that begins now could be half its way."""
    if oldest is None:
        return max(1.0, min(step.window_ms for step in steps) / 2000)
    moment = expires_at(steps, limit, oldest, now_ms)
    return GUARD_S if moment is None else min(GUARD_S, (moment - now_ms) / 1000)


def _sentence(what: str, error: Exception) -> str:
    """Our errors speak to a person; others only to the log."""
    return f"{what}: {error}" if isinstance(error, BacksightError) else f"{what}: see the log"


async def _first_of(events: Sequence[asyncio.Event], seconds: float, clock: Clock) -> None:
    """Wait for any of the events, but not longer than `seconds`."""
    waiting: list[asyncio.Future[object]] = [asyncio.ensure_future(event.wait()) for event in events]
    waiting.append(asyncio.ensure_future(clock.sleep(seconds)))
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
