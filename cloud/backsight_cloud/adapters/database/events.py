"""What was noticed at the cameras, in the database."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from backsight_cloud.adapters.database.statements import insert, larger
from backsight_cloud.adapters.database.tables import EVENT
from backsight_cloud.adapters.database.viewing import owner_seen_by
from backsight_shared.event import LONGEST_EVENT_MS, Event, EventKind, Origin

_COLUMNS = (
    EVENT.c.camera,
    EVENT.c.start_ms,
    EVENT.c.end_ms,
    EVENT.c.kind,
    EVENT.c.origin,
    EVENT.c.score,
)
_IDENTITY = ["camera", "start_ms", "kind", "origin"]


class SqlEvents:
    """Implements the port `Events`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def note(self, account: str, events: Sequence[Event]) -> None:
        rows = [
            {**asdict(event), "kind": event.kind.value, "origin": event.origin.value, "account": account}
            for event in events
        ]
        if not rows:
            return
        statement = insert(self._connection, EVENT)
        later = {
            "end_ms": larger(EVENT.c.end_ms, literal_column("excluded.end_ms")),
            "score": larger(EVENT.c.score, literal_column("excluded.score")),
        }
        renewed = statement.on_conflict_do_update(
            index_elements=_IDENTITY, set_=later, where=EVENT.c.account == literal_column("excluded.account")
        )
        await self._connection.execute(renewed, rows)

    async def between(
        self, viewer: str, camera: str, from_ms: int, to_ms: int, horizon_ms: int | None
    ) -> Sequence[Event]:
        after = from_ms if horizon_ms is None else max(from_ms, horizon_ms)
        where = (
            EVENT.c.camera == camera,
            EVENT.c.account == owner_seen_by(viewer, camera),
            EVENT.c.start_ms >= from_ms - LONGEST_EVENT_MS,  # none is longer: one stretch of the key
            EVENT.c.start_ms < to_ms,
            EVENT.c.end_ms > after,
        )
        order = (EVENT.c.start_ms, EVENT.c.kind, EVENT.c.origin)
        rows = await self._connection.execute(select(*_COLUMNS).where(*where).order_by(*order))
        return [Event(*row[:3], EventKind(row[3]), Origin(row[4]), row[5]) for row in rows]
