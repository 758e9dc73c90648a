"""What is noticed is told to the recorder at once and kept as events; a failing store loses nothing soon."""

import asyncio

from backsight_agent.domain.activity import Activity, Doing
from backsight_agent.domain.states import Board
from backsight_agent.ports import StoreFailed
from backsight_agent.tasks.events import MERGE_MS, MOST_WAITING, RENEW_MS, EventBook, keep_events_forever
from backsight_shared.event import LONGEST_EVENT_MS, Event, EventKind, Origin
from fakes.clock import NOON_MS, FakeClock, settle
from fakes.store import FakeStore

CAMERA, OTHER = "74fece010203", "3c52a1000001"
MOTION = EventKind.MOTION


class Noticing:
    """A book, and short words for what it is told."""

    def __init__(self) -> None:
        self.activities = {CAMERA: Activity(), OTHER: Activity()}
        self.book = EventBook(self.activities)

    def at(
        self,
        start_ms: int,
        until_ms: int,
        *,
        over: bool = False,
        kind: EventKind = MOTION,
        camera: str = CAMERA,
    ) -> None:
        self.book.noticed(camera, kind, Origin.HUB, NOON_MS + start_ms, NOON_MS + until_ms, 50, over=over)

    @property
    def doing(self) -> Doing | None:
        return self.activities[CAMERA].doing

    def taken(self) -> list[tuple[int, int]]:
        return [(event.start_ms - NOON_MS, event.end_ms - NOON_MS) for event in self.book.take()]


def test_the_recorder_knows_at_once_what_goes_on() -> None:
    noticing = Noticing()
    assert noticing.doing is None
    noticing.at(0, 2_000)
    assert noticing.doing == Doing(NOON_MS, None)
    noticing.at(0, 4_000, over=True)
    assert noticing.doing == Doing(NOON_MS, NOON_MS + 4_000)


def test_something_goes_on_while_any_of_two_kinds_does() -> None:
    noticing = Noticing()
    noticing.at(0, 2_000)
    noticing.at(1_000, 2_000, kind=EventKind.SOUND)
    noticing.at(0, 4_000, over=True)
    assert noticing.doing == Doing(NOON_MS + 1_000, None)
    noticing.at(1_000, 6_000, kind=EventKind.SOUND, over=True)
    assert noticing.doing == Doing(NOON_MS + 1_000, NOON_MS + 6_000)


def test_what_begins_soon_after_the_last_of_its_kind_is_the_same_event() -> None:
    noticing = Noticing()
    noticing.at(0, 2_000, over=True)
    noticing.at(2_000 + MERGE_MS, 20_000, over=True)
    assert noticing.taken() == [(0, 20_000)]


def test_what_begins_later_is_another() -> None:
    noticing = Noticing()
    noticing.at(0, 2_000, over=True)
    noticing.at(2_001 + MERGE_MS, 20_000, over=True)
    assert noticing.taken() == [(0, 2_000), (12_001, 20_000)]


def test_kinds_and_cameras_are_not_mixed() -> None:
    noticing = Noticing()
    noticing.at(0, 2_000, over=True)
    noticing.at(1_000, 3_000, over=True, kind=EventKind.PERSON)
    noticing.at(1_500, 4_000, over=True, camera=OTHER)
    assert noticing.taken() == [(0, 2_000), (1_000, 3_000), (1_500, 4_000)]


def test_an_event_that_goes_on_is_written_now_and_then_and_at_its_end() -> None:
    noticing, writes = Noticing(), 0
    for until_ms in range(2_000, 60_001, 2_000):
        noticing.at(0, until_ms, over=until_ms == 60_000)
        writes += len(noticing.taken())
    assert writes <= 2 + 60_000 // RENEW_MS


def test_an_endless_event_is_cut_into_hours_that_meet() -> None:
    noticing = Noticing()
    for minute in range(1, 151):
        noticing.at(0, minute * 60_000)
    assert noticing.taken() == [
        (0, LONGEST_EVENT_MS),
        (LONGEST_EVENT_MS, 2 * LONGEST_EVENT_MS),
        (2 * LONGEST_EVENT_MS, 150 * 60_000),
    ]


def test_the_book_is_bounded_while_nothing_can_be_written() -> None:
    noticing = Noticing()
    for number in range(MOST_WAITING + 50):
        noticing.at(number * 60_000, number * 60_000 + 1, over=True)
    noticing.book.give_back([])
    assert len(noticing.taken()) == MOST_WAITING


async def test_events_are_kept_and_a_store_that_fails_is_tried_again() -> None:
    clock, store, noticing = FakeClock(), FakeStore(), Noticing()
    board = Board((CAMERA,), clock)
    task = asyncio.ensure_future(keep_events_forever(noticing.book, store.events, board, clock))
    store.state.fails_with = StoreFailed("the disk is gone")
    noticing.at(0, 2_000)
    await settle()
    assert board.problems == ("Events cannot be stored: the disk is gone",)
    noticing.at(0, 30_000, over=True)
    store.state.fails_with = None
    await clock.advance(10)
    assert len(board.problems) == 0
    assert list(store.state.events.values()) == [
        Event(CAMERA, NOON_MS, NOON_MS + 30_000, MOTION, Origin.HUB, 50)
    ]
    task.cancel()
    await asyncio.wait([task])
