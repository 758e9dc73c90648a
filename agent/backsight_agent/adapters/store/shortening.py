"""Keeps the ledger short: its old lines by day."""

# ruff: noqa: S608 - only constants of our own are put into these statements

import sqlite3
from dataclasses import astuple, fields
from functools import reduce

from backsight_agent.adapters.store.erasing import line_of
from backsight_agent.domain.ledger import Erasure, day_of, joined

_CAMERA, *_OTHERS = [field.name for field in fields(Erasure)]  # the columns are called as the values are
_COLUMNS = ", ".join(_OTHERS)
_VALUES = ", ".join("?" for _ in _OTHERS)


def shorten_ledger(db: sqlite3.Connection, before_ms: int) -> int:
    """Lines that ended before that moment become one for each day; how many were taken into others."""
    sql = f"SELECT id, {_CAMERA}, {_COLUMNS} FROM erasure WHERE last_at_ms < ? ORDER BY id"
    old = db.execute(sql, (before_ms,))
    days: dict[tuple[str, str, int], list[tuple[int, Erasure]]] = {}
    for number, *row in old.fetchall():
        line = line_of(tuple(row))
        days.setdefault(day_of(line), []).append((number, line))
    for lines in days.values():
        if len(lines) > 1:
            _join(db, lines)
    return sum(len(lines) - 1 for lines in days.values())


def _join(db: sqlite3.Connection, lines: list[tuple[int, Erasure]]) -> None:
    """Into the last of them, so that the ledger stays in its order."""
    *others, last = [number for number, _ in lines]
    whole = reduce(joined, [line for _, line in lines])
    db.execute(f"UPDATE erasure SET ({_COLUMNS}) = ({_VALUES}) WHERE id = ?", (*astuple(whole)[1:], last))
    db.executemany("DELETE FROM erasure WHERE id = ?", [(number,) for number in others])
