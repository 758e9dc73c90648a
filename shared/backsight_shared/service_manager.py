"""Tells the service manager (systemd) how we are: ready, a line of status, alive, stopping; see sd_notify(3).

A process that hangs without ending looks well from outside. So the manager is told again and again that we
live, but only while the work itself goes on: when that stops, so does the telling, and it starts us anew.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from backsight_shared.clock import Clock

LOOK_S = 10.0  # seconds between two looks where nobody watches us
_LONGEST = 200  # characters of status

log = logging.getLogger(__name__)

Send = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Manager:
    """Who started us: how to tell it something, and within what time it wants to hear that we live."""

    send: Send
    watchdog_s: float | None = None

    @property
    def every_s(self) -> float:
        """Twice in the time that it allows."""
        return self.watchdog_s / 2 if self.watchdog_s else LOOK_S


NOBODY = Manager(lambda _: None)


@dataclass(frozen=True, slots=True)
class Pulse:
    """How we are, in one line; and why the work does not go on, or nothing."""

    status: str
    stuck: str = ""


async def tell_forever(manager: Manager, look: Callable[[], Pulse], clock: Clock) -> None:
    """Say that we are ready, then how we are and that we live; when cancelled, that we are stopping."""
    said, stuck = "", ""
    manager.send("READY=1")
    try:
        while True:
            pulse = look()
            if pulse.status != said:
                said = pulse.status
                manager.send(f"STATUS={_line(said)}")
            if pulse.stuck and pulse.stuck != stuck:
                log.critical(
                    "the work does not go on, the service manager is not told that it does: %s", pulse.stuck
                )
            stuck = pulse.stuck
            if not stuck and manager.watchdog_s:
                manager.send("WATCHDOG=1")
            await clock.sleep(manager.every_s)
    except asyncio.CancelledError:
        manager.send("STOPPING=1")
        raise


def address_in(environment: Mapping[str, str]) -> str:
    """The manager's socket; empty when nobody wants to hear. `@` stands for the abstract namespace."""
    address = environment.get("NOTIFY_SOCKET", "")
    if address.startswith("@"):
        return "\0" + address[1:]
    return address if address.startswith("/") else ""


def watchdog_in(environment: Mapping[str, str], pid: int) -> float | None:
    """Seconds within which we must say that we live; None when nobody watches this process."""
    microseconds, meant = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", str(pid))
    if meant != str(pid) or not (microseconds.isascii() and microseconds.isdigit()):
        return None
    return int(microseconds) / 1_000_000 or None


def _line(text: str) -> str:
    return " ".join(text.split())[:_LONGEST]
