"""The outbox of entitlements in the database: claimed with a lease, so that workers can share it."""

from collections.abc import Sequence

from sqlalchemy import Select, case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from backsight_cloud.adapters.database.statements import batches, insert
from backsight_cloud.adapters.database.tables import HUB, PUBLICATION

_IS_DUE = PUBLICATION.c.wanted > PUBLICATION.c.done
_PAIRED = HUB.c.unpaired_ms.is_(None)


class SqlPublications:
    """Implements the port `Publications`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def mark_due(self, hub_id: str, now_ms: int) -> None:
        await self._mark([hub_id], now_ms)

    async def mark_all_due(self, now_ms: int) -> None:
        await self._mark(await self._hubs(select(HUB.c.id).where(_PAIRED)), now_ms)

    async def mark_due_older_than(self, issued_before_ms: int, now_ms: int) -> None:
        never = PUBLICATION.c.hub.is_(None)
        old = func.coalesce(PUBLICATION.c.published_ms, 0) < issued_before_ms
        wanted = (
            select(HUB.c.id)
            .join(PUBLICATION, PUBLICATION.c.hub == HUB.c.id, isouter=True)
            .where(_PAIRED, or_(never, old & ~_IS_DUE))
        )
        await self._mark(await self._hubs(wanted), now_ms)

    async def claim(self, limit: int, now_ms: int, lease_ms: int) -> Sequence[str]:
        free = (
            select(PUBLICATION.c.hub)
            .join(HUB, HUB.c.id == PUBLICATION.c.hub)
            .where(_PAIRED, _IS_DUE, PUBLICATION.c.lease_until_ms <= now_ms)
            .order_by(PUBLICATION.c.due_ms, PUBLICATION.c.hub)
            .limit(limit)
            .with_for_update(skip_locked=True, of=PUBLICATION)
        )
        hubs = await self._hubs(free)
        lease = {"claimed": PUBLICATION.c.wanted, "claimed_ms": now_ms, "lease_until_ms": now_ms + lease_ms}
        for some in batches(hubs):
            await self._connection.execute(
                update(PUBLICATION).where(PUBLICATION.c.hub.in_(some)).values(lease)
            )
        return hubs

    async def done(self, hub_id: str, claimed_ms: int, now_ms: int) -> None:
        await self.all_done([hub_id], claimed_ms, now_ms)

    async def all_done(self, hub_ids: Sequence[str], claimed_ms: int, now_ms: int) -> None:
        """A worker whose lease ended and was given to another changes nothing."""
        values = {
            "done": PUBLICATION.c.claimed,
            "due_ms": now_ms,
            "claimed_ms": None,
            "lease_until_ms": 0,
            "published_ms": now_ms,
        }
        for some in batches(hub_ids):
            ours = (PUBLICATION.c.hub.in_(some), PUBLICATION.c.claimed_ms == claimed_ms)
            await self._connection.execute(update(PUBLICATION).where(*ours).values(values))

    async def _hubs(self, wanted: Select[str]) -> list[str]:
        return list((await self._connection.scalars(wanted)).all())

    async def _mark(self, hubs: Sequence[str], now_ms: int) -> None:
        """A hub that is due already keeps its place in the queue."""
        first = {"due_ms": now_ms, "wanted": 1, "done": 0, "claimed": 0, "lease_until_ms": 0}
        statement = insert(self._connection, PUBLICATION)
        again = {
            "wanted": PUBLICATION.c.wanted + 1,
            "due_ms": case((_IS_DUE, PUBLICATION.c.due_ms), else_=now_ms),
        }
        upsert = statement.on_conflict_do_update(index_elements=["hub"], set_=again)
        if hubs:
            await self._connection.execute(upsert, [{"hub": hub, **first} for hub in hubs])
