"""Erasing by owners, of whole cameras and of what was lost; and the ledger's old lines, in the database."""

from collections.abc import Sequence
from itertools import groupby

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from backsight_cloud.adapters.database import statements
from backsight_cloud.adapters.database.erasing import CameraErasing, events_in, joining, segments_in
from backsight_cloud.adapters.database.statements import batches
from backsight_cloud.adapters.database.tables import ERASED_SPAN, ERASURE, EVENT, SEGMENT
from backsight_cloud.domain.ledger import DAY_MS, HOUR_MS, Reason
from backsight_cloud.domain.records import Camera, Erasure, Extent
from backsight_shared.erased import ErasedSpan

_DAY_H = DAY_MS // HOUR_MS


class SqlErasing:
    """Implements the port `Erasing`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def extent(self, camera: Camera, span: ErasedSpan, horizon_ms: int | None) -> Extent:
        segments, events = [*segments_in(camera.id, span)], [*events_in(camera.id, span)]
        if horizon_ms is not None:
            segments.append(SEGMENT.c.end_ms > horizon_ms)
            events.append(EVENT.c.end_ms > horizon_ms)
        size = func.coalesce(func.sum(SEGMENT.c.size_bytes), 0)
        ends = (func.min(SEGMENT.c.start_ms), func.max(SEGMENT.c.end_ms))
        found = (await self._connection.execute(select(func.count(), size, *ends).where(*segments))).one()
        noticed = await self._connection.scalar(select(func.count()).select_from(EVENT).where(*events))
        return Extent(found[0], int(found[1]), found[2], found[3], noticed or 0)

    async def erase_span(self, camera: Camera, span: ErasedSpan, reason: str, now_ms: int) -> Erasure | None:
        return await CameraErasing(self._connection, camera, now_ms).erase_span(span, reason)

    async def erase_all(self, camera: Camera, reason: str, now_ms: int) -> Erasure | None:
        return await CameraErasing(self._connection, camera, now_ms).erase_all(reason)

    async def erase_lost(self, camera: Camera, starts: Sequence[int], now_ms: int) -> Erasure | None:
        erasing, line = CameraErasing(self._connection, camera, now_ms), None
        for some in batches(starts):
            where = (SEGMENT.c.camera == camera.id, SEGMENT.c.start_ms.in_(some))
            line = await erasing.take_segments(where, Reason.LOST.value) or line
        return line

    async def spans_of(self, camera_ids: Sequence[str]) -> dict[str, tuple[ErasedSpan, ...]]:
        found: dict[str, tuple[ErasedSpan, ...]] = {}
        for some in batches(camera_ids):
            wanted = select(ERASED_SPAN).where(ERASED_SPAN.c.camera.in_(some))
            rows = await self._connection.execute(
                wanted.order_by(ERASED_SPAN.c.camera, ERASED_SPAN.c.from_ms)
            )
            for camera, group in groupby(rows, key=lambda row: row.camera):
                found[camera] = tuple(ErasedSpan(row.from_ms, row.to_ms) for row in group)
        return found

    async def replace_spans(self, camera_id: str, spans: Sequence[ErasedSpan]) -> None:
        await self._connection.execute(delete(ERASED_SPAN).where(ERASED_SPAN.c.camera == camera_id))
        rows = [{"camera": camera_id, "from_ms": span.from_ms, "to_ms": span.to_ms} for span in spans]
        if rows:
            await self._connection.execute(insert(ERASED_SPAN), rows)

    async def merge_lines_before(self, moment_ms: int, limit: int) -> int:
        """Each line joins that of its day's first hour, which is the day's line (`domain.ledger.by_day`)."""
        by_hour = (ERASURE.c.hour < moment_ms // DAY_MS * _DAY_H, ERASURE.c.hour % _DAY_H != 0)
        wanted = select(ERASURE).where(*by_hour).limit(limit)
        rows = (await self._connection.execute(wanted)).mappings().all()
        for row in rows:
            day = {**row, "hour": row["hour"] // _DAY_H * _DAY_H}
            await self._connection.execute(joining(statements.insert(self._connection, ERASURE).values(day)))
            this = (ERASURE.c[name] == row[name] for name in ("camera", "reason", "hour", "account"))
            await self._connection.execute(delete(ERASURE).where(*this))
        return len(rows)
