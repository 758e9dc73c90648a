"""Keeps a camera's stream open, for ever, and puts its GOPs into the queue."""

import random
from collections.abc import Callable

from backsight_agent.camera_ports import (
    CameraOff,
    CameraRefusedLogin,
    CameraUnreachable,
    Source,
    StreamBroken,
    StreamRefused,
)
from backsight_agent.domain.gops import GopCollector, TimedGop
from backsight_agent.domain.states import State
from backsight_agent.domain.unusable import NoKeyFrames, Unusable
from backsight_agent.tasks.gop_queue import GopQueue, Pause, Read
from backsight_shared.clock import Clock, offset_ms

LONGEST_WAIT_S = 30.0  # seconds between two tries, once many have failed
OFF_WAIT_S = 5.0  # a camera that was switched on again should be recorded soon
LOGIN_WAIT_S = 1800.0  # cameras lock for 30 min after about ten refused logins (facts, section 5)

Show = Callable[[Read], None]

STATES: dict[type[Exception], State] = {
    CameraOff: State.OFF,
    CameraUnreachable: State.UNREACHABLE,
    CameraRefusedLogin: State.LOGIN_REFUSED,
    StreamRefused: State.STREAM_REFUSED,
    StreamBroken: State.STREAM_BROKEN,
    NoKeyFrames: State.NO_KEY_FRAMES,
    Unusable: State.STREAM_BROKEN,
}


async def read_forever(source: Source, queue: GopQueue, clock: Clock, show: Show = lambda _: None) -> None:
    """Read until cancelled. What was collected by then is in the queue, the unfinished GOP too.

    Each GOP is shown to `show`, too, which must return at once: one stream serves all who look at it.
    """
    failures = 0
    while True:
        before = queue.offered
        pause = await _read_once(source, queue, clock, show)
        queue.pause(pause)
        failures = failures + 1 if queue.offered == before else 1  # a stream that gave video was no failure
        await clock.sleep(wait_s(pause.state, failures, random.random()))


def wait_s(state: State, failures: int, chance: float) -> float:
    """How long to leave a camera alone after so many failures in a row; `chance` (0..1) spreads cameras."""
    if state is State.LOGIN_REFUSED:
        return LOGIN_WAIT_S
    longest = OFF_WAIT_S if state is State.OFF else LONGEST_WAIT_S
    base_s = min(longest, 1.25 * 2.0 ** min(failures - 1, 10))
    return base_s * (0.8 + 0.2 * chance)


async def _read_once(source: Source, queue: GopQueue, clock: Clock, show: Show) -> Pause:
    """One connection, from opening to its end; why it ended."""
    collector = GopCollector()
    try:
        async with source.open() as arrivals:
            async for arrival in arrivals:
                if timed := collector.add(arrival):
                    _put(timed, queue, clock, show)
    except tuple(STATES) as error:
        state = next(state for kind, state in STATES.items() if isinstance(error, kind))
        return Pause(state, _sentence(str(error)))
    finally:
        if rest := collector.finish():
            _put(rest, queue, clock, show)
    return Pause(State.STREAM_BROKEN, "The camera ended its stream")


def _put(timed: TimedGop, queue: GopQueue, clock: Clock, show: Show) -> None:
    read = Read(timed, offset_ms(clock))
    queue.put(read)
    show(read)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
