"""Writes what changes on the board into the log, so that the log alone tells what happened at night."""

import logging
from collections.abc import Mapping

from backsight_agent.domain.states import Board, CameraState, State
from backsight_shared.clock import Clock

LOOK_S = 1.0  # seconds between two looks; what comes and goes in between is not worth a line

_WELL = (State.STARTING, State.RECORDING, State.WATCHING, State.OFF, State.NOT_RECORDED)

log = logging.getLogger(__name__)


async def write_journal(names: Mapping[str, str], board: Board, clock: Clock) -> None:
    """A line for each camera that changes its state and each problem that comes or goes. Never ends."""
    journal = _Journal(names, board)
    try:
        while True:
            journal.look()
            await clock.sleep(LOOK_S)
    finally:
        journal.look()


class _Journal:
    """Remembers what it has told."""

    def __init__(self, names: Mapping[str, str], board: Board) -> None:
        self._names = names
        self._board = board
        self._states = dict(board.states)
        self._problems: tuple[str, ...] = ()

    def look(self) -> None:
        """Tell what is new."""
        for camera, state in self._board.states.items():
            if state.state is not self._states[camera].state:
                _tell(self._names[camera], state)
            self._states[camera] = state
        _tell_problems(self._problems, self._board.problems)
        self._problems = self._board.problems


def _tell(name: str, state: CameraState) -> None:
    level = logging.INFO if state.state in _WELL else logging.WARNING
    words = state.state.replace("_", " ")
    log.log(level, "%s: %s", name, words if state.state is State.RECORDING else f"{words}: {state.text}")


def _tell_problems(before: tuple[str, ...], now: tuple[str, ...]) -> None:
    for text in now:
        if text not in before:
            log.warning("problem: %s", text)
    for text in before:
        if text not in now:
            log.info("no longer a problem: %s", text)
