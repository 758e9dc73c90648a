"""Invoices and credit notes as they were issued, in the database."""

import json
from collections.abc import Sequence

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from backsight_cloud.adapters.database.tables_papers import PAPER
from backsight_cloud.domain.documents import Paper, PaperKind
from backsight_shared import shapes


class SqlPapers:
    """Implements the port `Papers`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def keep(self, account: str, order: str, paper: Paper) -> None:
        row = {
            "number": paper.number,
            "account": account,
            "at_ms": paper.at_ms,
            "kind": paper.kind.value,
            "order_key": order,
            "body": json.dumps(shapes.write(paper), separators=(",", ":")),
        }
        await self._connection.execute(PAPER.insert().values(row))

    async def paper(self, account: str, number: str) -> Paper | None:
        wanted = select(PAPER.c.body).where(PAPER.c.account == account, PAPER.c.number == number)
        body = await self._connection.scalar(wanted)
        return None if body is None else _read(body)

    async def of_account(
        self, account: str, limit: int, after: tuple[int, str] | None = None
    ) -> Sequence[Paper]:
        wanted = select(PAPER.c.body).where(PAPER.c.account == account)
        if after is not None:
            at_ms, number = after
            same = and_(PAPER.c.at_ms == at_ms, PAPER.c.number < number)
            wanted = wanted.where(or_(PAPER.c.at_ms < at_ms, same))
        wanted = wanted.order_by(PAPER.c.at_ms.desc(), PAPER.c.number.desc()).limit(limit)
        return [_read(body) for body in await self._connection.scalars(wanted)]

    async def invoice_of(self, account: str, order: str) -> str:
        where = (
            PAPER.c.order_key == order,
            PAPER.c.account == account,
            PAPER.c.kind == PaperKind.INVOICE.value,
        )
        number = await self._connection.scalar(select(PAPER.c.number).where(*where).limit(1))
        return number or ""


def _read(body: str) -> Paper:
    return shapes.read(Paper, json.loads(body), "paper")
