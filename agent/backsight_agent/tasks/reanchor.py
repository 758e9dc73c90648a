"""Dates what was recorded before the time was known, as soon as it is.

Until then it is seen here at provisional moments, stays, and is sent nowhere.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from backsight_agent.domain.anchoring import places
from backsight_agent.domain.states import Board
from backsight_agent.ports import Dated, StoreFailed, StoreFull, UndatedHistory
from backsight_agent.tasks.dating import Dating
from backsight_shared.clock import Clock

LOOK_S = 10.0  # seconds between two looks at the clock while something is undated
IDLE_S = 60.0  # seconds between two looks at what is undated while nothing is
PROBLEM = "dating"
UNKNOWN = (
    "The time is not known: recorded moments are provisional. They are put right once it is; until then"
    " nothing of them is uploaded or expires"
)

log = logging.getLogger(__name__)


class LearnsTime(Protocol):
    """What is known of the time; `learned` is set when that is more than before."""

    @property
    def learned(self) -> asyncio.Event: ...

    def known_offset_ms(self) -> float | None: ...


async def reanchor_forever(
    undated: UndatedHistory,
    time: LearnsTime,
    dating: Dating,
    names: Mapping[str, str],
    board: Board,
    clock: Clock,
    moved: Callable[[], None] = lambda: None,
) -> None:
    """Date for ever. `moved` is told when something may have left the history by being dated."""
    reanchoring = Reanchoring(undated, time, dating, names, moved)
    while True:
        time.learned.clear()
        dating.wanted.clear()
        try:
            problem, wait_s = await reanchoring.once()
        except (StoreFailed, StoreFull) as error:
            text = f"What was recorded before the time was known cannot be dated: {error}"
            problem, wait_s = text if reanchoring.waiting else None, LOOK_S
        board.set_problem(PROBLEM, problem)
        await _first_of(time.learned, dating.wanted, wait_s, clock)


class Reanchoring:
    """One pass after the other."""

    def __init__(
        self,
        undated: UndatedHistory,
        time: LearnsTime,
        dating: Dating,
        names: Mapping[str, str],
        moved: Callable[[], None],
    ) -> None:
        self._undated, self._time, self._dating = undated, time, dating
        self._names, self._moved = names, moved
        self.waiting = 0  # runs and events that were undated when that could last be asked

    async def once(self) -> tuple[str | None, float]:
        """Date what can be dated now; what is to be said, and how long to wait, in seconds."""
        self.waiting = await self._undated.count()
        known = self._time.known_offset_ms()
        if not self.waiting:
            return None, IDLE_S
        if known is None:
            return UNKNOWN, LOOK_S
        found = places(await self._undated.boots(), self._dating.boot, known)
        await self._undated.decide(found, dict(self._dating.going_on))
        while (dated := await self._undated.move_next()) is not None:
            self._say(dated)
        self._moved()
        self.waiting = await self._undated.count()
        return None, LOOK_S if self.waiting else IDLE_S

    def _say(self, dated: Dated) -> None:
        name = self._names.get(dated.camera, dated.camera)
        way = "later" if dated.shift_ms > 0 else "earlier"
        hours, seconds = divmod(abs(dated.shift_ms) / 1000, 3600)
        log.info("%s: %d segments are dated: %d h %.1f s %s", name, dated.segments, hours, seconds, way)


async def _first_of(one: asyncio.Event, other: asyncio.Event, seconds: float, clock: Clock) -> None:
    """Wait for either, but not longer than that."""
    waiting: list[asyncio.Future[object]] = [asyncio.ensure_future(event.wait()) for event in (one, other)]
    waiting.append(asyncio.ensure_future(clock.sleep(seconds)))
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
