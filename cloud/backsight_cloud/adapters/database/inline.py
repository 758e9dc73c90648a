"""SQLite right in the event loop's thread: for simulations, where nobody else waits, and a thread only costs.

It looks like a connection of aiosqlite to SQLAlchemy, as far as that uses one; what is awaited is done.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

BUSY_S = 15.0


def inline_creator(file: str) -> Callable[[], Awaitable[Any]]:
    """What SQLAlchemy calls for each connection."""

    async def create() -> InlineConnection:
        return InlineConnection(file)

    return create


class InlineConnection:
    """A connection whose calls block, and never wait."""

    def __init__(self, file: str) -> None:
        self._conn = self._connection = sqlite3.connect(file, timeout=BUSY_S)
        self._tx = self  # where SQLAlchemy leaves work for the thread: there is none

    def put_nowait(self, work: tuple["asyncio.Future[None]", Callable[[], None]]) -> None:
        future, function = work
        function()
        future.set_result(None)

    @property
    def isolation_level(self) -> str | None:
        return self._conn.isolation_level

    @isolation_level.setter
    def isolation_level(self, value: str | None) -> None:
        self._conn.isolation_level = value  # type: ignore[assignment]

    def cursor(self) -> "InlineCursor":
        return InlineCursor(self._conn.cursor())

    async def create_function(self, *arguments: Any, **more: Any) -> None:
        self._conn.create_function(*arguments, **more)

    async def commit(self) -> None:
        self._conn.commit()

    async def rollback(self) -> None:
        self._conn.rollback()

    async def close(self) -> None:
        self._conn.close()

    def stop(self) -> None:
        self._conn.close()


class InlineCursor:
    """The same for a cursor."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor
        self.arraysize = 1

    async def __aenter__(self) -> "InlineCursor":
        return self

    @property
    def description(self) -> Any:
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid

    async def execute(self, statement: str, values: Any = ()) -> None:
        self._cursor.execute(statement, values)

    async def executemany(self, statement: str, rows: Any) -> None:
        self._cursor.executemany(statement, rows)

    async def fetchall(self) -> list[Any]:
        return self._cursor.fetchall()

    async def fetchone(self) -> Any:
        return self._cursor.fetchone()

    async def close(self) -> None:
        self._cursor.close()
