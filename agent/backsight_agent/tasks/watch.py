"""Asks a camera's control now and then how it is, for the board. Recording never waits for it."""

import random
from dataclasses import replace

from backsight_agent.camera_ports import CameraControl, CameraOff, CameraRefusedLogin, CameraUnreachable
from backsight_agent.domain.states import Board, CameraFacts, State
from backsight_shared.clock import Clock

EVERY_S = 300.0  # seconds between two questions: sessions are few and other clients want theirs
FIRST_RETRY_S = 30.0  # seconds; doubled up to EVERY_S while nobody answers
AFTER_REFUSAL_S = 1800.0  # seconds; ten wrong logins lock a camera for half an hour
SOON_S = 15.0  # seconds; how long the stream has to say otherwise before we ask
LOOK_S = 5.0  # seconds between two looks at the board

_MAYBE_OFF = (State.STREAM_REFUSED, State.STREAM_BROKEN)  # what a masked lens looks like from the stream


async def watch_forever(camera: str, control: CameraControl, board: Board, clock: Clock) -> None:
    """Keep the camera's facts on the board; raises nothing that the camera does."""
    failures = 0
    try:
        while True:
            outcome = await _ask(camera, control, board)
            failures = failures + 1 if outcome == "silent" else 0
            await _rest(camera, _pause(outcome, failures), outcome == "answered", board, clock)
    finally:
        await control.close()


async def _ask(camera: str, control: CameraControl, board: Board) -> str:
    """Ask once: "answered", "refused" or "silent"."""
    try:
        facts = await control.read()
    except CameraRefusedLogin as error:
        _note(camera, str(error), board)
        return "refused"
    except (CameraUnreachable, CameraOff) as error:
        _note(camera, str(error), board)
        return "silent"
    board.set_facts(camera, facts)
    return "refused" if facts.control else "answered"


def _note(camera: str, text: str, board: Board) -> None:
    board.set_facts(camera, replace(board.facts[camera], control=text))


def _pause(outcome: str, failures: int) -> float:
    if outcome == "refused":
        return AFTER_REFUSAL_S
    if outcome == "silent":
        return min(FIRST_RETRY_S * 2.0 ** min(failures - 1, 10), EVERY_S)
    return EVERY_S * random.uniform(0.9, 1.1)  # so that cameras are not all asked at once


async def _rest(camera: str, seconds: float, works: bool, board: Board, clock: Clock) -> None:
    """Wait; but where control works, ask soon after the stream began to say otherwise."""
    end, contradicted_since = clock.monotonic() + seconds, None
    begun_in = board.states[camera].state
    while (left := end - clock.monotonic()) > 0:
        await clock.sleep(min(LOOK_S, left))
        if not works or not _contradicts(board.states[camera].state, begun_in, board.facts[camera]):
            contradicted_since = None
            continue
        contradicted_since = contradicted_since or clock.monotonic()
        if clock.monotonic() - contradicted_since >= SOON_S:
            return


def _contradicts(state: State, begun_in: State, facts: CameraFacts) -> bool:
    """Whether the stream hints that the owner's switch was moved since we asked."""
    if facts.off:
        return state is State.RECORDING
    return state in _MAYBE_OFF and state is not begun_in
