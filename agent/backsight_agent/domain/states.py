"""The states of a camera, in an owner's words, and the board on which every task writes what it sees."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from backsight_shared.clock import Clock

T = TypeVar("T")


class State(StrEnum):
    """What a camera is doing for its history. Values are API: they never change meaning."""

    STARTING = "starting"
    RECORDING = "recording"
    WATCHING = "watching"  # the stream is read and nothing happens; only events are kept
    NOT_RECORDED = "not_recorded"  # as its owner wrote in agent.toml; it is asked and can be set
    OFF = "off"  # the owner's privacy switch
    UNREACHABLE = "unreachable"
    LOGIN_REFUSED = "login_refused"
    STREAM_REFUSED = "stream_refused"  # the camera answers, its stream does not
    STREAM_BROKEN = "stream_broken"  # the stream stalls, is cut or is no video
    NO_KEY_FRAMES = "no_key_frames"  # video comes, but nothing that a picture could begin with
    HUB_TROUBLE = "hub_trouble"  # the hub itself cannot keep up or cannot write


@dataclass(frozen=True, slots=True)
class CameraState:
    """A state since when, with a sentence that says what to do where something is to be done."""

    state: State
    since_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """What a camera says of itself; empty where it was never asked or does not answer."""

    model: str = ""
    hardware: str = ""
    firmware: str = ""
    control: str = ""  # "" while control works; else why it does not, for a person
    off: bool = False  # the owner's privacy switch or lens mask, as control last said
    clock_off_s: int | None = None  # how far its clock is ahead, in whole minutes; None: it does not say


class Board:
    """The present state of every camera and of the hub; `changed` is set at each change."""

    def __init__(self, cameras: tuple[str, ...], clock: Clock) -> None:
        self._clock = clock
        self._states = {camera: CameraState(State.STARTING, clock.now_ms(), "Starting") for camera in cameras}
        self._facts = {camera: CameraFacts() for camera in cameras}
        self._problems: dict[str, str] = {}
        self.changed = asyncio.Event()

    def set_state(self, camera: str, state: State, text: str) -> None:
        """Note the state; `since` moves only when the state itself changes."""
        before = self._states[camera]
        since = before.since_ms if before.state == state else self._clock.now_ms()
        self._change(self._states, camera, CameraState(state, since, text))

    def set_facts(self, camera: str, facts: CameraFacts) -> None:
        """Note what the camera said of itself."""
        self._change(self._facts, camera, facts)

    def set_problem(self, name: str, text: str | None) -> None:
        """Note (or with None forget) something wrong with the hub, under a name of its own."""
        if text is None:
            if self._problems.pop(name, None) is not None:
                self.changed.set()
        else:
            self._change(self._problems, name, text)

    @property
    def states(self) -> Mapping[str, CameraState]:
        return self._states

    @property
    def facts(self) -> Mapping[str, CameraFacts]:
        return self._facts

    @property
    def problems(self) -> tuple[str, ...]:
        return tuple(self._problems.values())

    def _change(self, where: dict[str, T], key: str, value: T) -> None:
        if where.get(key) != value:
            where[key] = value
            self.changed.set()
