"""Takes footage out of sight, in one transaction: rows to garbage, a ledger line, the horizon.

The rows stay in the database: a month of a camera is a quarter of a million of them.
"""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, cast, delete, func, literal, or_, select, update
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.ext.asyncio import AsyncConnection

from backsight_cloud.adapters.database.statements import day_of, insert, larger, smaller
from backsight_cloud.adapters.database.tables import (
    CAMERA,
    ERASED_SPAN,
    ERASURE,
    EVENT,
    GARBAGE,
    RUN,
    SEGMENT,
)
from backsight_cloud.domain.bounds import LATEST_MS, LONGEST_SEGMENT_MS
from backsight_cloud.domain.ledger import HOUR_MS
from backsight_cloud.domain.records import Camera, Erasure
from backsight_shared.erased import REACH_MS, ErasedSpan
from backsight_shared.event import LONGEST_EVENT_MS

Where = tuple[ColumnElement[bool], ...]


class CameraErasing:
    """What leaves one camera in one transaction."""

    def __init__(self, connection: AsyncConnection, camera: Camera, now_ms: int) -> None:
        self._connection = connection
        self._camera = camera
        self._now_ms = now_ms

    async def erase_until(self, horizon_ms: int, reason: str) -> Erasure | None:
        """What left, or None when nothing did. Doing it twice changes nothing."""
        await self._remember(horizon_ms)
        where = (SEGMENT.c.camera == self._camera.id, SEGMENT.c.end_ms <= horizon_ms)
        erasure = await self.take_segments(where, reason)
        # A run is over for certain when the next one began; before that, more of it may come.
        await self._drop_runs(RUN.c.end_ms <= horizon_ms, self._before_the_newest(horizon_ms))
        await self._drop_events(EVENT.c.start_ms < horizon_ms, EVENT.c.end_ms <= horizon_ms)
        return erasure

    async def erase_span(self, span: ErasedSpan, reason: str) -> Erasure | None:
        """The same for whatever overlaps the span; a run goes when nothing of it is left."""
        erasure = await self.take_segments(segments_in(self._camera.id, span), reason)
        inside = (RUN.c.run_ms < span.to_ms, RUN.c.end_ms > span.from_ms, ~_of_the_run().exists())
        await self._drop_runs(*inside, self._before_the_newest())
        await self._drop_events(*events_in(self._camera.id, span))
        return erasure

    async def erase_all(self, reason: str) -> Erasure | None:
        """Everything of the camera."""
        erasure = await self.take_segments((SEGMENT.c.camera == self._camera.id,), reason)
        await self._drop_runs()
        await self._drop_events()
        return erasure

    async def take_segments(self, where: Where, reason: str) -> Erasure | None:
        """Rows to garbage, and their line."""
        totals = (
            func.count(),
            func.min(SEGMENT.c.start_ms),
            func.max(SEGMENT.c.end_ms),
            func.sum(SEGMENT.c.size_bytes),
        )
        count, from_ms, to_ms, size = (await self._connection.execute(select(*totals).where(*where))).one()
        if not count:
            return None
        folder = SEGMENT.c.account + f"/{self._camera.id}/" + day_of(self._connection, SEGMENT.c.start_ms)
        key = folder + "/" + cast(SEGMENT.c.start_ms, Text) + ".m4s"  # domain.keys.segment_key
        await self._discard(key, where)
        await self._connection.execute(delete(SEGMENT).where(*where))
        line = Erasure(
            self._camera.id, self._camera.account, self._now_ms, reason, from_ms, to_ms, count, int(size)
        )
        await self._note(line)
        return line

    async def _remember(self, horizon_ms: int) -> None:
        """A horizon never moves back; what it has passed for certain need not be remembered beside it."""
        behind = or_(CAMERA.c.reached_ms.is_(None), CAMERA.c.reached_ms < horizon_ms)
        this = update(CAMERA).where(CAMERA.c.id == self._camera.id, behind)
        await self._connection.execute(this.values(reached_ms=horizon_ms))
        passed = (ERASED_SPAN.c.camera == self._camera.id, ERASED_SPAN.c.to_ms <= horizon_ms - REACH_MS)
        await self._connection.execute(delete(ERASED_SPAN).where(*passed))

    def _before_the_newest(self, until_ms: int = LATEST_MS) -> ColumnElement[bool]:
        """Before the newest run of those that had begun by then."""
        begun = RUN.alias("begun")
        newest = select(func.max(begun.c.run_ms)).where(
            begun.c.camera == self._camera.id, begun.c.run_ms <= until_ms
        )
        return RUN.c.run_ms < newest.scalar_subquery()

    async def _drop_runs(self, *which: ColumnElement[bool]) -> None:
        where = (RUN.c.camera == self._camera.id, *which)
        folder = RUN.c.account + f"/{self._camera.id}/runs/"
        await self._discard(folder + cast(RUN.c.run_ms, Text) + ".mp4", where)  # domain.keys.run_key
        await self._connection.execute(delete(RUN).where(*where))

    async def _drop_events(self, *which: ColumnElement[bool]) -> None:
        await self._connection.execute(delete(EVENT).where(EVENT.c.camera == self._camera.id, *which))

    async def _discard(self, key: ColumnElement[str], where: Where) -> None:
        rows = select(key, literal(self._camera.id), literal(self._now_ms, BigInteger)).where(*where)
        garbage = insert(self._connection, GARBAGE).from_select(["key", "camera", "since_ms"], rows)
        await self._connection.execute(garbage.on_conflict_do_nothing())

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
        await self._connection.execute(joining(statement))


def joining(statement: Insert) -> Insert:
    """Lines that are added to the ledger: into the one that is there of the same camera, reason and hour."""
    known, added = ERASURE.c, statement.excluded
    merged: dict[str, Any] = {
        "at_ms": larger(known.at_ms, added.at_ms),
        "from_ms": smaller(known.from_ms, added.from_ms),
        "to_ms": larger(known.to_ms, added.to_ms),
        "count": known["count"] + added["count"],
        "size_bytes": known.size_bytes + added.size_bytes,
    }
    identity = ["camera", "reason", "hour", "account"]
    return statement.on_conflict_do_update(index_elements=identity, set_=merged)


def segments_in(camera: str, span: ErasedSpan) -> Where:
    """What overlaps the span. No segment is longer than the bound: one stretch of the primary key."""
    return (
        SEGMENT.c.camera == camera,
        SEGMENT.c.start_ms > span.from_ms - LONGEST_SEGMENT_MS,
        SEGMENT.c.start_ms < span.to_ms,
        SEGMENT.c.end_ms > span.from_ms,
    )


def events_in(camera: str, span: ErasedSpan) -> Where:
    """The same of events."""
    return (
        EVENT.c.camera == camera,
        EVENT.c.start_ms >= span.from_ms - LONGEST_EVENT_MS,
        EVENT.c.start_ms < span.to_ms,
        EVENT.c.end_ms > span.from_ms,
    )


def _of_the_run() -> Any:
    """What is left of a run: it lies between its beginning and its newest end."""
    return select(literal(1)).where(
        SEGMENT.c.camera == RUN.c.camera,
        SEGMENT.c.start_ms >= RUN.c.run_ms,
        SEGMENT.c.start_ms < RUN.c.end_ms,
        SEGMENT.c.run_ms == RUN.c.run_ms,
    )
