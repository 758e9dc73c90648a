"""Between reading the camera and writing the disk: GOPs in order, with a bound on their memory."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

from backsight_agent.domain.gops import TimedGop
from backsight_agent.domain.pre_roll import Piece
from backsight_agent.domain.states import Board, State

QUEUE_LIMIT_BYTES = 24 * 1024 * 1024  # per camera: a minute and a half of 2 Mbit/s
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


class GopQueue:
    """Never makes the reader wait: when the disk is too slow for too long, GOPs are dropped, loudly.

    It then takes GOPs again once it is empty, so that what is lost is one stretch and not a sieve.
    """

    def __init__(self, camera: str, board: Board) -> None:
        self._camera = camera
        self._board = board
        self._items: deque[Read | Pause] = deque()
        self._size = 0
        self.offered = 0  # GOPs so far, taken or not
        self._dropped = 0
        self._filled = asyncio.Event()
        self._closed = False

    def put(self, read: Read) -> bool:
        """Take a GOP; False when there was no room for it."""
        self.offered += 1
        if self._has_room(read):
            self._dropped = 0
            self._size += read.timed.size_bytes
            self._add(read)
            return True
        if not self._dropped:
            self._say_that_it_is_full()
        self._dropped += 1
        return False

    def pause(self, pause: Pause) -> None:
        """Note why the stream is interrupted."""
        if not self._items or (self._items[-1] != pause and len(self._items) < 2 * QUEUE_LIMIT_GOPS):
            self._add(pause)

    def close(self) -> None:
        """Nothing more comes."""
        self._closed = True
        self._filled.set()

    async def __aiter__(self) -> AsyncIterator[Read | Pause]:
        """Everything in order, until closed and empty."""
        while True:
            while self._items:
                item = self._items.popleft()
                if isinstance(item, Read):
                    self._size -= item.timed.size_bytes
                yield item
            if self._closed:
                return
            self._filled.clear()
            await self._filled.wait()

    def _has_room(self, read: Read) -> bool:
        if self._dropped:
            return not self._items
        fits = self._size + read.timed.size_bytes <= QUEUE_LIMIT_BYTES and len(self._items) < QUEUE_LIMIT_GOPS
        return fits or not self._items

    def _say_that_it_is_full(self) -> None:
        """On the board at once, for the writer may hang; and in its place among the GOPs."""
        text = "The hub's disk is too slow; video is being lost"
        log.error("%s: %s (%d MiB wait for it)", self._camera, text, self._size >> 20)
        self._board.set_state(self._camera, State.HUB_TROUBLE, text)
        self._add(Pause(State.HUB_TROUBLE, text))

    def _add(self, item: Read | Pause) -> None:
        self._items.append(item)
        self._filled.set()
