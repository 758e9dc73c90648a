"""What both camera families have in common: ports, faults, a clock of its own and a journal."""

import asyncio
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, ClassVar

from simcam.crew import Crew
from simcam.door import Door
from simcam.film import Film
from simcam.journal import Journal
from simcam.settings import Fault, Setup, Start
from simcam.timeline import FPS, Timeline
from simcam.udp import Beacon

REBOOT_S = 3.0  # when nothing else is asked; real ones need 20 to 60 s
ANSWER_FIRST_S = 0.2  # between a camera's "yes, I reboot" and its doing so
UPTIME_US = (10**9, 10**12)  # the camera's clock when the simulation starts
JUMP_US = 3_600_000_000
BOOT_US = (5 * 10**6, 20 * 10**6)  # and when it starts anew after a reboot


class SimCamera(ABC):
    """One simulated camera. `start` it, use it, `close` it."""

    family: ClassVar[str]

    def __init__(self, setup: Setup, film: Film, next_address: Callable[[], str]) -> None:
        self.setup = setup
        self.film = film
        self.address = setup.address
        self.fault: Fault | None = None
        self.journal = Journal()
        self.crew = Crew()
        self.timeline = Timeline(
            asyncio.get_running_loop().time(), time.time() * 1000, 0, self._first_stamp_us()
        )
        self._next_address = next_address
        self._ends: asyncio.TimerHandle | None = None
        self.doors, self.beacon = self._ports()

    @property
    def model(self) -> str:
        """As it announces itself."""
        return self.setup.model.announced

    @abstractmethod
    def _ports(self) -> tuple[list[Door], Beacon]:
        """The camera's TCP ports and its discovery port."""

    @property
    @abstractmethod
    def private(self) -> bool:
        """Whether the owner has switched the camera off (Kasa) or masked its lens (Tapo)."""

    @private.setter
    @abstractmethod
    def private(self, on: bool) -> None: ...

    @abstractmethod
    def detect(self, kind: str, at_s: int) -> None:
        """The camera sees or hears something at this moment (seconds since 1970)."""

    @abstractmethod
    def stream_url(self) -> str:
        """Where its video is, without a login."""

    async def start(self) -> None:
        """Open every port."""
        for door in self.doors:
            await door.open(self.address)
        await self.beacon.open(self.address)

    async def close(self) -> None:
        """Shut every port and end every task."""
        self._forget_timer()
        self._shut()
        await self.crew.dismiss()

    async def impose(self, fault: Fault, seconds: float | None = None) -> None:
        """Begin a fault, in place of the one before it; with `seconds` it ends by itself."""
        await self.relieve()
        self.fault = None if fault in {Fault.CUT, Fault.MOVE, Fault.CLOCK_JUMP} else fault
        if fault is Fault.REBOOT:
            seconds = REBOOT_S if seconds is None else seconds
        await self._begin(fault)
        if seconds is not None and self.fault is not None:
            loop = asyncio.get_running_loop()
            self._ends = loop.call_later(seconds, self._relieve_soon)

    async def relieve(self) -> None:
        """End the fault, if there is one; only when its ports are open again does it count as ended."""
        self._forget_timer()
        if self.fault is Fault.OFF:
            self.private = False
        if self.fault in {Fault.REBOOT, Fault.REFUSE, Fault.SILENT}:
            await self.start()
        self.fault = None

    def reboot_soon(self) -> None:
        """Reboot because the owner asked for it: the answer still goes out."""
        self.crew.start("reboot", self._reboot_after_answering())

    def cut(self) -> None:
        """Cut every connection of this moment."""
        for door in self.doors:
            door.throw_out()

    async def wait_while_hanging(self) -> None:
        """Control takes a call and says nothing, for as long as that is the fault."""
        while self.fault is Fault.HANG:
            await asyncio.sleep(0.1)

    def first_frame(self) -> int:
        """Where a stream that is asked for now begins."""
        index = self.timeline.index_at(asyncio.get_running_loop().time())
        anywhere = self.setup.habits.start is Start.ANYWHERE
        return index if anywhere else self.film.next_key(index)

    async def until_due(self, index: int) -> None:
        """Wait until frame `index` is due."""
        await asyncio.sleep(max(0.0, self.timeline.due_s(index) - asyncio.get_running_loop().time()))

    def describe(self) -> dict[str, Any]:
        """The camera as JSON; its logins are no secrets here."""
        plan = self.film.plan
        return {
            "number": self.setup.number,
            "family": self.family,
            "model": self.model,
            "alias": self.setup.alias,
            "mac": self.setup.mac,
            "address": self.address,
            "ports": {"discovery": self.beacon.port, **{door.name: door.port for door in self.doors}},
            "stream_url": self.stream_url(),
            "logins": asdict(self.setup.logins),
            "size": [plan.width, plan.height],
            "fps": FPS,
            "cycle": plan.frames,
            "private": self.private,
            "fault": self.fault,
            "frames_sent": self.journal.frames_sent,
            "clients": self.journal.open_streams,
        }

    async def _reboot_after_answering(self) -> None:
        await asyncio.sleep(ANSWER_FIRST_S)
        await self.impose(Fault.REBOOT)

    def _relieve_soon(self) -> None:
        self.crew.start("the fault ends", self.relieve())

    async def _begin(self, fault: Fault) -> None:
        if fault is Fault.OFF:
            self.private = True
        elif fault is Fault.REFUSE:
            self._shut_doors()
        elif fault is Fault.REBOOT:
            self._shut()
            self._restart_clock()
        elif fault is Fault.MOVE:
            self._shut()
            self.address = self._next_address()
            await self.start()
        elif fault in {Fault.CUT, Fault.UNAUTHORIZED}:
            self.cut()
        elif fault is Fault.SILENT:
            self.beacon.shut()
        elif fault is Fault.CLOCK_JUMP:
            stamp = self.timeline.boot_stamp_us + JUMP_US
            self.timeline = replace(self.timeline, boot_stamp_us=stamp)

    def _shut_doors(self) -> None:
        for door in self.doors:
            door.shut()

    def _shut(self) -> None:
        self._shut_doors()
        self.beacon.shut()

    def _first_stamp_us(self) -> int:
        if self.setup.habits.unix_stamps:
            return time.time_ns() // 1000
        return random.randrange(*UPTIME_US)

    def _restart_clock(self) -> None:
        now = self.timeline.index_at(asyncio.get_running_loop().time())
        stamp = self._first_stamp_us() if self.setup.habits.unix_stamps else random.randrange(*BOOT_US)
        self.timeline = replace(self.timeline, boot_index=now, boot_stamp_us=stamp)

    def _forget_timer(self) -> None:
        if self._ends is not None:
            self._ends.cancel()
            self._ends = None
