"""Decides what of a camera's video is kept: all of it, or events with some seconds before and after them.

In the second case GOPs wait in memory until they are too old to belong to an event that is still to be
noticed: the hub finds motion a GOP late, a camera is asked for what it noticed only every ten seconds.
"""

from collections import deque
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from backsight_agent.domain.activity import Doing

LEAST_PRE_MS = 5_000  # the least pre-roll that owners can choose (the promise of the product)
MOST_PRE_MS = 30_000
MOST_POST_MS = 300_000
NOTICED_LATE_MS = 15_000  # so late may an event become known, and still has its whole pre-roll
STEP_MS = 1_000  # less is no setting of the clock
HELD_BYTES = 24 * 1024 * 1024  # per camera; beyond it the oldest go, and a pre-roll gets shorter

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Keeping:
    """How a camera is recorded; durations in milliseconds."""

    events_only: bool = False
    pre_ms: int = LEAST_PRE_MS
    post_ms: int = 10_000

    def __post_init__(self) -> None:
        if not LEAST_PRE_MS <= self.pre_ms <= MOST_PRE_MS:
            raise ValueError(f"pre_roll must be {LEAST_PRE_MS // 1000}s to {MOST_PRE_MS // 1000}s")
        if not 1_000 <= self.post_ms <= MOST_POST_MS:
            raise ValueError(f"post_roll must be 1s to {MOST_POST_MS // 60_000}m")


CONTINUOUS = Keeping()


@dataclass(frozen=True, slots=True)
class Piece(Generic[T]):
    """One GOP in the hands of the rule; UTC milliseconds."""

    item: T
    start_ms: int
    end_ms: int
    size_bytes: int


class PreRoll(Generic[T]):
    """One camera's: fed with GOPs in order, gives those that are to be written, in order."""

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping
        self._held: deque[Piece[T]] = deque()
        self._size = 0
        self._offset_ms: float | None = None
        self.writing = False  # whether the newest GOP was to be written; when not, the run is over

    def follow_clock(self, offset_ms: float) -> None:
        """By the next piece's difference of the clocks: where it was set, what waits moves along."""
        step_ms = 0 if self._offset_ms is None else round(offset_ms - self._offset_ms)
        if self._offset_ms is None or abs(step_ms) > STEP_MS:
            self._offset_ms = offset_ms
            self._held = deque(
                replace(held, start_ms=held.start_ms + step_ms, end_ms=held.end_ms + step_ms)
                for held in self._held
            )

    def take(self, piece: Piece[T], doing: Doing | None) -> tuple[T, ...]:
        """What is to be written now: nothing while nothing goes on."""
        self._held.append(piece)
        self._size += piece.size_bytes
        self.writing = self._wanted(piece, doing)
        wanted = self.release(doing)
        self._forget(piece.end_ms)
        return wanted

    def release(self, doing: Doing | None) -> tuple[T, ...]:
        """Of what waits, that which belongs to the newest event; what comes after it waits on."""
        wanted = [held for held in self._held if self._wanted(held, doing)]
        while wanted and self._held:
            gone = self._held.popleft()
            self._size -= gone.size_bytes
            if gone is wanted[-1]:
                break
        return tuple(piece.item for piece in wanted)

    def clear(self) -> None:
        """What waits does not meet what comes next."""
        self._held.clear()
        self._size = 0
        self.writing = False

    def _wanted(self, piece: Piece[T], doing: Doing | None) -> bool:
        if not self._keeping.events_only:
            return True
        if doing is None or piece.end_ms <= doing.start_ms - self._keeping.pre_ms:
            return False
        return doing.end_ms is None or piece.start_ms < doing.end_ms + self._keeping.post_ms

    def _forget(self, now_ms: int) -> None:
        oldest_ms = now_ms - self._keeping.pre_ms - NOTICED_LATE_MS
        while self._held and (self._held[0].end_ms <= oldest_ms or self._size > HELD_BYTES):
            self._size -= self._held.popleft().size_bytes
