"""Counts hubs, cameras and what waits, in the database; what grows with histories is not counted here."""

from typing import Any

from sqlalchemy import Select, and_, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from backsight_cloud.adapters.database.tables import CAMERA, HUB, PUBLICATION
from backsight_cloud.domain.vitals import Town

# A hub's status is written by us, its first member first (`services/entitling.py`): no JSON is read here.
_PAIRED = HUB.c.unpaired_ms.is_(None)
_ONLINE = and_(_PAIRED, HUB.c.status_json.like('{"online":true%'))

_SIZES = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}


class SqlFigures:
    """Implements the port `Figures`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def town(self) -> Town:
        online = func.count().filter(_ONLINE)
        hubs, hubs_online = await self._pair(select(func.count(), online).select_from(HUB).where(_PAIRED))
        of_hubs = CAMERA.join(HUB, HUB.c.id == CAMERA.c.hub)
        cameras, cameras_online = await self._pair(select(func.count(), online).select_from(of_hubs))
        due, since_ms = await self._pair(
            select(func.count(), func.min(PUBLICATION.c.due_ms))
            .select_from(PUBLICATION.join(HUB, HUB.c.id == PUBLICATION.c.hub))
            .where(_PAIRED, PUBLICATION.c.wanted > PUBLICATION.c.done)
        )
        (size_bytes,) = (await self._connection.execute(text(_SIZES[self._connection.dialect.name]))).one()
        return Town(
            hubs=hubs,
            hubs_online=hubs_online,
            cameras=cameras,
            cameras_online=cameras_online,
            publications_due=due,
            due_since_ms=since_ms,
            database_bytes=size_bytes,
        )

    async def _pair(self, wanted: Select[Any, Any]) -> tuple[Any, Any]:
        row = (await self._connection.execute(wanted)).one()
        return row[0], row[1]
