"""What waits is counted by the database itself: exactly, over restarts, at the same cost at any number."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backsight_agent.adapters.store import around
from backsight_agent.adapters.store.around import Walk
from backsight_agent.adapters.store.opening import open_store
from backsight_agent.adapters.store.schema import ensure_schema
from backsight_agent.adapters.store.waiting import counts, follow
from backsight_shared.event import Event, EventKind, Origin
from backsight_shared.segment import Run, Segment
from fakes.clock import NOON_MS, FakeClock

CAMERA = "74fece010203"
NUMBER = int(CAMERA, 16)


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    with closing(a_database()) as opened:
        yield opened


def a_database() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    ensure_schema(db)
    follow(db)
    return db


def add(db: sqlite3.Connection, number: int, upload: int = 0, run_ms: int = 0) -> None:
    row = (NUMBER, number * 10_000, number * 10_000 + 10_000, run_ms, number, 100, upload)
    db.execute("INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", row)


def note(db: sqlite3.Connection, start_ms: int, end_ms: int) -> None:
    columns = "camera, start_ms, end_ms, kind, origin, score"
    sql = f"INSERT INTO event ({columns}) VALUES (?, ?, ?, 'motion', 'hub', 0)"
    db.execute(sql, (NUMBER, start_ms, end_ms))


def walk(db: sqlite3.Connection, limit: int = 100, *, newest_first: bool = True) -> list[int]:
    """The numbers of the segments that are found."""
    one = Walk(NUMBER, 5_000, 10_000, limit, newest_first)
    while not one.ended:
        one.step(db)
    return [row[1] // 10_000 for row in one.rows]


def left_to_look_at(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM temp.unsettled").fetchone()[0])


async def test_a_restart_counts_the_same(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        run = Run(CAMERA, NOON_MS)
        await store.recordings.begin_run(run, b"init")
        found: list[Segment] = []
        for number in range(5):
            file = await store.recordings.begin_segment(run, number, NOON_MS + number * 10_000)
            await file.append(b"video")
            found.append(await file.finish(NOON_MS + (number + 1) * 10_000))
        await store.events.note(
            Event(CAMERA, NOON_MS + 34_000, NOON_MS + 36_000, EventKind.MOTION, Origin.HUB)
        )
        await store.backlog.mark_uploaded(found[:2])
    async with open_store(tmp_path, FakeClock()) as store:
        assert await store.backlog.counts() == {CAMERA: 3}
        assert list(await store.backlog.newest_of_events(CAMERA, 5_000, 10_000, 9)) == found[2:5]


async def test_what_was_missed_is_known_after_a_restart(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        run = Run(CAMERA, NOON_MS)
        await store.recordings.begin_run(run, b"init")
        await store.backlog.is_meant(CAMERA, "all")
        file = await store.recordings.begin_segment(run, 0, NOON_MS)
        await file.append(b"video")
        await file.finish(NOON_MS + 10_000)
    async with open_store(tmp_path, FakeClock()) as store:
        await store.retention.erase_until(CAMERA, NOON_MS + 10_000, "expired", NOON_MS)
    async with open_store(tmp_path, FakeClock()) as store:
        assert await store.backlog.missed() == {CAMERA: 1}


def test_a_transaction_that_is_undone_counts_nothing(db: sqlite3.Connection) -> None:
    add(db, 1)
    db.execute("BEGIN")
    add(db, 2)
    db.execute("DELETE FROM segment")
    assert counts(db) == {}
    db.execute("ROLLBACK")
    assert counts(db) == {CAMERA: 1}


def test_segments_that_are_dated_anew_are_found_around_the_events_there(db: sqlite3.Connection) -> None:
    add(db, 1)
    note(db, 500_000, 502_000)
    assert walk(db) == []
    db.execute("UPDATE segment SET start_ms = 500000, end_ms = 510000")
    assert walk(db) == [50]
    assert counts(db) == {CAMERA: 1}


def test_an_event_that_is_dated_anew_is_found_where_it_is(db: sqlite3.Connection) -> None:
    add(db, 1)
    add(db, 50)
    note(db, 14_000, 15_000)
    assert walk(db) == [1]
    db.execute("UPDATE event SET start_ms = 504000, end_ms = 505000")
    assert walk(db) == [50]


def test_nothing_is_sent_of_a_run_whose_time_is_not_known(db: sqlite3.Connection) -> None:
    add(db, 1, run_ms=7)
    note(db, 14_000, 15_000)
    db.execute("INSERT INTO undated (camera, run_ms, boot, offset_ms) VALUES (?, 7, 'boot', 0)", (NUMBER,))
    assert walk(db) == []
    db.execute("DELETE FROM undated")
    assert walk(db) == [1]


def test_an_event_whose_segments_are_all_there_is_looked_at_once_more_and_never_again(
    db: sqlite3.Connection,
) -> None:
    for number in range(2_000):
        add(db, number, upload=1)
        note(db, number * 10_000 + 1_000, number * 10_000 + 2_000)
    assert left_to_look_at(db) == 2_000
    assert walk(db) == []
    assert left_to_look_at(db) == 0


def test_a_look_takes_the_index_for_a_moment_only(db: sqlite3.Connection) -> None:
    for number in range(2_000):
        note(db, number * 10_000 + 1_000, number * 10_000 + 2_000)
    one = Walk(NUMBER, 5_000, 10_000, 32, newest_first=True)
    one.step(db)
    assert left_to_look_at(db) == 2_000 - around._EVENTS_AT_A_TIME
    assert not one.ended


def test_the_questions_are_answered_by_the_index_of_what_waits(db: sqlite3.Connection) -> None:
    values = {"camera": 1, "begin": 0, "end": 1, "limit": 1}
    (step,) = db.execute(f"EXPLAIN QUERY PLAN {around._SHOWING}", values).fetchall()
    assert step[3] == "SEARCH segment USING INDEX segment_waiting (camera=? AND start_ms>? AND start_ms<?)"


def naive(db: sqlite3.Connection, *, newest_first: bool) -> list[int]:
    events = db.execute("SELECT start_ms, end_ms FROM event ORDER BY start_ms, end_ms").fetchall()
    waiting = db.execute("SELECT start_ms, end_ms FROM segment WHERE upload = 0 ORDER BY start_ms").fetchall()
    found = [
        start // 10_000
        for begin, end in (reversed(events) if newest_first else events)
        for start, stop in waiting
        if stop > begin - 5_000 and start < end + 10_000
    ]
    return list(dict.fromkeys(found))


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 60))
def test_whatever_is_done_the_count_and_what_is_around_events_are_right(
    chance: random.Random, number: int
) -> None:
    with closing(a_database()) as db:
        for _ in range(number):
            _do_something(db, chance)
            if chance.random() < 0.3:
                assert walk(db) == naive(db, newest_first=True)
                assert sorted(walk(db, newest_first=False)) == sorted(naive(db, newest_first=False))
        (waiting,) = db.execute("SELECT count(*) FROM segment WHERE upload = 0").fetchone()
        assert counts(db).get(CAMERA, 0) == waiting
        assert walk(db) == naive(db, newest_first=True)


def _do_something(db: sqlite3.Connection, chance: random.Random) -> None:
    place, what = chance.randrange(40), chance.random()
    if what < 0.4:
        db.execute("DELETE FROM segment WHERE start_ms = ?", (place * 10_000,))
        add(db, place, upload=chance.choice([0, 0, 0, 1]))
    elif what < 0.6:
        db.execute("DELETE FROM event WHERE start_ms = ?", (place * 10_000 + 3_000,))
        note(db, place * 10_000 + 3_000, place * 10_000 + 3_000 + chance.randrange(1, 90_000))
    elif what < 0.8:
        values = (chance.choice([0, 1, 2]), place * 10_000)
        db.execute("UPDATE segment SET upload = ? WHERE start_ms = ?", values)
    elif what < 0.9:
        db.execute("DELETE FROM segment WHERE end_ms <= ?", (place * 10_000,))
    else:
        db.execute("UPDATE event SET end_ms = end_ms + 20000 WHERE start_ms = ?", (place * 10_000 + 3_000,))
