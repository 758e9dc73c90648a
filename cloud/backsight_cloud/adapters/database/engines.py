"""Opens connections that behave: one writer at a time, readers beside it, everything durable."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from backsight_cloud.adapters.database.errors import NoFolder, translate_errors
from backsight_cloud.adapters.database.inline import inline_creator

BUSY_S = 15.0  # seconds that one process waits for another one's transaction
QUEUE_S = 20.0  # seconds that a task waits for a connection
READERS = 4  # connections, each with a thread

# The page cache is in kibibytes when negative. Everything that was committed survives a power cut.
_PRAGMAS = ("foreign_keys = ON", "synchronous = FULL", "cache_size = -16000", "temp_store = MEMORY")


@dataclass(frozen=True, slots=True)
class Engines:
    """Separate pools, so that a queue of writers never holds up a reader."""

    writer: AsyncEngine
    reader: AsyncEngine

    async def close(self) -> None:
        await self.reader.dispose()
        await self.writer.dispose()


def make_engines(url: str, *, durable: bool = True) -> Engines:
    """Engines for `sqlite+aiosqlite:///FILE` or a PostgreSQL address; not opened yet. Raises NoFolder.

    Not `durable`: SQLite without a thread, and what a power cut takes is gone; for what is thrown away.
    """
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite_engines(url, durable=durable)
    writer = create_async_engine(url, pool_timeout=QUEUE_S)
    reader = create_async_engine(
        url, pool_timeout=QUEUE_S, execution_options={"isolation_level": "REPEATABLE READ"}
    )
    translate_errors(writer.sync_engine)
    translate_errors(reader.sync_engine)
    return Engines(writer, reader)


def _sqlite_engines(url: str, *, durable: bool) -> Engines:
    file = make_url(url).database
    if file and not Path(file).parent.is_dir():
        raise NoFolder(f"the database's folder {Path(file).parent} does not exist")
    common: dict[str, Any] = {"connect_args": {"timeout": BUSY_S}, "pool_timeout": QUEUE_S, "max_overflow": 0}
    if not durable:
        common |= {"async_creator": inline_creator(str(file))}
    writer = create_async_engine(url, pool_size=1, **common)
    reader = create_async_engine(url, pool_size=READERS, **common)
    pragmas = _PRAGMAS if durable else (*_PRAGMAS, "synchronous = OFF")
    # IMMEDIATE: two transactions that read and then write would otherwise lose updates or deadlock.
    _set_up(writer.sync_engine, "BEGIN IMMEDIATE", ("journal_mode = WAL", *pragmas))
    _set_up(reader.sync_engine, "BEGIN DEFERRED", (*pragmas, "query_only = ON"))
    return Engines(writer, reader)


def _set_up(engine: Engine, begin: str, pragmas: tuple[str, ...]) -> None:
    translate_errors(engine)

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself: we do, below
        try:
            for pragma in pragmas:
                cursor = connection.cursor()
                cursor.execute(f"PRAGMA {pragma}")
                cursor.close()
        except BaseException:
            connection.close()  # else its thread would live on, and the process with it
            raise

    @event.listens_for(engine, "begin")
    def _begun(connection: Any) -> None:
        connection.exec_driver_sql(begin)
