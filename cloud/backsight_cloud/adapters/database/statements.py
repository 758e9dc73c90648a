"""The few statements that SQLite and PostgreSQL spell alike, but SQLAlchemy keeps in two places."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Table, case, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")

MANY = 500  # values in one IN list at most


def insert(connection: AsyncConnection, table: Table) -> sqlite.Insert:
    """INSERT that knows ON CONFLICT. Both dialects have the same methods; we are typed by SQLite's."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    statement: Any = postgresql.insert(table)
    return statement  # type: ignore[no-any-return]


def day_of(connection: AsyncConnection, moment_ms: ColumnElement[int]) -> ColumnElement[str]:
    """The UTC day of a moment, like 20261124: `domain.keys` in the database's words."""
    if connection.dialect.name == "sqlite":
        return func.strftime("%Y%m%d", moment_ms // 1000, "unixepoch")
    return func.to_char(func.timezone("UTC", func.to_timestamp(moment_ms // 1000)), "YYYYMMDD")


def smaller(one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
    return case((one < other, one), else_=other)


def larger(one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
    return case((one > other, one), else_=other)


def batches(values: Iterable[T]) -> Iterable[Sequence[T]]:
    """The values in lists short enough for one statement."""
    rest = list(values)
    return (rest[start : start + MANY] for start in range(0, len(rest), MANY))
