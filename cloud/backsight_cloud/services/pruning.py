"""Deletes what has left the history, on the second: sleeps until the next segment expires.

Two phases: rows become garbage in one transaction (readers mask by the horizon, so that they saw nothing
of it before that), then the objects are deleted, and forgotten only when the store said that they are gone.
Its word is checked later.
One camera's or one object's trouble holds up no other.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from backsight_cloud.ports import Database, Objects
from backsight_cloud.services.expiring import Expiring
from backsight_cloud.services.sweeping import Sweeping
from backsight_cloud.services.wakes import Wakes
from backsight_shared.clock import Clock, sleep_or

GUARD_S = 30.0  # seconds after which everything is looked at again: wakes get lost, wall clocks are set
AGAIN_S = 5.0  # seconds after the database failed
BREATH_S = 0.2  # seconds between two passes at least: cameras that expire together are pruned together
UNCOMMITTED_MS = 3_600_000  # an object that was placed and not committed for so long is garbage

log = logging.getLogger(__name__)


@dataclass
class PruneHealth:
    """How pruning goes, for alarms."""

    last_success_ms: int | None = None
    overdue_s: float = 0.0
    stuck_objects: int = 0  # that could not be deleted in the last round
    lying_deletes: int = 0  # objects that the store said it deleted and had not, since the start: an alarm
    unverified_deletes: int = 0  # that are not looked at again for lack of room, since the start
    deletes_to_verify: int = 0  # that are still to be looked at again
    failing: dict[str, str] = field(default_factory=dict)  # camera, "objects" or "database": what is wrong


async def prune_forever(
    database: Database,
    objects: Objects,
    wakes: Wakes,
    clock: Clock,
    health: PruneHealth | None = None,
) -> None:
    """Prune until cancelled."""
    await Pruner(database, objects, wakes, clock, health or PruneHealth()).run()


class Pruner:
    """The loop: look when something changed, take what is due, delete some objects, sleep."""

    def __init__(
        self, database: Database, objects: Objects, wakes: Wakes, clock: Clock, health: PruneHealth
    ) -> None:
        self._database = database
        self._wakes = wakes
        self._clock = clock
        self._expiring = Expiring(database, clock, health.failing)
        self._sweeping = Sweeping(database, objects, clock)
        self._health = health

    async def run(self) -> None:
        """Until cancelled: a pruner that ends is footage kept for ever."""
        look_at = self._clock.monotonic()
        while True:
            woken = await self._pause(look_at)
            look = woken or self._clock.monotonic() >= look_at
            if look:
                look_at = self._clock.monotonic() + GUARD_S
            await self.once(look=look)

    async def once(self, *, look: bool) -> None:
        """One pass: the index first, then some objects. Neither's trouble holds up the other."""
        failing = self._health.failing
        with self._noted("database"):
            touched = await self._expire(look=look)
        if "database" not in failing:
            with self._noted("objects"):
                await self._sweep(touched, look=look)
        if "objects" in failing:
            self._sweeping.give_up_round()
        self._health.stuck_objects = self._sweeping.stuck
        self._health.unverified_deletes = self._sweeping.unverified
        if not failing and not self._sweeping.stuck:
            self._health.last_success_ms = self._clock.now_ms()
        self._health.overdue_s = self._expiring.overdue_s

    async def _expire(self, *, look: bool) -> list[str]:
        if look:
            now_ms = self._clock.now_ms()
            async with self._database.begin() as tx:
                await tx.footage.discard_placed_before(now_ms - UNCOMMITTED_MS, now_ms)
            await self._expiring.look()
        return await self._expiring.take_due()

    async def _sweep(self, touched: list[str], *, look: bool) -> None:
        if look:
            self._sweeping.again()
        for prefix in touched:
            await self._sweeping.sweep_below(prefix)
        await self._sweeping.sweep_some()

    @contextmanager
    def _noted(self, what: str) -> Iterator[None]:
        """Errors are noted in the health and go no further."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, the next pass tries again
            log.warning("pruning is held up by the %s: %s: %s", what, type(error).__name__, error)
            self._health.failing[what] = str(error)
        else:
            self._health.failing.pop(what, None)

    async def _pause(self, look_at: float) -> bool:
        """Sleep as long as there is nothing to do; True when something changed."""
        is_failing = "database" in self._health.failing
        if not is_failing and (self._expiring.has_more or self._sweeping.has_more):
            woken = self._wakes.prune.is_set()
            self._wakes.prune.clear()
            return woken
        next_s = max(self._expiring.seconds_until_next(), AGAIN_S if is_failing else BREATH_S)
        seconds = min(next_s, max(look_at - self._clock.monotonic(), 0.0))
        return await sleep_or(self._wakes.prune, seconds, self._clock)
