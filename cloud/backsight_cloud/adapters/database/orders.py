"""Orders to move money, in the database: sent until they are answered, claimed with a lease."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from backsight_cloud.adapters.database.statements import insert
from backsight_cloud.adapters.database.tables_billing import HOOK_EVENT, PAYMENT_ORDER
from backsight_cloud.billing_ports import Order, Waiting

_ORDER = tuple(PAYMENT_ORDER.c[name] for name in Order.__dataclass_fields__)


class SqlOrders:
    """Implements the port `Orders`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, order: Order) -> None:
        row = asdict(order) | {"next_ms": order.asked_ms}
        await self._connection.execute(PAYMENT_ORDER.insert().values(row))

    async def order(self, key: str) -> Order | None:
        return next(iter(await self._select(PAYMENT_ORDER.c.key == key)), None)

    async def of_account(self, account: str) -> Sequence[Order]:
        return await self._select(PAYMENT_ORDER.c.account == account)

    async def of_charge(self, charge: str) -> Order | None:
        return next(iter(await self._select(PAYMENT_ORDER.c.charge == charge)), None)

    async def claim(
        self, now_ms: int, limit: int, lease_ms: int, account: str | None = None
    ) -> Sequence[Order]:
        where: list[ColumnElement[bool]] = [PAYMENT_ORDER.c.next_ms <= now_ms]
        if account is not None:
            where.append(PAYMENT_ORDER.c.account == account)
        free = select(*_ORDER).where(*where).order_by(PAYMENT_ORDER.c.next_ms, PAYMENT_ORDER.c.key)
        rows = await self._connection.execute(free.limit(limit).with_for_update(skip_locked=True))
        found = [Order(*row) for row in rows]
        if found:
            lease = {"next_ms": now_ms + lease_ms, "tries": PAYMENT_ORDER.c.tries + 1}
            keys = PAYMENT_ORDER.c.key.in_([order.key for order in found])
            await self._connection.execute(update(PAYMENT_ORDER).where(keys).values(lease))
        return found

    async def later(self, key: str, next_ms: int) -> None:
        waiting = (PAYMENT_ORDER.c.key == key, PAYMENT_ORDER.c.next_ms.is_not(None))
        await self._connection.execute(update(PAYMENT_ORDER).where(*waiting).values(next_ms=next_ms))

    async def answered(self, key: str, answer: str, now_ms: int) -> bool:
        charge = json.loads(answer).get("charge")
        done = {"answer": answer, "charge": charge, "answered_ms": now_ms, "next_ms": None}
        first = (PAYMENT_ORDER.c.key == key, PAYMENT_ORDER.c.answered_ms.is_(None))
        answer_it = update(PAYMENT_ORDER).where(*first).values(done)
        return (await self._connection.execute(answer_it)).rowcount == 1

    async def turned_out(self, key: str, answer: str) -> None:
        known = (PAYMENT_ORDER.c.key == key, PAYMENT_ORDER.c.answered_ms.is_not(None))
        await self._connection.execute(update(PAYMENT_ORDER).where(*known).values(answer=answer))

    async def waiting(self) -> Waiting:
        wanted = select(func.count(), func.min(PAYMENT_ORDER.c.asked_ms))
        row = (await self._connection.execute(wanted.where(PAYMENT_ORDER.c.next_ms.is_not(None)))).one()
        return Waiting(row[0], row[1])

    async def asked_between(self, from_ms: int, to_ms: int) -> Sequence[Order]:
        return await self._select(PAYMENT_ORDER.c.asked_ms >= from_ms, PAYMENT_ORDER.c.asked_ms < to_ms)

    async def hook_is_new(self, event: str, now_ms: int) -> bool:
        put = insert(self._connection, HOOK_EVENT).values(event=event, at_ms=now_ms)
        done = await self._connection.execute(put.on_conflict_do_nothing())
        return done.rowcount == 1

    async def _select(self, *where: ColumnElement[bool]) -> list[Order]:
        wanted = select(*_ORDER).where(*where).order_by(PAYMENT_ORDER.c.asked_ms, PAYMENT_ORDER.c.key)
        return [Order(*row) for row in await self._connection.execute(wanted)]
