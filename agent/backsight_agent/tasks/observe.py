"""Looks at the store now and then for the page of metrics, so that no scrape ever waits for a disk.

The costs are the same however long the history is and however often the page is asked for. A store that does
not answer leaves the last look standing; the page says how old it is.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from backsight_agent.disk_ports import Disk
from backsight_agent.domain.holding import KnowsSteps, visible_horizon
from backsight_agent.domain.vitals import Held, Observed, Room, Vitals
from backsight_shared.clock import Clock
from backsight_shared.errors import BacksightError

EVERY_S = 10.0  # seconds between two looks

log = logging.getLogger(__name__)


class Looks(Protocol):
    """What is needed of the port History."""

    async def span(self, camera: str, horizon_ms: int | None) -> tuple[int, int] | None: ...

    async def reached_ms(self, camera: str) -> int | None: ...


class Counts(Protocol):
    """What is needed of the port Backlog."""

    async def counts(self) -> dict[str, int]: ...

    async def missed(self) -> dict[str, int]: ...


class KnowsRoom(Protocol):
    """What is needed of the port Room."""

    async def disks(self) -> Sequence[Disk]: ...

    async def sizes(self) -> dict[str, int]: ...


class TellsTime(Protocol):
    """The clock, as far as it can be trusted."""

    def trusted_now_ms(self) -> int | None: ...


class Observer:
    """What to look at."""

    def __init__(
        self,
        cameras: Sequence[str],
        history: Looks,
        backlog: Counts | None,
        store: KnowsRoom,
        windows: KnowsSteps,
        time: TellsTime,
        certificate_until_ms: Callable[[], int | None],
        clock: Clock,
    ) -> None:
        self._cameras, self._history, self._backlog = cameras, history, backlog
        self._store, self._windows, self._time, self._clock = store, windows, time, clock
        self._certificate_until_ms = certificate_until_ms

    async def look(self) -> Observed:
        """One look: two seeks for each camera, and what is counted anyway."""
        counted = await self._store.sizes(), *(await self._behind())
        held = {camera: await self._held(camera, *counted) for camera in self._cameras}
        disks = await self._store.disks()
        rooms = tuple(Room(disk.folder, disk.free_bytes, disk.total_bytes) for disk in disks)
        until_ms = await asyncio.to_thread(self._certificate_until_ms)
        return Observed(self._clock.monotonic(), held, rooms, until_ms)

    async def _behind(self) -> tuple[dict[str, int], dict[str, int]]:
        """What waits for the cloud, and what will never get there: nothing without one."""
        backlog = self._backlog
        return (await backlog.counts(), await backlog.missed()) if backlog else ({}, {})

    async def _held(
        self, camera: str, sizes: dict[str, int], waiting: dict[str, int], missed: dict[str, int]
    ) -> Held:
        now_ms, reached_ms = self._time.trusted_now_ms(), await self._history.reached_ms(camera)
        horizon_ms = visible_horizon(self._windows, camera, reached_ms, now_ms)
        from_ms, to_ms = await self._history.span(camera, horizon_ms) or (None, None)
        counts = (one.get(camera, 0) for one in (sizes, waiting, missed))
        return Held(from_ms, to_ms, horizon_ms, *counts)


async def observe_forever(observer: Observer, vitals: Vitals, clock: Clock) -> None:
    """Look for ever; what fails is seen by the age of the last look, and told by those whose work it is."""
    while True:
        try:
            vitals.observed = await observer.look()
        except (BacksightError, OSError) as error:
            log.debug("the store cannot be looked at: %s", error)
        await clock.sleep(EVERY_S)
