"""Accounts' billing in the database: the state, the events that made it, and when something is due."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from backsight_cloud.adapters.database.statements import insert, larger
from backsight_cloud.adapters.database.tables import ACCOUNT, SEGMENT
from backsight_cloud.adapters.database.tables_billing import CARE, CARE_EVENT, CUSTOMER, PAYMENT_ORDER
from backsight_cloud.billing_ports import Happened, Kept
from backsight_cloud.domain.billing.care import Care
from backsight_cloud.domain.records import Extent
from backsight_shared import shapes

MOST_LEASED = 1_000  # accounts that somebody works on just now: they are the ones that are due first


class SqlBillings:
    """Implements the port `Billings`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def kept(self, account: str) -> Kept | None:
        wanted = select(CARE.c.state, CARE.c.version).where(CARE.c.account == account).with_for_update()
        row = (await self._connection.execute(wanted)).one_or_none()
        return Kept(shapes.read(Care, json.loads(row.state), "care"), row.version) if row else None

    async def keep(self, kept: Kept, happened: Happened, due_ms: int | None) -> None:
        account = kept.care.account
        row = {
            "version": kept.version,
            "standing": _standing(kept.care),
            "state": json.dumps(shapes.write(kept.care), separators=(",", ":")),
            "due_ms": due_ms,
            "lease_until_ms": 0,
        }
        put = insert(self._connection, CARE).values(account=account, **row)
        await self._connection.execute(put.on_conflict_do_update(index_elements=["account"], set_=row))
        event = {"version": happened.version, "at_ms": happened.at_ms, "kind": happened.kind}
        body = {"account": account, "body": happened.body, "request": happened.request}
        await self._connection.execute(CARE_EVENT.insert().values(**event, **body))

    async def events(self, account: str) -> Sequence[Happened]:
        columns = tuple(CARE_EVENT.c[name] for name in Happened.__dataclass_fields__)
        wanted = select(*columns).where(CARE_EVENT.c.account == account).order_by(CARE_EVENT.c.version)
        return [Happened(*row) for row in await self._connection.execute(wanted)]

    async def has_happened(self, account: str, request: str) -> bool:
        where = (CARE_EVENT.c.account == account, CARE_EVENT.c.request == request)
        return bool(await self._connection.scalar(select(exists().where(*where))))

    async def accounts(self, after: str, limit: int) -> Sequence[str]:
        wanted = select(CARE.c.account).where(CARE.c.account > after).order_by(CARE.c.account).limit(limit)
        return list(await self._connection.scalars(wanted))

    async def claim_due(self, now_ms: int, limit: int, lease_ms: int) -> Sequence[str]:
        free = (
            select(CARE.c.account)
            .where(CARE.c.due_ms <= now_ms, CARE.c.lease_until_ms <= now_ms)
            .order_by(CARE.c.due_ms, CARE.c.account)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        found = list(await self._connection.scalars(free))
        lease = update(CARE).where(CARE.c.account.in_(found)).values(lease_until_ms=now_ms + lease_ms)
        if found:
            await self._connection.execute(lease)
        return found

    async def next_ms(self) -> int | None:
        first = select(larger(CARE.c.due_ms, CARE.c.lease_until_ms))
        soonest = first.where(CARE.c.due_ms.is_not(None)).order_by(CARE.c.due_ms).limit(MOST_LEASED)
        account_ms = min(await self._connection.scalars(soonest), default=None)
        order_ms = await self._connection.scalar(select(func.min(PAYMENT_ORDER.c.next_ms)))
        return min((found for found in (account_ms, order_ms) if found is not None), default=None)

    async def standings(self) -> Mapping[tuple[str, str], int]:
        found: Counter[tuple[str, str]] = Counter()
        rows = await self._connection.execute(
            select(CARE.c.standing, func.count()).group_by(CARE.c.standing).where(CARE.c.standing != "")
        )
        for standing, accounts in rows:
            for one in standing.split(" "):
                name, _, count = one.partition("=")
                plan, _, status = name.partition("/")
                found[plan, status] += int(count) * accounts
        return found

    async def customer(self, account: str, provider: str) -> str | None:
        where = (CUSTOMER.c.account == account, CUSTOMER.c.provider == provider)
        return await self._connection.scalar(select(CUSTOMER.c.customer).where(*where))

    async def set_customer(self, account: str, provider: str, customer: str) -> None:
        put = insert(self._connection, CUSTOMER).values(account=account, provider=provider, customer=customer)
        await self._connection.execute(
            put.on_conflict_do_update(index_elements=["account", "provider"], set_={"customer": customer})
        )

    async def drop_customer(self, account: str, provider: str) -> None:
        where = (CUSTOMER.c.account == account, CUSTOMER.c.provider == provider)
        await self._connection.execute(delete(CUSTOMER).where(*where))

    async def closed_customers(self, provider: str, limit: int) -> Sequence[tuple[str, str]]:
        wanted = select(CUSTOMER.c.account, CUSTOMER.c.customer).join(
            ACCOUNT, ACCOUNT.c.id == CUSTOMER.c.account
        )
        closed = wanted.where(CUSTOMER.c.provider == provider, ACCOUNT.c.closed_ms.is_not(None))
        rows = await self._connection.execute(closed.order_by(CUSTOMER.c.account).limit(limit))
        return [(row.account, row.customer) for row in rows]

    async def account_of_customer(self, provider: str, customer: str) -> str | None:
        where = (CUSTOMER.c.customer == customer, CUSTOMER.c.provider == provider)
        return await self._connection.scalar(select(CUSTOMER.c.account).where(*where))

    async def leaving(self, camera: str, after_ms: int, until_ms: int) -> Extent:
        size = func.coalesce(func.sum(SEGMENT.c.size_bytes), 0)
        wanted = select(func.count(), size, func.min(SEGMENT.c.start_ms), func.max(SEGMENT.c.end_ms)).where(
            SEGMENT.c.camera == camera, SEGMENT.c.end_ms > after_ms, SEGMENT.c.end_ms <= until_ms
        )
        row = (await self._connection.execute(wanted)).one()
        return Extent(row[0], int(row[1]), row[2], row[3])


def _standing(care: Care) -> str:
    counted = Counter(f"{one.plan}/{one.status.value}" for one in care.subscriptions)
    return " ".join(f"{name}={count}" for name, count in sorted(counted.items()))
