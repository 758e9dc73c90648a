"""The ledger and the documents in the database. Numbers have no gaps: they are counted in the transaction."""

import json
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from backsight_cloud.adapters.database.statements import batches, insert
from backsight_cloud.adapters.database.tables_billing import COUNTER, DOCUMENT, ENTRY, POSTING
from backsight_cloud.billing_ports import Line, Written
from backsight_cloud.domain.billing.sheet import Book, Document, Entry
from backsight_shared import shapes

_LETTER = {"invoice": "", "credit_note": "C"}  # before the number


class SqlBooks:
    """Implements the port `Books`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def write(self, account: str, at_ms: int, entries: Sequence[Entry]) -> None:
        for entry in entries:
            row = {"account": account, "at_ms": at_ms, "text": entry.text, "order_key": entry.order}
            done = await self._connection.execute(ENTRY.insert().values(row))
            (number,) = done.inserted_primary_key or (None,)
            postings = [{"entry": number, "book": book.value, "cents": c} for book, c in entry.postings]
            await self._connection.execute(POSTING.insert(), postings)

    async def balances(self, account: str | None = None) -> dict[Book, int]:
        wanted = select(POSTING.c.book, func.sum(POSTING.c.cents)).group_by(POSTING.c.book)
        if account is not None:
            wanted = wanted.join(ENTRY, ENTRY.c.id == POSTING.c.entry).where(ENTRY.c.account == account)
        return {Book(book): int(cents) for book, cents in await self._connection.execute(wanted)}

    async def card_by_order(self, orders: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for some in batches(orders):
            wanted = select(ENTRY.c.order_key, func.sum(POSTING.c.cents)).join(
                POSTING, POSTING.c.entry == ENTRY.c.id
            )
            wanted = wanted.where(ENTRY.c.order_key.in_(some), POSTING.c.book == Book.CARD.value)
            rows = await self._connection.execute(wanted.group_by(ENTRY.c.order_key))
            found |= {key: int(cents) for key, cents in rows}
        return found

    async def lines(self, account: str | None, after: int, limit: int) -> Sequence[Line]:
        columns = (ENTRY.c.id, ENTRY.c.account, ENTRY.c.at_ms, ENTRY.c.text, ENTRY.c.order_key)
        wanted = select(*columns, POSTING.c.book, POSTING.c.cents).join(
            POSTING, POSTING.c.entry == ENTRY.c.id
        )
        wanted = wanted.where(ENTRY.c.id > after)
        if account is not None:
            wanted = wanted.where(ENTRY.c.account == account)
        rows = await self._connection.execute(wanted.order_by(ENTRY.c.id, POSTING.c.book).limit(limit))
        return [Line(*row[:5], Book(row.book), row.cents) for row in rows]

    async def add_document(self, account: str, at_ms: int, year: int, document: Document) -> str:
        letter = _LETTER[document.kind]
        place = await self._count("documents")
        number = f"{letter}{year}-{await self._count(f'{document.kind} {year}'):06}"
        body = json.dumps(shapes.write(document), separators=(",", ":"))
        row = {"number": number, "account": account, "place": place, "at_ms": at_ms, "body": body}
        await self._connection.execute(DOCUMENT.insert().values(row))
        return number

    async def documents(self, account: str, before: str, limit: int) -> Sequence[Written]:
        wanted = select(DOCUMENT).where(DOCUMENT.c.account == account)
        if before:
            place = select(DOCUMENT.c.place).where(DOCUMENT.c.account == account, DOCUMENT.c.number == before)
            wanted = wanted.where(DOCUMENT.c.place < place.scalar_subquery())
        rows = await self._connection.execute(wanted.order_by(DOCUMENT.c.place.desc()).limit(limit))
        return [_written(row.number, row.account, row.at_ms, row.body) for row in rows]

    async def document(self, account: str, number: str) -> Written | None:
        where = (DOCUMENT.c.account == account, DOCUMENT.c.number == number)
        row = (await self._connection.execute(select(DOCUMENT).where(*where))).one_or_none()
        return _written(row.number, row.account, row.at_ms, row.body) if row else None

    async def _count(self, name: str) -> int:
        put = insert(self._connection, COUNTER).values(name=name, value=1)
        counted = put.on_conflict_do_update(index_elements=["name"], set_={"value": COUNTER.c.value + 1})
        return int(await self._connection.scalar(counted.returning(COUNTER.c.value)) or 0)


def _written(number: str, account: str, at_ms: int, body: str) -> Written:
    return Written(number, account, at_ms, shapes.read(Document, json.loads(body), "document"))
