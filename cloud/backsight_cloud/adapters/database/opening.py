"""Opens the cloud's database: the one way in, for the service and for each command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from backsight_cloud.adapters.database.answers import SqlAnswers
from backsight_cloud.adapters.database.billings import SqlBillings
from backsight_cloud.adapters.database.books import SqlBooks
from backsight_cloud.adapters.database.cameras import SqlCameras
from backsight_cloud.adapters.database.deletions import SqlDeletions
from backsight_cloud.adapters.database.engines import Engines, make_engines
from backsight_cloud.adapters.database.erasures import SqlErasing
from backsight_cloud.adapters.database.errors import queue_errors
from backsight_cloud.adapters.database.events import SqlEvents
from backsight_cloud.adapters.database.figures import SqlFigures
from backsight_cloud.adapters.database.footage import SqlFootage
from backsight_cloud.adapters.database.hubs import SqlHubs
from backsight_cloud.adapters.database.migrate import migrate
from backsight_cloud.adapters.database.orders import SqlOrders
from backsight_cloud.adapters.database.outbox import SqlOutbox
from backsight_cloud.adapters.database.papers import SqlPapers
from backsight_cloud.adapters.database.people import SqlPeople
from backsight_cloud.adapters.database.proofs import SqlSecondFactors, SqlTokens
from backsight_cloud.adapters.database.publications import SqlPublications
from backsight_cloud.adapters.database.shares import SqlShares
from backsight_cloud.ports import Database, Transaction


@asynccontextmanager
async def open_database(url: str, *, durable: bool = True) -> AsyncIterator[Database]:
    """The database at `sqlite+aiosqlite:///FILE`, brought to this version's shape; closed on leaving.

    Several processes may have it open. Not `durable`: for what is thrown away anyhow.
    Raises DatabaseUnavailable, DatabaseDamaged, NewerDatabase or NoFolder.
    """
    engines = make_engines(url, durable=durable)
    try:
        with queue_errors():
            await migrate(engines.writer)
        yield SqlDatabase(engines)
    finally:
        await engines.close()


class SqlDatabase:
    """Implements the port `Database`."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        async with _transaction(self._engines.writer) as transaction:
            yield transaction

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        async with _transaction(self._engines.reader) as transaction:
            yield transaction


@asynccontextmanager
async def _transaction(engine: AsyncEngine) -> AsyncIterator[Transaction]:
    with queue_errors():
        async with engine.begin() as connection:
            yield _repositories(connection)


def _repositories(connection: AsyncConnection) -> Transaction:
    return Transaction(
        people=SqlPeople(connection),
        tokens=SqlTokens(connection),
        factors=SqlSecondFactors(connection),
        shares=SqlShares(connection),
        hubs=SqlHubs(connection),
        cameras=SqlCameras(connection),
        footage=SqlFootage(connection),
        events=SqlEvents(connection),
        erasing=SqlErasing(connection),
        deletions=SqlDeletions(connection),
        publications=SqlPublications(connection),
        outbox=SqlOutbox(connection),
        figures=SqlFigures(connection),
        answers=SqlAnswers(connection),
        billings=SqlBillings(connection),
        orders=SqlOrders(connection),
        books=SqlBooks(connection),
        papers=SqlPapers(connection),
    )
