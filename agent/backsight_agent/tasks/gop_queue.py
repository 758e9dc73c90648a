"""Between reading the camera and writing the disk: GOPs in order, with a bound on their memory."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

from backsight_agent.domain.gops import TimedGop
from backsight_agent.domain.pre_roll import Piece
from backsight_agent.domain.states import Board, State

QUEUE_LIMIT_BYTES = 24 * 1024 * 1024  # per camera at most: a minute and a half of 2 Mbit/s
ALL_QUEUES_BYTES = 256 * 1024 * 1024  # of all cameras together
QUEUE_LIMIT_GOPS = 64  # however small they are

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Read:
    """A GOP as it was read, with the clocks' difference at that moment."""

    timed: TimedGop
    offset_ms: float  # wall clock minus monotonic clock

    @property
    def start_ms(self) -> int:
        """When its first frame was taken, by the hub's clock and the least delayed frame."""
        return round(self.offset_ms + self.timed.gop.video[0].pts_us / 1000 + self.timed.lag_s * 1000)

    @property
    def piece(self) -> Piece["Read"]:
        """For the rule of what is kept."""
        gop = self.timed.gop
        length_ms = (gop.end_pts_us - gop.video[0].pts_us) // 1000
        return Piece(self, self.start_ms, self.start_ms + length_ms, self.timed.size_bytes)


@dataclass(frozen=True, slots=True)
class Pause:
    """The stream is interrupted: why, for the machine and for a person."""

    state: State
    text: str


def limit_bytes(cameras: int) -> int:
    """What each of so many cameras may have waiting."""
    return min(QUEUE_LIMIT_BYTES, ALL_QUEUES_BYTES // max(1, cameras))


class GopQueue:
    """Never makes the reader wait. While the disk is away, what is recorded waits here.

    When that is too much, the older half goes, loudly: one stretch and not a sieve, and the newest stays.
    """

    def __init__(self, camera: str, board: Board, limit: int = QUEUE_LIMIT_BYTES) -> None:
        self._camera = camera
        self._board = board
        self._limit = limit
        self._items: deque[Read | Pause] = deque()
        self._size = 0
        self.offered = 0  # GOPs so far
        self.dropped = 0  # GOPs that went unwritten
        self._filled = asyncio.Event()
        self.closed = asyncio.Event()  # set when nothing more comes

    def put(self, read: Read) -> None:
        """Take a GOP."""
        self.offered += 1
        if not self._has_room(read):
            self._let_go()
        self._size += read.timed.size_bytes
        self._add(read)

    def pause(self, pause: Pause) -> None:
        """Note why the stream is interrupted."""
        if not self._items or (self._items[-1] != pause and len(self._items) < 2 * QUEUE_LIMIT_GOPS):
            self._add(pause)

    def close(self) -> None:
        """Nothing more comes."""
        self.closed.set()
        self._filled.set()

    async def __aiter__(self) -> AsyncIterator[Read | Pause]:
        """Everything in order, until closed and empty."""
        while True:
            while self._items:
                item = self._items.popleft()
                if isinstance(item, Read):
                    self._size -= item.timed.size_bytes
                yield item
            if self.closed.is_set():
                return
            self._filled.clear()
            await self._filled.wait()

    def _has_room(self, read: Read) -> bool:
        fits = self._size + read.timed.size_bytes <= self._limit and len(self._items) < QUEUE_LIMIT_GOPS
        return fits or not self._items

    def _let_go(self) -> None:
        """On the board at once, for the writer may hang; and in its place among the GOPs."""
        waiting = self._size
        while self._items and (self._size > self._limit // 2 or len(self._items) > QUEUE_LIMIT_GOPS // 2):
            item = self._items.popleft()
            if isinstance(item, Read):
                self._size -= item.timed.size_bytes
                self.dropped += 1
        text = "The hub's disk is away or too slow; video is being lost"
        log.error("%s: %s (%d MiB waited for it)", self._camera, text, waiting >> 20)
        self._board.set_state(self._camera, State.HUB_TROUBLE, text)
        self._items.appendleft(Pause(State.HUB_TROUBLE, text))

    def _add(self, item: Read | Pause) -> None:
        self._items.append(item)
        self._filled.set()
