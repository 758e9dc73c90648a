"""Asks a camera now and then what it noticed itself: it knows persons from cats, the hub only motion.

Gently: a camera serves few clients. Where its control is closed, its announcement may still tell.
"""

import random

from backsight_agent.camera_ports import CameraControl, CameraOff, CameraRefusedLogin, CameraUnreachable
from backsight_agent.domain.noticing import Noticed, joined
from backsight_agent.domain.states import Board, State
from backsight_agent.tasks.events import EventBook
from backsight_shared.clock import Clock, offset_ms
from backsight_shared.event import Origin

EVERY_S = 20.0  # seconds between two questions
SELDOM_S = 120.0  # seconds, where only the announcement tells
BATTERY_S = 60.0  # seconds, for a camera with a battery: recording keeps it awake, asking must not
AFTER_SILENCE_S = 300.0
AFTER_REFUSAL_S = 1800.0  # seconds; as long as wrong logins are remembered

_AWAY = (State.UNREACHABLE, State.STARTING)


async def notice_forever(
    camera: str, control: CameraControl, book: EventBook, board: Board, clock: Clock, *, every_s: float
) -> None:
    """Put what the camera noticed into the book, for ever; raises nothing that the camera does."""
    since_ms, set_ms, newest = clock.now_ms(), round(offset_ms(clock)), list[Noticed]()
    pause_s = every_s
    while True:
        await clock.sleep(pause_s * random.uniform(0.9, 1.1))
        pause_s = max(every_s, SELDOM_S) if board.facts[camera].control else every_s
        if board.states[camera].state in _AWAY:
            continue
        before_ms, set_ms = (
            set_ms,
            round(offset_ms(clock)),
        )  # when the clock was set, what we know of moves along
        since_ms += set_ms - before_ms
        try:
            found = await control.noticed(since_ms)
        except CameraRefusedLogin:
            pause_s = AFTER_REFUSAL_S
        except (CameraUnreachable, CameraOff):
            pause_s = AFTER_SILENCE_S
        else:
            for one in found:
                since_ms = max(since_ms, one.start_ms)
                newest = _noted(camera, one, newest, book)


def _noted(camera: str, one: Noticed, newest: list[Noticed], book: EventBook) -> list[Noticed]:
    whole = joined(newest, one)
    book.noticed(camera, whole.kind, Origin.CAMERA, whole.start_ms, whole.until_ms, 0, over=True)
    return [*(old for old in newest if old.kind is not whole.kind), whole]
