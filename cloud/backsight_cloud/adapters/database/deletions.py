"""Objects that the store said it deleted, in the database, until it is certain that they are gone."""

from collections.abc import Sequence
from itertools import groupby

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from backsight_cloud.adapters.database.statements import batches, insert
from backsight_cloud.adapters.database.tables import DELETED, GARBAGE, PLACED, RUN, SEGMENT
from backsight_cloud.domain.keys import Named, named, run_key, segment_key
from backsight_cloud.domain.records import Deleted


class SqlDeletions:
    """Implements the port `Deletions`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def note(self, keys: Sequence[tuple[str, str]], look_ms: int) -> None:
        rows = [{"key": key, "camera": camera, "look_ms": look_ms, "looks": 0} for key, camera in keys]
        if rows:
            statement = insert(self._connection, DELETED)
            again = {"look_ms": statement.excluded.look_ms, "looks": 0}
            upsert = statement.on_conflict_do_update(index_elements=["key"], set_=again)
            await self._connection.execute(upsert, rows)

    async def waiting(self) -> int:
        return await self._connection.scalar(select(func.count()).select_from(DELETED)) or 0

    async def due(self, now_ms: int, limit: int) -> Sequence[Deleted]:
        order = (DELETED.c.look_ms, DELETED.c.key)
        wanted = select(DELETED).where(DELETED.c.look_ms <= now_ms).order_by(*order).limit(limit)
        return [Deleted(*row) for row in await self._connection.execute(wanted)]

    async def look_again(self, keys: Sequence[str], look_ms: int) -> None:
        for some in batches(keys):
            later = {"look_ms": look_ms, "looks": DELETED.c.looks + 1}
            await self._connection.execute(update(DELETED).where(DELETED.c.key.in_(some)).values(later))

    async def known_among(self, keys: Sequence[str]) -> set[str]:
        known = await self._indexed([name for key in keys if (name := named(key)) is not None])
        for column in (PLACED.c.key, GARBAGE.c.key, DELETED.c.key):
            for some in batches(keys):
                among = select(column).where(column.in_(some))
                known.update((await self._connection.scalars(among)).all())
        return known

    async def forget(self, keys: Sequence[str]) -> None:
        for some in batches(keys):
            await self._connection.execute(delete(DELETED).where(DELETED.c.key.in_(some)))

    async def came_back(self, keys: Sequence[str], now_ms: int) -> int:
        back = 0
        for some in batches(keys):
            those = delete(DELETED).where(DELETED.c.key.in_(some)).returning(DELETED.c.key, DELETED.c.camera)
            rows = [
                {"key": key, "camera": camera, "since_ms": now_ms}
                for key, camera in await self._connection.execute(those)
            ]
            if rows:
                garbage = insert(self._connection, GARBAGE).on_conflict_do_nothing()
                await self._connection.execute(garbage, rows)
            back += len(rows)
        return back

    async def _indexed(self, names: Sequence[Named]) -> set[str]:
        """Keys of the segments and inits that are there."""
        found: set[str] = set()
        for (account, camera, kind), group in groupby(sorted(names, key=_owner), key=_owner):
            table, key = (SEGMENT, segment_key) if kind == "segment" else (RUN, run_key)
            column = table.c.start_ms if kind == "segment" else table.c.run_ms
            for some in batches([name.ms for name in group]):
                mine = (table.c.camera == camera, table.c.account == account, column.in_(some))
                starts = await self._connection.scalars(select(column).where(*mine))
                found.update(key(account, camera, ms) for ms in starts)
        return found


def _owner(name: Named) -> tuple[str, str, str]:
    return name.account, name.camera, name.kind
