"""Keeps some room free on the disks, so that recording never stops for want of it: full disks lose history.

It looks seldom while there is room, and at once when a write found none.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from backsight_agent.disk_ports import Disk, Room
from backsight_agent.domain.eviction import Eviction, Usage, missing_bytes, next_eviction, reserve_bytes
from backsight_agent.domain.ledger import Reason
from backsight_agent.domain.states import Board
from backsight_agent.ports import StoreFailed, StoreFull
from backsight_shared.clock import Clock, sleep_or

LOOK_S = 10.0  # seconds; a hub writes some megabytes meanwhile, far less than the reserve
LOUD_S = 3600.0  # seconds that a loss is shown

log = logging.getLogger(__name__)


@dataclass(slots=True)
class RoomHealth:
    """What full disks have cost since the start: for status, metrics and alarms."""

    evicted_bytes: int = 0
    evicted: int = 0  # segments
    not_uploaded: int = 0  # of them, those that the cloud did not have
    last_ms: dict[str, int] = field(default_factory=dict)  # by camera: when it lost some


async def make_room_forever(
    room: Room,
    names: Mapping[str, str],
    board: Board,
    clock: Clock,
    *,
    reserve: int | None = None,
    paired: bool = False,
    health: RoomHealth | None = None,
) -> None:
    """Make room for ever. `reserve` as the owner wants it, in bytes; None: as is usual for the disk."""
    maker = RoomMaker(room, names, board, clock, reserve, paired=paired, health=health or RoomHealth())
    while True:
        wanted = await sleep_or(room.wanted, LOOK_S, clock)
        try:
            await maker.make(now=wanted)
        except (StoreFailed, StoreFull) as error:
            log.warning("room cannot be made: %s", error)
            board.set_problem("room", f"Room cannot be made on the disk: {error}")
            await clock.sleep(1.0)


class RoomMaker:
    """Looks at each disk and lets go of what must go."""

    def __init__(
        self,
        room: Room,
        names: Mapping[str, str],
        board: Board,
        clock: Clock,
        reserve: int | None,
        *,
        paired: bool,
        health: RoomHealth,
    ) -> None:
        self._room, self._names, self._board, self._clock = room, names, board, clock
        self._reserve, self._paired, self.health = reserve, paired, health

    async def make(self, *, now: bool) -> None:
        """One look at all disks; `now`: a write has just found no room."""
        for disk in await self._room.disks():
            await self._make_on(disk, now=now)
        await self._room.keep_ballast()
        self._be_quiet_again()

    async def _make_on(self, disk: Disk, *, now: bool) -> None:
        exhausted: set[tuple[str, bool]] = set()
        reserve = reserve_bytes(disk.total_bytes, self._reserve)
        missing = missing_bytes(await self._usage(disk), reserve, now=now)
        while missing > 0:
            eviction = next_eviction(await self._usage(disk), missing, exhausted)
            if eviction is None:
                self._say_that_nothing_helps(disk)
                return
            made = await self._evict(eviction)
            missing -= made
            if not made:
                exhausted.add((eviction.camera, eviction.uploaded_only))
        self._board.set_problem(f"room:{disk.folder}", None)
        self._board.set_problem("room", None)

    async def _usage(self, disk: Disk) -> Usage:
        sizes = await self._room.sizes()
        here = {camera: sizes[camera] for camera in disk.cameras if camera in sizes}
        return Usage(disk.free_bytes, disk.total_bytes, here)

    async def _evict(self, eviction: Eviction) -> int:
        """Let go of some; how many bytes."""
        camera, now_ms = eviction.camera, self._clock.now_ms()
        uploaded_only = eviction.uploaded_only
        erased = await self._room.evict(
            camera, eviction.size_bytes, Reason.DISK_FULL.value, now_ms, uploaded_only=uploaded_only
        )
        if erased.count:
            self.health.evicted += erased.count
            self.health.evicted_bytes += erased.size_bytes
            self.health.last_ms[camera] = now_ms
            if not uploaded_only:
                self.health.not_uploaded += erased.count
                self._say_loudly(camera, erased.count)
        return erased.size_bytes

    def _say_loudly(self, camera: str, count: int) -> None:
        name = self._names.get(camera, camera)
        what = "that the cloud does not have yet " if self._paired else ""
        text = f"The disk is full: the oldest recordings of {name} {what}had to go. Use a larger disk"
        log.error("%s (%d segments)", text, count)
        self._board.set_problem(f"evicted:{camera}", text)

    def _be_quiet_again(self) -> None:
        for camera, last_ms in self.health.last_ms.items():
            if self._clock.now_ms() - last_ms > LOUD_S * 1000:
                self._board.set_problem(f"evicted:{camera}", None)

    def _say_that_nothing_helps(self, disk: Disk) -> None:
        text = (
            f"The disk at {disk.folder} is full of what is not ours ({disk.free_bytes >> 20} MB free): "
            "make room on it, or video is lost"
        )
        self._board.set_problem(f"room:{disk.folder}", text)
