"""Takes segments out of the index in one transaction: rows to garbage, a line in the ledger, the horizon."""

# ruff: noqa: S608 - only constants of our own are put into these statements

import sqlite3
from collections.abc import Collection
from dataclasses import astuple, dataclass

from backsight_agent.adapters.store.schema import (
    INIT_FILE,
    SEGMENT_FILE,
    UNSENT_SINCE,
    UPLOADED,
    camera_of,
    number_of,
)
from backsight_agent.adapters.store.unsent import count_unsent
from backsight_agent.domain.ledger import Erasure, Reason, merged
from backsight_agent.ports import Erased
from backsight_shared.event import LONGEST_EVENT_MS
from backsight_shared.segment import Segment

_LINE = "camera, reason, first_at_ms, last_at_ms, from_ms, to_ms, count, size_bytes, unsent"

_TO_GARBAGE = f"INSERT OR IGNORE INTO garbage (camera, kind, ms) SELECT camera, {SEGMENT_FILE}, start_ms"

_DATED = "run_ms NOT IN (SELECT run_ms FROM undated WHERE camera = :camera)"

# Ends are close behind starts, so the rows lie together in the table: no detour through the index by end.
_EXPIRED = f"FROM segment WHERE camera = :camera AND start_ms < :horizon AND +end_ms <= :horizon AND {_DATED}"
_EVENTS_EXPIRED = """DELETE FROM event
    WHERE camera = :camera AND start_ms < :horizon AND end_ms <= :horizon AND boot IS NULL"""

# No segment is longer than a minute, no event longer than an hour.
# What is not dated is not where it seems to be: it is looked at when it comes to where it was.
_IN_SPAN = f"""FROM segment WHERE camera = :camera AND start_ms > :from - 60000 AND start_ms < :to
    AND +end_ms > :from AND {_DATED}"""
_EVENTS_IN_SPAN = f"""DELETE FROM event WHERE camera = :camera AND start_ms > :from - {LONGEST_EVENT_MS}
    AND start_ms < :to AND end_ms > :from AND boot IS NULL"""

_IS_ERASED = """
SELECT 1 FROM erased_span WHERE camera = :camera AND from_ms < :end AND to_ms > :start
    AND NOT EXISTS (SELECT 1 FROM undated WHERE camera = :camera AND run_ms = :run) LIMIT 1
"""

_OWNED = """FROM segment WHERE camera = :camera AND run_ms = :run AND start_ms >= :run AND EXISTS
    (SELECT 1 FROM erased_span WHERE camera = :camera AND from_ms < segment.end_ms AND to_ms > start_ms)"""

_OLDEST = """FROM segment WHERE camera = :camera AND start_ms <= :last
    AND (upload = :uploaded OR :uploaded IS NULL)"""

_EVER_MS = 2**62

Values = dict[str, int | None]


@dataclass(frozen=True, slots=True)
class Erasing:
    """Whose segments leave, why and when; runs that are `in_use` stay, though they be empty."""

    camera: str
    reason: str
    now_ms: int
    in_use: Collection[int]


def erase_until(db: sqlite3.Connection, erasing: Erasing, horizon_ms: int) -> Erased:
    """Every dated segment and event with `end <= horizon`, and the runs that are empty then."""
    gone: Values = {"camera": number_of(erasing.camera), "horizon": horizon_ms}
    _reach(db, gone)
    erased = _erase(db, erasing, _EXPIRED, gone)
    db.execute(_EVENTS_EXPIRED, gone)
    return erased


def erase_span(db: sqlite3.Connection, erasing: Erasing, from_ms: int, to_ms: int) -> Erased:
    """Every segment and event that overlaps the span, now and whatever of it is finished, or dated, later."""
    gone: Values = {"camera": number_of(erasing.camera), "from": from_ms, "to": to_ms}
    db.execute("INSERT OR IGNORE INTO erased_span VALUES (:camera, :from, :to)", gone)
    db.execute(_EVENTS_IN_SPAN, gone)
    return _erase(db, erasing, _IN_SPAN, gone)


