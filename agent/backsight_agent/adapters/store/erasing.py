"""Takes segments out of the index in one transaction: rows to garbage, a line in the ledger, the horizon."""

# ruff: noqa: S608 - only constants of our own are put into these statements

import sqlite3
from collections.abc import Collection
from dataclasses import astuple

from backsight_agent.adapters.store.schema import INIT_FILE, SEGMENT_FILE, camera_of, number_of
from backsight_agent.domain.ledger import Erasure, merged
from backsight_agent.ports import Erased

_LINE = "camera, reason, first_at_ms, last_at_ms, from_ms, to_ms, count, size_bytes"

_TO_GARBAGE = f"INSERT OR IGNORE INTO garbage (camera, kind, ms) SELECT camera, {SEGMENT_FILE}, start_ms"

# Ends are close behind starts, so the rows lie together in the table: no detour through the index by end.
_GONE = "FROM segment WHERE camera = :camera AND start_ms < :horizon AND +end_ms <= :horizon"

_EVENTS_GONE = "DELETE FROM event WHERE camera = :camera AND start_ms < :horizon AND end_ms <= :horizon"


def erase_until(
    db: sqlite3.Connection, camera: str, horizon_ms: int, reason: str, now_ms: int, in_use: Collection[int]
) -> Erased:
    """Every segment and event with `end <= horizon`, and the runs that are empty then and not in use."""
    gone = {"camera": number_of(camera), "horizon": horizon_ms}
    runs = db.execute(
        f"SELECT run_ms, count(*), sum(size_bytes), min(start_ms), max(end_ms) {_GONE} GROUP BY run_ms", gone
    ).fetchall()
    _reach(db, gone)
    db.execute(_EVENTS_GONE, gone)
    if runs:
        db.execute(f"{_TO_GARBAGE} {_GONE}", gone)
        db.execute(f"DELETE {_GONE}", gone)
        _uncount(db, number_of(camera), [(run_ms, count) for run_ms, count, *_ in runs])
    drop_empty_runs(db, number_of(camera), in_use)
    if not runs:
        return Erased()
    _, counts, sizes, starts, ends = zip(*runs, strict=True)
    line = Erasure(camera, reason, now_ms, now_ms, min(starts), max(ends), sum(counts), sum(sizes))
    write_line(db, line)
    return Erased(line.count, line.size_bytes)


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
        db.execute(f"INSERT INTO erasure ({_LINE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
    else:
        db.execute(
            f"UPDATE erasure SET ({_LINE}) = (?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?", (*values, last[0])
        )


def read_lines(db: sqlite3.Connection, camera: str, limit: int) -> list[Erasure]:
    """The newest lines of a camera, newest first."""
    rows = db.execute(
        f"SELECT {_LINE} FROM erasure WHERE camera = ? ORDER BY id DESC LIMIT ?", (number_of(camera), limit)
    )
    return [line_of(row) for row in rows]


def line_of(row: tuple[int, str, int, int, int, int, int, int]) -> Erasure:
    return Erasure(camera_of(row[0]), *row[1:])


def _reach(db: sqlite3.Connection, gone: dict[str, int]) -> None:
    db.execute(
        "INSERT INTO camera (camera, reached_ms) VALUES (:camera, :horizon) ON CONFLICT (camera)"
        " DO UPDATE SET reached_ms = max(coalesce(reached_ms, :horizon), :horizon)",
        gone,
    )


def _uncount(db: sqlite3.Connection, camera: int, runs: list[tuple[int, int]]) -> None:
    sql = "UPDATE run SET segments = max(0, segments - ?) WHERE camera = ? AND run_ms = ?"
    db.executemany(sql, [(count, camera, run_ms) for run_ms, count in runs])
