"""Says when footage leaves before the cloud had it: once in the log, and on the board while it goes on."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from backsight_agent.domain.states import Board
from backsight_agent.ports import Backlog, StoreFailed
from backsight_shared.clock import Clock
from backsight_shared.errors import TryLater

LOOK_S = 30.0  # seconds
OVER_AFTER_S = 600.0  # seconds without another one until it is over

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Going:
    """What is going on at a camera: how many had been missed before it began, and when the last one was."""

    before: int
    count: int
    last_at: float  # monotonic


async def watch_missed(backlog: Backlog, board: Board, clock: Clock, is_away: Callable[[], bool]) -> None:
    """Look for ever. Only what leaves from now on is new; the sum is the status's.

    `is_away`: whether the cloud is out of reach, and not the link too slow.
    """
    missed: Missed | None = None
    while True:
        try:
            counts = await backlog.missed()
        except (StoreFailed, TryLater) as error:
            log.debug("what was missed cannot be counted now: %s", error)
        else:
            missed = missed or Missed(counts, board, is_away)
            missed.look(counts, clock.monotonic())
        await clock.sleep(LOOK_S)


class Missed:
    """Compares the cameras' counts with those before."""

    def __init__(self, counts: Mapping[str, int], board: Board, is_away: Callable[[], bool]) -> None:
        self._counts = dict(counts)
        self._board, self._is_away = board, is_away
        self._going: dict[str, _Going] = {}

    def look(self, counts: Mapping[str, int], now: float) -> None:
        """Told of the counts at a moment of the monotonic clock."""
        for camera, count in counts.items():
            before = self._counts.get(camera, 0)
            if count > before:
                self._goes_on(camera, before, count, now)
            self._counts[camera] = count
        for camera, going in list(self._going.items()):
            if now - going.last_at >= OVER_AFTER_S:
                self._is_over(camera)

    def _goes_on(self, camera: str, before: int, count: int, now: float) -> None:
        begins = camera not in self._going
        going = self._going.setdefault(camera, _Going(before, count, now))
        going.count, going.last_at = count, now
        number = count - going.before
        segments = "1 segment" if number == 1 else f"{number} segments"
        cause = "The cloud is out of reach" if self._is_away() else "The link is too slow"
        text = f"{cause}: {segments} of {camera} left the history before the cloud had them"
        self._board.set_problem(f"missed:{camera}", text)
        if begins:
            log.warning("%s", text)

    def _is_over(self, camera: str) -> None:
        going = self._going.pop(camera)
        log.info("%d segments of %s had left before the cloud had them", going.count - going.before, camera)
        self._board.set_problem(f"missed:{camera}", None)
