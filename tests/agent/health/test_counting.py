"""What passes is counted, and passes as it would have without being counted."""

import asyncio

import pytest

from backsight_agent.domain.gops import TimedGop
from backsight_agent.domain.media import Gop
from backsight_agent.domain.vitals import CameraVitals, Vitals
from backsight_agent.ports import StoreFailed
from backsight_agent.tasks.counting import CountedEvents, CountedRecordings, counting
from backsight_agent.tasks.gop_queue import Read
from backsight_shared.event import Event, EventKind, Origin
from backsight_shared.segment import Run
from fakes.clock import NOON_MS, FakeClock, settle
from fakes.recordings import FakeRecordings
from fakes.store import FakeStore
from fakes.streams import frame

CAMERA = "74fece010203"


class Counted:
    """A camera's recordings with their vitals."""

    def __init__(self) -> None:
        self.clock, self.vitals, self.inner = FakeClock(), CameraVitals(), FakeRecordings()
        self.recordings = CountedRecordings(self.inner, self.vitals, self.clock)

    async def record(self, run_ms: int, *, after: str = "start", seconds: int = 10) -> None:
        """One run with one segment."""
        run = Run(CAMERA, run_ms, after)
        await self.recordings.begin_run(run, b"init")
        file = await self.recordings.begin_segment(run, 0, run_ms)
        await file.append(b"fragment")
        await file.finish(run_ms + seconds * 1000)


@pytest.fixture
def counted() -> Counted:
    return Counted()


def test_a_gop_is_shown_and_counted() -> None:
    clock, vitals, seen = FakeClock(), CameraVitals(), list[Read]()
    units = tuple(frame(number) for number in range(30))
    read = Read(TimedGop(Gop(units, (), 2_000_000), None, 0.0), 0.0)
    counting(vitals, clock, seen.append)(read)
    assert seen == [read]
    assert (vitals.gops, vitals.frames, vitals.read_bytes) == (1, 30, read.timed.size_bytes)
    assert vitals.read_at == clock.monotonic()


async def test_a_finished_segment_is_counted_with_its_bytes(counted: Counted) -> None:
    await counted.record(NOON_MS)
    ((segment, _),) = counted.inner.segments
    assert (counted.vitals.segments, counted.vitals.written_bytes) == (1, segment.size_bytes)


async def test_what_could_not_be_finished_is_not_counted(counted: Counted) -> None:
    counted.inner.fails_to_finish = StoreFailed("no")
    with pytest.raises(StoreFailed):
        await counted.record(NOON_MS)
    assert counted.vitals.segments == 0


async def test_between_two_runs_is_a_gap_with_its_reason(counted: Counted) -> None:
    await counted.record(NOON_MS)
    await counted.record(NOON_MS + 25_000, after="unreachable")
    assert counted.vitals.gaps == {"unreachable": 1}
    assert counted.vitals.gap_ms == {"unreachable": 15_000}


async def test_what_was_missed_while_the_hub_was_off_is_a_gap(counted: Counted) -> None:
    counted.inner.earlier_end_ms = NOON_MS - 60_000
    await counted.recordings.last_end_ms(CAMERA)
    await counted.record(NOON_MS, after="hub_not_running")
    assert counted.vitals.gap_ms == {"hub_not_running": 60_000}


async def test_the_first_run_of_all_follows_no_gap(counted: Counted) -> None:
    await counted.record(NOON_MS)
    assert counted.vitals.gaps == {}


async def test_a_run_that_could_not_begin_ends_no_gap(counted: Counted) -> None:
    await counted.record(NOON_MS)
    counted.inner.fails_with = StoreFailed("no")
    with pytest.raises(StoreFailed):
        await counted.recordings.begin_run(Run(CAMERA, NOON_MS + 25_000, "unreachable"), b"init")
    assert counted.vitals.gaps == {}


async def test_a_store_that_does_not_answer_is_seen_asking(counted: Counted) -> None:
    run = Run(CAMERA, NOON_MS)
    await counted.recordings.begin_run(run, b"init")
    file = await counted.recordings.begin_segment(run, 0, NOON_MS)
    assert counted.vitals.asking_since is None
    counted.inner.hang.clear()
    appending = asyncio.ensure_future(file.append(b"fragment"))
    await settle()
    assert counted.vitals.asking_since == counted.clock.monotonic()
    counted.inner.hang.set()
    await appending
    assert counted.vitals.asking_since is None


async def test_a_store_that_says_no_has_answered(counted: Counted) -> None:
    counted.inner.fails_with = StoreFailed("no")
    with pytest.raises(StoreFailed):
        await counted.recordings.last_end_ms(CAMERA)
    assert counted.vitals.asking_since is None


def motion(start_s: int, length_s: int = 5, kind: EventKind = EventKind.MOTION) -> Event:
    start_ms = NOON_MS + start_s * 1000
    return Event(CAMERA, start_ms, start_ms + length_s * 1000, kind, Origin.HUB)


async def test_an_event_is_counted_once_however_long_it_goes_on() -> None:
    store, vitals = FakeStore(), Vitals()
    events = CountedEvents(store.events, vitals)
    for event in (motion(0), motion(0, 15), motion(60), motion(60, kind=EventKind.PERSON), motion(60, 25)):
        await events.note(event)
    assert vitals.of(CAMERA).events == {EventKind.MOTION: 2, EventKind.PERSON: 1}
    assert len(await events.unsent([CAMERA], 10)) == 3


async def test_who_waits_for_events_is_woken_as_before() -> None:
    store = FakeStore()
    events = CountedEvents(store.events, Vitals())
    await events.note(motion(0))
    assert events.added.is_set()
    await events.mark_sent(await events.unsent([CAMERA], 10))
    assert await events.unsent([CAMERA], 10) == []