def erase_owned(db: sqlite3.Connection, erasing: Erasing, run_ms: int) -> Erased:
    """Of a run that has only now come to its moments, those that the owner has erased."""
    gone: Values = {"camera": number_of(erasing.camera), "run": run_ms}
    if db.execute("SELECT 1 FROM erased_span WHERE camera = :camera LIMIT 1", gone).fetchone() is None:
        return Erased()
    return _erase(db, erasing, _OWNED, gone)


def evict(db: sqlite3.Connection, erasing: Erasing, wanted_bytes: int, *, uploaded_only: bool) -> Erased:
    """The oldest segments, as many as make so much room; none of those that the cloud lacks, if so wanted.

    What is not dated yet is the newest, whatever its moments say: it goes last.
    """
    number, uploaded = number_of(erasing.camera), UPLOADED if uploaded_only else None
    for which in (f"{_OLDEST} AND {_DATED}", _OLDEST):
        erased = _evict(db, erasing, wanted_bytes, which, {"camera": number, "uploaded": uploaded})
        if erased.count:
            return erased
    return Erased()


def _evict(db: sqlite3.Connection, erasing: Erasing, wanted_bytes: int, which: str, whose: Values) -> Erased:
    gone: Values = whose | {"last": _EVER_MS}
    made_bytes, last_ms = 0, None
    for start_ms, size_bytes in db.execute(f"SELECT start_ms, size_bytes {which} ORDER BY start_ms", gone):
        made_bytes, last_ms = made_bytes + size_bytes, start_ms
        if made_bytes >= wanted_bytes:
            break
    return Erased() if last_ms is None else _erase(db, erasing, which, gone | {"last": last_ms})


def is_erased(db: sqlite3.Connection, segment: Segment) -> bool:
    """Whether the owner has erased the time that a segment shows."""
    row = {"camera": number_of(segment.camera), "start": segment.start_ms, "end": segment.end_ms}
    return db.execute(_IS_ERASED, row | {"run": segment.run_ms}).fetchone() is not None


def take_erased(db: sqlite3.Connection, segment: Segment, now_ms: int) -> None:
    """A segment that was finished only after its time was erased: its file goes, and the ledger says so."""
    discard(db, [(number_of(segment.camera), SEGMENT_FILE, segment.start_ms)])
    write_line(db, _line(segment, Reason.OWNER, now_ms))


def take_unplayable(db: sqlite3.Connection, segment: Segment, now_ms: int) -> None:
    """A file that no init can play is worth nothing: it goes, and the ledger says lost."""
    discard(db, [(number_of(segment.camera), SEGMENT_FILE, segment.start_ms)])
    write_line(db, _line(segment, Reason.LOST, now_ms))


def _line(segment: Segment, reason: Reason, now_ms: int) -> Erasure:
    span = (segment.start_ms, segment.end_ms)
    return Erasure(segment.camera, reason.value, now_ms, now_ms, *span, 1, segment.size_bytes)


def _erase(db: sqlite3.Connection, erasing: Erasing, which: str, gone: Values) -> Erased:
    number = number_of(erasing.camera)
    runs = db.execute(
        f"SELECT run_ms, count(*), sum(size_bytes), min(start_ms), max(end_ms) {which} GROUP BY run_ms", gone
    ).fetchall()
    unsent = count_unsent(db, which, gone) if runs else 0
    if runs:
        db.execute(f"{_TO_GARBAGE} {which}", gone)
        db.execute(f"DELETE {which}", gone)
        _uncount(db, number, [(run_ms, count) for run_ms, count, *_ in runs])
    drop_empty_runs(db, number, erasing.in_use)
    if not runs:
        return Erased()
    _, counts, sizes, starts, ends = zip(*runs, strict=True)
    at_ms, span = erasing.now_ms, (min(starts), max(ends))
    what = sum(counts), sum(sizes), unsent
    write_line(db, Erasure(erasing.camera, erasing.reason, at_ms, at_ms, *span, *what))
    return Erased(*what)


