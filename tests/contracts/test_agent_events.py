"""What may be relied on where a hub keeps its events: the real store and the fake."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backsight_agent.adapters.store import schema
from backsight_agent.adapters.store.opening import Store, open_store
from backsight_shared.event import LONGEST_EVENT_MS, Event, EventKind, Origin
from backsight_shared.segment import Run
from fakes.clock import NOON_MS, FakeClock
from fakes.store import FakeStore

CAMERA, OTHER = "74fece010203", "3c52a1000001"
AnyStore = Store | FakeStore


@pytest.fixture(params=["fake", "real"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AnyStore]:
    if request.param == "fake":
        yield FakeStore()
    else:
        async with open_store(tmp_path, FakeClock()) as opened:
            yield opened


def an_event(
    start_s: float = 0, length_s: float = 10, kind: EventKind = EventKind.MOTION, camera: str = CAMERA
) -> Event:
    start_ms = NOON_MS + round(start_s * 1000)
    return Event(camera, start_ms, start_ms + round(length_s * 1000), kind, Origin.HUB, 50)


async def everything(store: AnyStore, horizon_ms: int | None = None) -> list[Event]:
    return list(await store.history.events(CAMERA, 0, 2**50, horizon_ms))


async def noted(store: AnyStore, *events: Event) -> None:
    for event in events:
        await store.events.note(event)


async def test_events_are_found_in_order_of_their_start(store: AnyStore) -> None:
    late, early = an_event(60), an_event(0)
    await noted(store, late, early)
    assert await everything(store) == [early, late]


async def test_events_of_another_camera_are_not_found(store: AnyStore) -> None:
    await noted(store, an_event(camera=OTHER))
    assert await everything(store) == []


async def test_two_kinds_at_the_same_moment_are_two_events(store: AnyStore) -> None:
    await noted(store, an_event(), an_event(kind=EventKind.PERSON))
    assert [event.kind for event in await everything(store)] == [EventKind.MOTION, EventKind.PERSON]


async def test_an_event_that_goes_on_is_the_same_event(store: AnyStore) -> None:
    await noted(store, an_event(0, 10), an_event(0, 25))
    assert await everything(store) == [an_event(0, 25)]


async def test_a_late_renewal_never_shortens_an_event(store: AnyStore) -> None:
    await noted(store, an_event(0, 25), an_event(0, 10))
    assert await everything(store) == [an_event(0, 25)]


@pytest.mark.parametrize(
    ("from_s", "to_s", "found"), [(-5, 0, False), (-5, 1, True), (9, 20, True), (10, 20, False)]
)
async def test_an_event_is_found_where_it_overlaps(
    store: AnyStore, from_s: int, to_s: int, found: bool
) -> None:
    await noted(store, an_event(0, 10))
    span = (NOON_MS + from_s * 1000, NOON_MS + to_s * 1000)
    assert bool(await store.history.events(CAMERA, *span, None)) is found


async def test_the_longest_event_is_found_at_its_end(store: AnyStore) -> None:
    event = an_event(0, LONGEST_EVENT_MS / 1000)
    await noted(store, event)
    assert await store.history.events(CAMERA, event.end_ms - 1, event.end_ms, None) == [event]


async def test_an_event_is_masked_when_the_horizon_reaches_its_end(store: AnyStore) -> None:
    event = an_event(0, 10)
    await noted(store, event)
    assert await everything(store, event.end_ms - 1) == [event]
    assert await everything(store, event.end_ms) == []


async def test_an_event_is_erased_with_the_history_around_it(store: AnyStore) -> None:
    gone, stays = an_event(0, 10), an_event(5, 10)
    await noted(store, gone, stays)
    await store.retention.erase_until(CAMERA, gone.end_ms, "expired", gone.end_ms)
    assert await everything(store) == [stays]


async def test_erasing_one_camera_leaves_the_events_of_another(store: AnyStore) -> None:
    event = an_event(camera=OTHER)
    await noted(store, event)
    await store.retention.erase_until(CAMERA, event.end_ms + 1, "expired", event.end_ms + 1)
    assert await store.history.events(OTHER, 0, 2**50, None) == [event]


# ---- sending


async def test_the_oldest_are_sent_first_whatever_order_they_came_in(store: AnyStore) -> None:
    first, second, third = an_event(0), an_event(1, camera=OTHER), an_event(2)
    await noted(store, third, first, second)
    assert await store.events.unsent([CAMERA, OTHER], 2) == [first, second]


async def test_what_was_sent_is_not_sent_again(store: AnyStore) -> None:
    await noted(store, an_event())
    await store.events.mark_sent([an_event()])
    assert await store.events.unsent([CAMERA], 10) == []


async def test_what_went_on_while_it_was_sent_is_sent_again(store: AnyStore) -> None:
    await noted(store, an_event(0, 10), an_event(0, 20))
    await store.events.mark_sent([an_event(0, 10)])
    assert await store.events.unsent([CAMERA], 10) == [an_event(0, 20)]


async def test_only_the_cameras_that_are_asked_for_are_sent(store: AnyStore) -> None:
    await noted(store, an_event(0, camera=OTHER), an_event(1))
    assert await store.events.unsent([CAMERA], 10) == [an_event(1)]
    assert await store.events.unsent([], 10) == []


async def test_only_segments_around_events_are_uploaded_where_only_events_are(store: AnyStore) -> None:
    run = Run(CAMERA, NOON_MS)
    await store.recordings.begin_run(run, b"init")
    for number in range(12):
        file = await store.recordings.begin_segment(run, number, NOON_MS + number * 10_000)
        await file.append(b"one")
        await file.finish(NOON_MS + number * 10_000 + 10_000)
    await noted(store, an_event(43, 2), an_event(44, 1, EventKind.PERSON), an_event(90, 1, camera=OTHER))
    wanted = await store.backlog.oldest_of_events(CAMERA, 5_000, 10_000, 100)
    assert [segment.sequence for segment in wanted] == [3, 4, 5]
    await store.backlog.mark_uploaded(wanted[:1])
    wanted = await store.backlog.oldest_of_events(CAMERA, 5_000, 10_000, 1)
    assert [segment.sequence for segment in wanted] == [4]


async def test_what_is_new_is_told(store: AnyStore) -> None:
    assert not store.events.added.is_set()
    await noted(store, an_event())
    assert store.events.added.is_set()


# ---- the real one


async def test_events_are_there_after_a_restart(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        await noted(store, an_event())
    async with open_store(tmp_path, FakeClock()) as store:
        assert await everything(store) == [an_event()]


async def test_a_store_of_the_first_version_gets_its_table_and_keeps_its_rows(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        await noted(store, an_event())
    with sqlite3.connect(tmp_path / "agent.db") as db:  # as the first version left it
        db.executescript(
            "DROP TABLE event; DROP TABLE undated; DROP TABLE erased_span; DROP TABLE boot;"
            "ALTER TABLE camera DROP COLUMN upload; DROP INDEX erasure_unsent;"
            "ALTER TABLE erasure DROP COLUMN unsent; DELETE FROM meta WHERE name = 'complete';"
            "PRAGMA user_version = 1"
        )
    async with open_store(tmp_path, FakeClock()) as store:
        assert await everything(store) == []
        await noted(store, an_event())
        assert await everything(store) == [an_event()]
    with sqlite3.connect(tmp_path / "agent.db") as db:
        assert [name for (name,) in db.execute("SELECT name FROM meta")] == ["complete", "identity"]
        assert db.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)


async def test_an_event_that_went_on_while_its_time_was_erased_does_not_come_back(store: AnyStore) -> None:
    await noted(store, an_event(0, 10))
    await store.retention.erase_span(CAMERA, 0, NOON_MS + 10_000, "owner", NOON_MS + 10_000)
    await noted(store, an_event(0, 30))
    later = an_event(40)
    await noted(store, later)
    assert await everything(store) == [later]
