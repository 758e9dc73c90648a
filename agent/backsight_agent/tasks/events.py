"""Takes what is noticed at the cameras: tells the recorder at once, and keeps it in the event log."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping

from backsight_agent.domain.activity import Activity
from backsight_agent.domain.anchoring import Undated
from backsight_agent.domain.states import Board
from backsight_agent.ports import EventLog, StoreFailed, StoreFull
from backsight_agent.tasks.dating import Dating
from backsight_shared.clock import Clock
from backsight_shared.event import LONGEST_EVENT_MS, Event, EventKind, Origin

MERGE_MS = 10_000  # what begins so soon after the last of its kind is the same event
RENEW_MS = 10_000  # an event that goes on is written again after so much of it, not with every GOP
AGAIN_S = 5.0  # seconds between two tries while the store fails
MOST_WAITING = 1_000  # events that wait for a store that fails; beyond, the oldest are lost, loudly

PROBLEM = "events"

Key = tuple[str, EventKind, Origin]
Identity = tuple[str, int, EventKind, Origin]

log = logging.getLogger(__name__)


class EventBook:
    """Where detectors put what they noticed. Never waits, never raises, so that no detector is held up."""

    def __init__(
        self,
        activities: Mapping[str, Activity],
        dating: Dating | None = None,
        offset_ms: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """`offset_ms` is the wall clock less the monotonic one, now; `dating` says whether that is right."""
        self._activities = activities
        self._dating, self._offset_ms = dating or Dating(), offset_ms
        self._offsets: dict[Identity, float] = {}  # when each began
        self._newest: dict[Key, Event] = {}
        self._written_until: dict[Key, int] = {}
        self._waiting: dict[Identity, Event] = {}
        self.filled = asyncio.Event()

    def noticed(
        self,
        camera: str,
        kind: EventKind,
        origin: Origin,
        start_ms: int,
        until_ms: int,
        score: int,
        *,
        over: bool,
    ) -> None:
        """Something went on from `start_ms` until at least `until_ms`; `over`: and no longer."""
        activity, name = self._activities[camera], f"{kind}:{origin}"
        activity.begin(name, start_ms)
        if over:
            activity.end(name, until_ms)
        for part_ms in self._parts((camera, kind, origin), start_ms, max(until_ms, start_ms + 1)):
            self._write(Event(camera, *part_ms, kind, origin, score), over=over)

    def undated(self, event: Event) -> Undated | None:
        """What it takes to date an event later, by the clock as it was when it began; None: it is right."""
        return self._dating.undated(self._offsets.get(_identity(event), self._offset_ms()))

    def take(self) -> list[Event]:
        """What is to be written; it is no longer waiting."""
        self.filled.clear()
        waiting, self._waiting = list(self._waiting.values()), {}
        return waiting

    def give_back(self, events: list[Event]) -> None:
        """What could not be written; what came meanwhile is newer."""
        self._waiting = {_identity(event): event for event in events} | self._waiting
        while len(self._waiting) > MOST_WAITING:
            lost = self._waiting.pop(next(iter(self._waiting)))
            log.error("an event of %s at %d is lost: the store did not take it", lost.camera, lost.start_ms)
        self.filled.set()

    def _parts(self, key: Key, start_ms: int, end_ms: int) -> Iterator[tuple[int, int]]:
        """The span as part of the event before, where they belong together; cut into hours."""
        before = self._newest.get(key)
        if before and start_ms <= before.end_ms + MERGE_MS and end_ms > before.start_ms:
            start_ms, end_ms = before.start_ms, max(end_ms, before.end_ms)
        while end_ms - start_ms > LONGEST_EVENT_MS:
            yield start_ms, start_ms + LONGEST_EVENT_MS
            start_ms += LONGEST_EVENT_MS
        yield start_ms, end_ms

    def _write(self, event: Event, *, over: bool) -> None:
        key = _key(event)
        before, self._newest[key] = self._newest.get(key), event
        is_new = before is None or before.start_ms != event.start_ms
        if is_new:
            self._remember(event)
        if is_new or over or event.end_ms - self._written_until[key] >= RENEW_MS:
            self._written_until[key] = event.end_ms
            self._waiting[_identity(event)] = event
            self.filled.set()

    def _remember(self, event: Event) -> None:
        self._offsets[_identity(event)] = self._offset_ms()
        while len(self._offsets) > 2 * MOST_WAITING:
            del self._offsets[next(iter(self._offsets))]


async def keep_events_forever(book: EventBook, events: EventLog, board: Board, clock: Clock) -> None:
    """Write what the book takes, for ever; a store that fails is tried again and shown."""
    while True:
        await book.filled.wait()
        left = book.take()
        try:
            while left:
                await events.note(left[0], book.undated(left[0]))
                left.pop(0)
        except (StoreFull, StoreFailed) as error:
            book.give_back(left)
            board.set_problem(PROBLEM, f"Events cannot be stored: {error}")
            await clock.sleep(AGAIN_S)
        else:
            board.set_problem(PROBLEM, None)


def _key(event: Event) -> Key:
    return event.camera, event.kind, event.origin


def _identity(event: Event) -> Identity:
    return event.camera, event.start_ms, event.kind, event.origin