def forget_rows(db: sqlite3.Connection, camera: str, rows: list[tuple[int, int, int, int]]) -> None:
    """Drop rows (start, end, run, size) whose files are not there."""
    number = number_of(camera)
    db.executemany(
        "DELETE FROM segment WHERE camera = ? AND start_ms = ?", [(number, row[0]) for row in rows]
    )
    _uncount(db, number, [(row[2], 1) for row in rows])


def drop_empty_runs(db: sqlite3.Connection, camera: int, in_use: Collection[int]) -> None:
    """Runs without a segment go with their inits; a run that is being written is not empty, but new."""
    empty = db.execute("SELECT run_ms FROM run WHERE camera = ? AND segments = 0", (camera,)).fetchall()
    keys = [(camera, run_ms) for (run_ms,) in empty if run_ms not in in_use]
    discard(db, [(camera, INIT_FILE, run_ms) for camera, run_ms in keys])
    db.executemany("DELETE FROM run WHERE camera = ? AND run_ms = ?", keys)


def discard(db: sqlite3.Connection, files: list[tuple[int, int, int]]) -> None:
    """Note files (camera, kind, ms) that are to be unlinked."""
    db.executemany("INSERT OR IGNORE INTO garbage (camera, kind, ms) VALUES (?, ?, ?)", files)


def write_line(db: sqlite3.Connection, line: Erasure) -> None:
    """Add to the ledger: to its last line of this camera where the two can be one."""
    camera = number_of(line.camera)
    last = db.execute(
        f"SELECT id, {_LINE} FROM erasure WHERE camera = ? ORDER BY id DESC LIMIT 1", (camera,)
    ).fetchone()
    joined = merged(line_of(last[1:]), line) if last else None
    values = (camera, *astuple(joined or line)[1:])
    if joined is None:
        db.execute(f"INSERT INTO erasure ({_LINE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    else:
        db.execute(
            f"UPDATE erasure SET ({_LINE}) = (?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?", (*values, last[0])
        )


def read_lines(
    db: sqlite3.Connection, camera: str, limit: int, span: tuple[int, int] | None = None
) -> list[Erasure]:
    """The newest lines of a camera, newest first; of a span those whose footage overlaps it."""
    from_ms, to_ms = span or (0, 2**62)
    (version,) = db.execute("PRAGMA user_version").fetchone()
    line = _LINE if version >= UNSENT_SINCE else _LINE.replace("unsent", "0")  # only read, not yet opened
    rows = db.execute(
        f"SELECT {line} FROM erasure WHERE camera = ? AND from_ms < ? AND to_ms > ? ORDER BY id DESC LIMIT ?",
        (number_of(camera), to_ms, from_ms, limit),
    )
    return [line_of(row) for row in rows]


def line_of(row: tuple[int, str, int, int, int, int, int, int, int]) -> Erasure:
    return Erasure(camera_of(row[0]), *row[1:])


def _reach(db: sqlite3.Connection, gone: Values) -> None:
    # What reaches a minute or an hour out of such a span may still be finished.
    over = f"DELETE FROM erased_span WHERE camera = :camera AND to_ms <= :horizon - {LONGEST_EVENT_MS}"
    db.execute(over, gone)
    db.execute(
        "INSERT INTO camera (camera, reached_ms) VALUES (:camera, :horizon) ON CONFLICT (camera)"
        " DO UPDATE SET reached_ms = max(coalesce(reached_ms, :horizon), :horizon)",
        gone,
    )


def _uncount(db: sqlite3.Connection, camera: int, runs: list[tuple[int, int]]) -> None:
    sql = "UPDATE run SET segments = max(0, segments - ?) WHERE camera = ? AND run_ms = ?"
    db.executemany(sql, [(count, camera, run_ms) for run_ms, count in runs])
