"""Recording never stops for a full disk: room is made before, and at once when a write finds none."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from backsight_agent.disk_ports import Disk
from backsight_agent.domain.states import Board
from backsight_agent.ports import Erased, StoreFailed
from backsight_agent.tasks.room import RoomHealth, make_room_forever
from fakes.clock import FakeClock, settle

GB = 1000**3
FRONT, BACK = "74fece010203", "3c52a1000001"
NAMES = {FRONT: "Front door", BACK: "Garden"}


@dataclass
class FakeRoom:
    """A disk in memory: what is evicted becomes free."""

    uploaded: dict[str, int]
    waiting: dict[str, int]
    free: int
    total: int = 100 * GB
    stuck: bool = False  # of what is not ours
    fails_with: Exception | None = None
    evictions: list[tuple[str, bool]] = field(default_factory=list)
    wanted: asyncio.Event = field(default_factory=asyncio.Event)

    async def disks(self) -> Sequence[Disk]:
        if self.fails_with:
            raise self.fails_with
        return [Disk("/disk", frozenset(await self.sizes()), self.free, self.total)]

    async def sizes(self) -> dict[str, int]:
        return {camera: self.uploaded.get(camera, 0) + self.waiting.get(camera, 0) for camera in NAMES}

    async def evict(
        self, camera: str, wanted_bytes: int, reason: str, now_ms: int, *, uploaded_only: bool
    ) -> Erased:
        assert reason == "disk_full"
        given = min(wanted_bytes, self.uploaded.get(camera, 0))
        self.uploaded[camera] = self.uploaded.get(camera, 0) - given
        more = 0 if uploaded_only else min(wanted_bytes - given, self.waiting.get(camera, 0))
        self.waiting[camera] = self.waiting.get(camera, 0) - more
        self.free += given + more
        self.evictions.append((camera, uploaded_only))
        return Erased(1 if given + more else 0, given + more)

    async def keep_ballast(self) -> None:
        pass


@asynccontextmanager
async def running(
    room: FakeRoom, *, paired: bool = True
) -> AsyncIterator[tuple[FakeClock, Board, RoomHealth]]:
    clock, health = FakeClock(), RoomHealth()
    board = Board((FRONT, BACK), clock)
    task = asyncio.ensure_future(make_room_forever(room, NAMES, board, clock, paired=paired, health=health))
    await settle()
    try:
        yield clock, board, health
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_with_room_nothing_leaves() -> None:
    room = FakeRoom({FRONT: 40 * GB}, {BACK: 40 * GB}, free=20 * GB)
    async with running(room) as (clock, board, _):
        await clock.advance(100)
        assert room.evictions == []
        assert board.problems == ()


async def test_below_the_reserve_what_the_cloud_has_makes_room_quietly() -> None:
    room = FakeRoom({FRONT: 50 * GB}, {BACK: 49 * GB}, free=1 * GB)
    async with running(room) as (clock, board, health):
        await clock.advance(11)
        assert room.free > 2 * GB
        assert {uploaded_only for _, uploaded_only in room.evictions} == {True}
        assert board.problems == ()
        assert health.evicted > 0
        assert health.not_uploaded == 0


async def test_what_the_cloud_does_not_have_goes_only_then_and_loudly() -> None:
    room = FakeRoom({}, {FRONT: 50 * GB, BACK: 49 * GB}, free=1 * GB)
    async with running(room) as (clock, board, health):
        await clock.advance(11)
        assert room.free > 2 * GB
        assert health.not_uploaded > 0
        (text,) = board.problems
        assert "Front door" in text
        assert "the cloud does not have yet" in text


async def test_without_a_cloud_nobody_speaks_of_one() -> None:
    room = FakeRoom({}, {FRONT: 50 * GB, BACK: 49 * GB}, free=1 * GB)
    async with running(room, paired=False) as (clock, board, _):
        await clock.advance(11)
        assert "cloud" not in board.problems[0]


async def test_an_hour_after_the_last_loss_it_is_not_shown_any_more() -> None:
    room = FakeRoom({}, {FRONT: 50 * GB, BACK: 49 * GB}, free=1 * GB)
    async with running(room) as (clock, board, _):
        await clock.advance(11)
        assert board.problems
        await clock.advance(3700)
        assert board.problems == ()


async def test_a_write_that_found_no_room_does_not_wait_for_the_next_look() -> None:
    room = FakeRoom({FRONT: 50 * GB}, {}, free=50 * GB)
    async with running(room):
        room.wanted.set()
        await settle()
        assert room.evictions


async def test_a_disk_full_of_what_is_not_ours_is_said_and_the_newest_minutes_stay() -> None:
    room = FakeRoom({FRONT: 10_000_000}, {}, free=0)
    async with running(room) as (clock, board, _):
        await clock.advance(11)
        assert room.uploaded[FRONT] == 10_000_000
        assert "full of what is not ours" in board.problems[0]
        room.free = 50 * GB
        await clock.advance(11)
        assert board.problems == ()


async def test_a_disk_that_fails_is_said_and_tried_again() -> None:
    room = FakeRoom({FRONT: 50 * GB}, {}, free=0, fails_with=StoreFailed("the disk is gone"))
    async with running(room) as (clock, board, _):
        await clock.advance(11)
        assert "the disk is gone" in board.problems[0]
        room.fails_with = None
        await clock.advance(12)
        assert room.free > 2 * GB
        assert board.problems == ()
