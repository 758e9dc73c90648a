"""Moves the service's clock in test mode: to each moment at which something is due, one after the other."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from backsight_cloud.services.paying import LOOK_EVERY_S, Cashier
from backsight_cloud.services.wakes import Wakes
from backsight_shared.clock import Clock, sleep_or
from backsight_shared.errors import NeedsAttention

FARTHEST_MS = 10 * 366 * 24 * 3_600_000

log = logging.getLogger(__name__)


class MovesClock(Protocol):
    """A clock that can be moved forward."""

    def move_to(self, moment_ms: int) -> None: ...


class Wanted(Protocol):
    """Where somebody leaves the moment to which it is to be moved."""

    def leave(self, moment_ms: int) -> None: ...
    def take(self) -> int | None: ...
    def done(self) -> None: ...


class Telling(Protocol):
    """A provider that lives by the same clock, and has something to tell: the sandbox."""

    async def next_ms(self) -> int | None: ...
    async def tell(self) -> int:
        """Let it tell what is due; how many events."""
        ...


class ClockNotMoved(NeedsAttention):
    """It moves only forward, and so far at once."""


@dataclass(frozen=True, slots=True)
class ClockMoves:
    """How an operator has it moved; `move_forever` does it."""

    clock: Clock
    wanted: Wanted
    wakes: Wakes

    @property
    def wanted_ms(self) -> int | None:
        """What is still to be done."""
        return self.wanted.take()

    def ask(self, to_ms: int) -> None:
        """Raises ClockNotMoved."""
        refuse_moving(self.clock.now_ms(), to_ms)
        self.wanted.leave(to_ms)
        self.wakes.clock.set()


def refuse_moving(now_ms: int, to_ms: int) -> None:
    """Raises ClockNotMoved."""
    if to_ms <= now_ms:
        raise ClockNotMoved(f"the clock shows {_text(now_ms)} already: it moves only forward")
    if to_ms - now_ms > FARTHEST_MS:
        raise ClockNotMoved("the clock moves at most ten years at once")


def _text(moment_ms: int) -> str:
    return datetime.fromtimestamp(moment_ms / 1000, UTC).isoformat(timespec="seconds")


async def move(
    clock: MovesClock, cashier: Cashier, to_ms: int, wakes: Wakes, telling: Telling | None = None
) -> None:
    """As if the time in between had been lived: what is due is done at its moment, in its order."""
    async with cashier.turn:
        await _do_what_is_due(cashier, telling)
        while (next_ms := await _next_ms(cashier, telling)) is not None and next_ms <= to_ms:
            clock.move_to(next_ms)
            await _do_what_is_due(cashier, telling)
        clock.move_to(to_ms)
    wakes.all()


async def move_forever(
    clock: MovesClock, wanted: Wanted, cashier: Cashier, wakes: Wakes, telling: Telling | None = None
) -> None:
    """Move it whenever somebody wants it."""
    while True:
        to_ms = wanted.take()
        if to_ms is not None:
            await move(clock, cashier, to_ms, wakes, telling)
            wanted.done()
            log.warning("the clock was moved to %d", to_ms)
        await sleep_or(wakes.clock, LOOK_EVERY_S, cashier.clock)


async def _do_what_is_due(cashier: Cashier, telling: Telling | None) -> None:
    """While it is the mover's turn."""
    while await cashier.pass_time() or await cashier.send() or (telling and await telling.tell()):
        pass


async def _next_ms(cashier: Cashier, telling: Telling | None) -> int | None:
    async with cashier.database.read() as tx:
        due_ms = await tx.billings.next_ms()
    told_ms = await telling.next_ms() if telling else None
    return min((moment for moment in (due_ms, told_ms) if moment is not None), default=None)
