"""Counts what passes: GOPs on their way from a camera, segments into the store, events into their log."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from backsight_agent.domain.anchoring import Undated
from backsight_agent.domain.vitals import CameraVitals, Vitals
from backsight_agent.ports import EventLog, Recordings, SegmentFile
from backsight_agent.tasks.gop_queue import Read
from backsight_shared.clock import Clock
from backsight_shared.event import Event
from backsight_shared.segment import Run, Segment


def counting(vitals: CameraVitals, clock: Clock, show: Callable[[Read], None]) -> Callable[[Read], None]:
    """Shows what was read to `show`, counted."""

    def shown(read: Read) -> None:
        vitals.read(len(read.timed.gop.video), read.timed.size_bytes, clock.monotonic())
        show(read)

    return shown


class CountedRecordings:
    """One camera's recordings, with an eye on how long the store takes. Implements the port Recordings."""

    def __init__(self, recordings: Recordings, vitals: CameraVitals, clock: Clock) -> None:
        self._recordings = recordings
        self._vitals = vitals
        self._clock = clock
        self._end_ms: int | None = None  # of the newest segment; None while its moments may not be true
        self._is_dated = True  # the newest run

    async def begin_run(self, run: Run, init: bytes, undated: Undated | None = None) -> None:
        """What lies between the newest segment and this run is a gap."""
        with asking(self._vitals, self._clock):
            await self._recordings.begin_run(run, init, undated)
        self._is_dated = undated is None
        if self._end_ms is not None and self._is_dated and run.run_ms > self._end_ms:
            self._vitals.missed(run.after, run.run_ms - self._end_ms)

    async def begin_segment(self, run: Run, sequence: int, start_ms: int) -> SegmentFile:
        with asking(self._vitals, self._clock):
            file = await self._recordings.begin_segment(run, sequence, start_ms)
        return _CountedFile(file, self._vitals, self._clock, self._finished)

    async def last_end_ms(self, camera: str) -> int | None:
        with asking(self._vitals, self._clock):
            self._end_ms = await self._recordings.last_end_ms(camera)
        return self._end_ms

    def _finished(self, segment: Segment) -> None:
        self._end_ms = segment.end_ms if self._is_dated else None
        self._vitals.finished(segment.size_bytes)


class _CountedFile:
    """Implements the port SegmentFile."""

    def __init__(
        self, file: SegmentFile, vitals: CameraVitals, clock: Clock, finished: Callable[[Segment], None]
    ) -> None:
        self._file = file
        self._vitals = vitals
        self._clock = clock
        self._finished = finished

    async def append(self, fragment: bytes) -> None:
        with asking(self._vitals, self._clock):
            await self._file.append(fragment)

    async def finish(self, end_ms: int) -> Segment:
        with asking(self._vitals, self._clock):
            segment = await self._file.finish(end_ms)
        self._finished(segment)
        return segment

    async def abandon(self) -> None:
        with asking(self._vitals, self._clock):
            await self._file.abandon()


class CountedEvents:
    """An event log that counts each event once, however often it is renewed. Implements the port EventLog."""

    def __init__(self, events: EventLog, vitals: Vitals) -> None:
        self._events = events
        self._vitals = vitals
        self._newest: dict[tuple[str, str, str], int] = {}
        self.added = events.added

    async def note(self, event: Event, undated: Undated | None = None) -> None:
        await self._events.note(event, undated)
        key = (event.camera, event.kind, event.origin)
        if self._newest.get(key) != event.start_ms:
            self._newest[key] = event.start_ms
            self._vitals.of(event.camera).events[event.kind] += 1

    async def unsent(self, cameras: Sequence[str], limit: int) -> Sequence[Event]:
        return await self._events.unsent(cameras, limit)

    async def mark_sent(self, events: Sequence[Event]) -> None:
        await self._events.mark_sent(events)


@contextmanager
def asking(vitals: CameraVitals, clock: Clock) -> Iterator[None]:
    """While inside, the store is being asked for something."""
    vitals.asking_since = clock.monotonic()
    try:
        yield
    finally:
        vitals.asking_since = None
