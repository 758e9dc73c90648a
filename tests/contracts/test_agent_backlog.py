"""What the uploader may rely on in a hub's store where much waits: the real one and the fake."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backsight_agent.adapters.store.opening import Store, open_store
from backsight_shared.entitlement import UploadPolicy
from backsight_shared.event import Event, EventKind, Origin
from backsight_shared.segment import Run, Segment
from fakes.clock import NOON_MS, FakeClock
from fakes.store import FakeStore

CAMERA, OTHER = "74fece010203", "3c52a1000001"
PRE_MS, POST_MS = 5_000, 10_000
AnyStore = Store | FakeStore


@pytest.fixture(params=["fake", "real"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AnyStore]:
    if request.param == "fake":
        yield FakeStore()
    else:
        async with open_store(tmp_path, FakeClock()) as opened:
            yield opened


async def segments(store: AnyStore, count: int, at_ms: int = NOON_MS, camera: str = CAMERA) -> list[Segment]:
    run, found = Run(camera, at_ms), []
    await store.recordings.begin_run(run, b"init")
    for number in range(count):
        file = await store.recordings.begin_segment(run, number, at_ms + number * 10_000)
        await file.append(b"video")
        found.append(await file.finish(at_ms + (number + 1) * 10_000))
    return found


async def an_event(
    store: AnyStore, shown: Segment, kind: EventKind = EventKind.MOTION, length_ms: int = 2_000
) -> Event:
    """In the middle of a segment: those next to it belong to it as well."""
    start_ms = shown.start_ms + 4_000
    event = Event(shown.camera, start_ms, start_ms + length_ms, kind, Origin.HUB)
    await store.events.note(event)
    return event


async def newest(store: AnyStore, limit: int = 100, camera: str = CAMERA) -> list[Segment]:
    return list(await store.backlog.newest_of_events(camera, PRE_MS, POST_MS, limit))


async def oldest(store: AnyStore, limit: int = 100) -> list[Segment]:
    return list(await store.backlog.oldest_of_events(CAMERA, PRE_MS, POST_MS, limit))


# ---------------------------------------------------------------- around events


async def test_around_an_event_is_what_shows_it_and_a_little_before_and_after(store: AnyStore) -> None:
    found = await segments(store, 10)
    await an_event(store, found[5])
    assert await newest(store) == await oldest(store) == found[4:7]


async def test_without_events_nothing_is_around_them(store: AnyStore) -> None:
    await segments(store, 3)
    assert await newest(store) == await oldest(store) == []


async def test_the_newest_event_comes_first_and_each_in_order(store: AnyStore) -> None:
    found = await segments(store, 20)
    await an_event(store, found[3])
    await an_event(store, found[12])
    assert await newest(store) == [*found[11:14], *found[2:5]]


async def test_where_the_oldest_is_asked_for_it_comes_first(store: AnyStore) -> None:
    found = await segments(store, 20)
    await an_event(store, found[12])
    await an_event(store, found[3])
    assert await oldest(store) == [*found[2:5], *found[11:14]]


async def test_what_shows_two_events_comes_once(store: AnyStore) -> None:
    found = await segments(store, 10)
    await an_event(store, found[5])
    await an_event(store, found[5], EventKind.PERSON)
    await an_event(store, found[6])
    assert await newest(store) == [*found[5:8], found[4]]
    assert await oldest(store) == found[4:8]


async def test_no_more_come_than_are_asked_for(store: AnyStore) -> None:
    found = await segments(store, 20)
    await an_event(store, found[3])
    await an_event(store, found[12])
    assert await newest(store, 1) == [found[11]]
    assert await newest(store, 4) == [*found[11:14], found[2]]
    assert await oldest(store, 2) == found[2:4]


async def test_what_is_uploaded_or_refused_does_not_come_again(store: AnyStore) -> None:
    found = await segments(store, 10)
    await an_event(store, found[5])
    await store.backlog.mark_uploaded([found[4]])
    await store.backlog.mark_refused(found[5], "too large")
    assert await newest(store) == await oldest(store) == [found[6]]


async def test_a_segment_that_is_finished_after_its_event_was_looked_for_comes_too(store: AnyStore) -> None:
    (first,) = await segments(store, 1, NOON_MS - 60_000)
    await an_event(store, first)
    await store.backlog.mark_uploaded([first])
    assert await newest(store) == []
    (second,) = await segments(store, 1, NOON_MS - 50_000)
    assert await newest(store) == [second]


async def test_an_event_that_is_noted_after_its_segments_makes_them_come(store: AnyStore) -> None:
    found = await segments(store, 10)
    assert await newest(store) == []
    await an_event(store, found[5])
    assert await newest(store) == found[4:7]


async def test_an_event_that_goes_on_takes_in_what_follows(store: AnyStore) -> None:
    found = await segments(store, 10)
    await an_event(store, found[2])
    await store.backlog.mark_uploaded(found[:4])
    assert await newest(store) == []
    await an_event(store, found[2], length_ms=20_000)
    assert await newest(store) == found[4:6]


async def test_one_cameras_events_do_not_concern_another(store: AnyStore) -> None:
    found = await segments(store, 3)
    await segments(store, 3, camera=OTHER)
    await an_event(store, found[1])
    assert await newest(store, camera=OTHER) == []


async def test_what_was_erased_with_its_event_comes_no_more(store: AnyStore) -> None:
    found = await segments(store, 10)
    await an_event(store, found[5])
    await store.retention.erase_until(CAMERA, found[7].end_ms, "expired", NOON_MS)
    assert await newest(store) == []


# ---------------------------------------------------------------- what never got there


async def test_what_left_before_the_cloud_had_it_is_counted_in_the_ledger(store: AnyStore) -> None:
    found = await segments(store, 5)
    await store.backlog.is_meant(CAMERA, "all")
    await store.backlog.mark_uploaded(found[:1])
    await store.backlog.mark_refused(found[1], "too large")
    erased = await store.retention.erase_until(CAMERA, found[3].end_ms, "expired", NOON_MS)
    (line,) = await store.history.erasures(CAMERA, 10)
    assert (erased.count, erased.unsent, line.unsent) == (4, 2, 2)
    assert await store.backlog.missed() == {CAMERA: 2}


async def test_what_the_cloud_was_the_first_to_call_expired_is_missed_too(store: AnyStore) -> None:
    found = await segments(store, 3)
    await store.backlog.is_meant(CAMERA, "all")
    await store.backlog.mark_refused(found[0], "expired")
    await store.retention.erase_until(CAMERA, found[0].end_ms, "expired", NOON_MS)
    assert await store.backlog.missed() == {CAMERA: 1}


async def test_lines_that_become_one_add_up_what_they_miss(store: AnyStore) -> None:
    found = await segments(store, 3)
    await store.backlog.is_meant(CAMERA, "all")
    for segment in found:
        await store.retention.erase_until(CAMERA, segment.end_ms, "expired", NOON_MS)
    (line,) = await store.history.erasures(CAMERA, 10)
    assert line.unsent == 3


@pytest.mark.parametrize(("policy", "number"), [("all", 8), ("events", 3), ("off", 0), (None, 0)])
async def test_only_what_was_meant_for_the_cloud_is_missed(
    store: AnyStore, policy: UploadPolicy | None, number: int
) -> None:
    found = await segments(store, 10)
    await an_event(store, found[5])
    await store.backlog.is_meant(CAMERA, "all")
    await store.backlog.is_meant(CAMERA, policy)
    await store.retention.erase_until(CAMERA, found[7].end_ms, "expired", NOON_MS)
    assert (await store.backlog.missed()).get(CAMERA, 0) == number


@pytest.mark.parametrize(("reason", "number"), [("expired", 2), ("disk_full", 2), ("plan_changed", 0)])
async def test_what_a_smaller_plan_took_is_not_missed(store: AnyStore, reason: str, number: int) -> None:
    found = await segments(store, 2)
    await store.backlog.is_meant(CAMERA, "all")
    await store.retention.erase_until(CAMERA, found[1].end_ms, reason, NOON_MS)
    assert (await store.backlog.missed()).get(CAMERA, 0) == number


async def test_where_nothing_was_said_of_a_camera_nothing_is_missed(store: AnyStore) -> None:
    found = await segments(store, 2)
    await store.retention.erase_until(CAMERA, found[1].end_ms, "expired", NOON_MS)
    assert await store.backlog.missed() == {}
