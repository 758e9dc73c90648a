"""What was noticed is kept once, read only by its owner above the horizon, and leaves with the history."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.ports import Database, OwnerMissing
from backsight_shared.event import LONGEST_EVENT_MS, Event, EventKind
from fakes.clock import NOON_MS
from fakes.database import FakeDatabase
from fakes.household import ANNA, BERT, DOOR, FOREIGN, HOUR_MS, YARD, a_camera, an_event, move_in

EVER = (0, NOON_MS + 1000 * HOUR_MS)


@pytest.fixture(params=["fake", "sqlite"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    if request.param == "fake":
        fake = FakeDatabase()
        await move_in(fake)
        yield fake
        return
    async with open_database(f"sqlite+aiosqlite:///{tmp_path}/cloud.db") as opened:
        await move_in(opened)
        yield opened


async def noted(database: Database, *events: Event, account: str = ANNA) -> None:
    async with database.begin() as tx:
        await tx.events.note(account, events)


async def seen(
    database: Database,
    account: str = ANNA,
    camera: str = DOOR,
    span: tuple[int, int] = EVER,
    horizon_ms: int | None = None,
) -> Sequence[Event]:
    async with database.read() as tx:
        return await tx.events.between(account, camera, *span, horizon_ms)


async def test_events_come_back_in_order_of_start_however_they_came_in(database: Database) -> None:
    await noted(database, an_event(60), an_event(0))
    assert await seen(database) == [an_event(0), an_event(60)]


async def test_an_event_that_went_on_is_one_event_with_the_later_end_and_the_higher_score(
    database: Database,
) -> None:
    await noted(database, an_event(0, 10))
    await noted(database, replace(an_event(0, 30), score=20))
    assert await seen(database) == [replace(an_event(0, 30), score=50)]


async def test_a_renewal_that_comes_late_changes_nothing(database: Database) -> None:
    await noted(database, an_event(0, 30))
    await noted(database, an_event(0, 10))
    assert await seen(database) == [an_event(0, 30)]


async def test_two_kinds_at_one_moment_are_two_events(database: Database) -> None:
    await noted(database, an_event(), an_event(kind=EventKind.PERSON))
    assert [event.kind for event in await seen(database)] == [EventKind.MOTION, EventKind.PERSON]


async def test_nobody_reads_another_account_s_events(database: Database) -> None:
    await noted(database, an_event())
    assert await seen(database, account=BERT) == []
    assert await seen(database, camera=YARD) == []


async def test_nobody_renews_another_account_s_event(database: Database) -> None:
    await noted(database, an_event(0, 10))
    await noted(database, an_event(0, 3000), account=BERT)
    assert await seen(database) == [an_event(0, 10)]


async def test_an_event_of_no_camera_is_refused(database: Database) -> None:
    with pytest.raises(OwnerMissing):
        await noted(database, an_event(camera="000000000000"))


@pytest.mark.parametrize(
    ("from_s", "to_s", "found"), [(-5, 0, False), (-5, 1, True), (9, 20, True), (10, 20, False)]
)
async def test_an_event_is_found_where_it_overlaps(
    database: Database, from_s: int, to_s: int, found: bool
) -> None:
    await noted(database, an_event(0, 10))
    span = (NOON_MS + from_s * 1000, NOON_MS + to_s * 1000)
    assert bool(await seen(database, span=span)) is found


async def test_the_longest_event_is_found_at_its_end(database: Database) -> None:
    event = an_event(0, LONGEST_EVENT_MS / 1000)
    await noted(database, event)
    assert await seen(database, span=(event.end_ms - 1, event.end_ms)) == [event]


async def test_an_event_is_masked_when_the_horizon_reaches_its_end(database: Database) -> None:
    event = an_event()
    await noted(database, event)
    assert await seen(database, horizon_ms=event.end_ms - 1) == [event]
    assert await seen(database, horizon_ms=event.end_ms) == []


async def test_an_event_leaves_with_the_history_around_it_and_no_other_does(database: Database) -> None:
    gone, stays, foreign = an_event(0, 10), an_event(5, 10), an_event(0, 10, FOREIGN)
    await noted(database, gone, stays)
    await noted(database, foreign, account=BERT)
    for _ in range(2):
        async with database.begin() as tx:
            await tx.footage.erase_until(a_camera(), gone.end_ms, "expired", gone.end_ms)
    assert await seen(database) == [stays]
    assert await seen(database, BERT, FOREIGN) == [foreign]


async def test_no_events_at_all_are_no_trouble(database: Database) -> None:
    await noted(database)
    assert await seen(database) == []
