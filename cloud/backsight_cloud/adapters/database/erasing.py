"""Takes what has expired out of sight, in one transaction: rows to garbage, a ledger line, the horizon."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, delete, or_, select, update
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.ext.asyncio import AsyncConnection

from backsight_cloud.adapters.database.statements import insert, larger, smaller
from backsight_cloud.adapters.database.tables import CAMERA, ERASURE, EVENT, GARBAGE, RUN, SEGMENT
from backsight_cloud.domain.keys import run_key, segment_key
from backsight_cloud.domain.records import Camera, Erasure

HOUR_MS = 3_600_000  # lines of one camera and reason within the same hour are merged


class Erasing:
    """One pass over one camera."""

    def __init__(self, connection: AsyncConnection, camera: Camera, now_ms: int) -> None:
        self._connection = connection
        self._camera = camera
        self._now_ms = now_ms

    async def erase_until(self, horizon_ms: int, reason: str) -> Erasure | None:
        """What left, or None when nothing did. Doing it twice changes nothing."""
        await self._remember(horizon_ms)
        gone = await self._take_segments(horizon_ms)
        await self._discard(segment_key(row.account, self._camera.id, row.start_ms) for row in gone)
        await self._drop_runs(horizon_ms)
        await self._drop_events(horizon_ms)
        if not gone:
            return None
        erasure = self._line(gone, reason)
        await self._note(erasure)
        return erasure

    async def _remember(self, horizon_ms: int) -> None:
        """A horizon never moves back."""
        behind = or_(CAMERA.c.reached_ms.is_(None), CAMERA.c.reached_ms < horizon_ms)
        this = update(CAMERA).where(CAMERA.c.id == self._camera.id, behind)
        await self._connection.execute(this.values(reached_ms=horizon_ms))

    async def _take_segments(self, horizon_ms: int) -> "Sequence[Row[str, int, int, int]]":
        gone = (SEGMENT.c.camera == self._camera.id, SEGMENT.c.end_ms <= horizon_ms)
        wanted = select(SEGMENT.c.account, SEGMENT.c.start_ms, SEGMENT.c.end_ms, SEGMENT.c.size_bytes)
        rows = (await self._connection.execute(wanted.where(*gone))).all()
        if rows:
            await self._connection.execute(delete(SEGMENT).where(*gone))
        return rows

    async def _drop_runs(self, horizon_ms: int) -> None:
        """A run is over for certain when the next one began; before that, more of it may come."""
        begun = select(RUN.c.account, RUN.c.run_ms, RUN.c.end_ms).where(
            RUN.c.camera == self._camera.id, RUN.c.run_ms <= horizon_ms
        )
        runs = (await self._connection.execute(begun.order_by(RUN.c.run_ms))).all()
        over = [run for run in runs[:-1] if run.end_ms <= horizon_ms]
        for run in over:
            this = (RUN.c.camera == self._camera.id, RUN.c.run_ms == run.run_ms)
            await self._connection.execute(delete(RUN).where(*this))
        await self._discard(run_key(run.account, self._camera.id, run.run_ms) for run in over)

    async def _drop_events(self, horizon_ms: int) -> None:
        past = (EVENT.c.start_ms < horizon_ms, EVENT.c.end_ms <= horizon_ms)
        await self._connection.execute(delete(EVENT).where(EVENT.c.camera == self._camera.id, *past))

    async def _discard(self, keys: Iterable[str]) -> None:
        rows = [{"key": key, "camera": self._camera.id, "since_ms": self._now_ms} for key in keys]
        if rows:
            await self._connection.execute(insert(self._connection, GARBAGE).on_conflict_do_nothing(), rows)

    def _line(self, gone: "Sequence[Row[str, int, int, int]]", reason: str) -> Erasure:
        return Erasure(
            camera=self._camera.id,
            account=self._camera.account,
            at_ms=self._now_ms,
            reason=reason,
            from_ms=min(row.start_ms for row in gone),
            to_ms=max(row.end_ms for row in gone),
            count=len(gone),
            size_bytes=sum(row.size_bytes for row in gone),
        )

    async def _note(self, line: Erasure) -> None:
        statement = insert(self._connection, ERASURE).values(
            camera=line.camera,
            reason=line.reason,
            hour=line.at_ms // HOUR_MS,
            account=line.account,
            at_ms=line.at_ms,
            from_ms=line.from_ms,
            to_ms=line.to_ms,
            count=line.count,
            size_bytes=line.size_bytes,
        )
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["camera", "reason", "hour", "account"], set_=_merged(statement)
            )
        )


def _merged(new: Insert) -> dict[str, Any]:
    known, added = ERASURE.c, new.excluded
    return {
        "at_ms": larger(known.at_ms, added.at_ms),
        "from_ms": smaller(known.from_ms, added.from_ms),
        "to_ms": larger(known.to_ms, added.to_ms),
        "count": known["count"] + added["count"],
        "size_bytes": known.size_bytes + added.size_bytes,
    }
