"""Runs, segments and the objects that a hub was told to put, in the database."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import groupby

from sqlalchemy import ColumnElement, and_, delete, func, literal, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from backsight_cloud.adapters.database.erasing import CameraErasing
from backsight_cloud.adapters.database.statements import batches, insert, larger
from backsight_cloud.adapters.database.tables import CAMERA, DELETED, ERASURE, GARBAGE, PLACED, RUN, SEGMENT
from backsight_cloud.adapters.database.viewing import owner_seen_by
from backsight_cloud.domain.bounds import LONGEST_SEGMENT_MS
from backsight_cloud.domain.ledger import Place
from backsight_cloud.domain.looking import Part
from backsight_cloud.domain.records import Camera, Erasure, Garbage
from backsight_shared.segment import Run, Segment

_SEGMENT = (
    SEGMENT.c.camera,
    SEGMENT.c.start_ms,
    SEGMENT.c.end_ms,
    SEGMENT.c.run_ms,
    SEGMENT.c.sequence,
    SEGMENT.c.size_bytes,
)
_ERASURE = (
    ERASURE.c.camera,
    ERASURE.c.account,
    ERASURE.c.at_ms,
    ERASURE.c.reason,
    ERASURE.c.from_ms,
    ERASURE.c.to_ms,
    ERASURE.c.count,
    ERASURE.c.size_bytes,
)


class SqlFootage:
    """Implements the port `Footage`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add_run(self, account: str, run: Run, init_bytes: int) -> bool:
        row = {**asdict(run), "account": account, "init_bytes": init_bytes, "end_ms": run.run_ms}
        statement = insert(self._connection, RUN).values(row).on_conflict_do_nothing()
        return (await self._connection.execute(statement)).rowcount > 0

    async def add_segments(self, account: str, segments: Sequence[Segment]) -> None:
        rows = [{**asdict(segment), "account": account} for segment in segments]
        if rows:
            await self._connection.execute(insert(self._connection, SEGMENT).on_conflict_do_nothing(), rows)
        for camera, run_ms, end_ms in _ends(segments):
            this = (RUN.c.camera == camera, RUN.c.run_ms == run_ms)
            values = {"end_ms": larger(RUN.c.end_ms, literal(end_ms))}
            await self._connection.execute(update(RUN).where(*this).values(values))

    async def have_runs(self, runs: Sequence[Run]) -> set[tuple[str, int]]:
        wanted = [(run.camera, run.run_ms) for run in runs]
        return await self._have(RUN.c.camera, RUN.c.run_ms, wanted)

    async def have_segments(self, segments: Sequence[Segment]) -> set[tuple[str, int]]:
        wanted = [(segment.camera, segment.start_ms) for segment in segments]
        return await self._have(SEGMENT.c.camera, SEGMENT.c.start_ms, wanted)

    async def segments(
        self, viewer: str, camera: str, from_ms: int, to_ms: int, horizon_ms: int | None
    ) -> Sequence[Segment]:
        where = _visible(viewer, camera, from_ms, to_ms, horizon_ms)
        rows = await self._connection.execute(select(*_SEGMENT).where(*where).order_by(SEGMENT.c.start_ms))
        return [Segment(*row) for row in rows]

    async def parts(
        self, viewer: str, camera: str, from_ms: int, to_ms: int, horizon_ms: int | None
    ) -> Sequence[Part]:
        """Consecutive segments of a run share `sequence - place`: that difference names the part."""
        place = func.row_number().over(order_by=SEGMENT.c.start_ms)
        part = (SEGMENT.c.sequence - place).label("part")
        where = _visible(viewer, camera, from_ms, to_ms, horizon_ms)
        placed = select(*_SEGMENT, part).where(*where).subquery()
        began = func.min(placed.c.start_ms)
        wanted = select(
            placed.c.run_ms, began, func.max(placed.c.end_ms), func.count(), func.sum(placed.c.size_bytes)
        )
        rows = await self._connection.execute(wanted.group_by(placed.c.run_ms, placed.c.part).order_by(began))
        return [Part(*row) for row in rows]

    async def runs(self, viewer: str, camera: str, from_ms: int, to_ms: int) -> Sequence[Run]:
        where = (
            RUN.c.camera == camera,
            RUN.c.account == owner_seen_by(viewer, camera),
            RUN.c.run_ms < to_ms,
            RUN.c.end_ms > from_ms,
        )
        wanted = select(RUN.c.camera, RUN.c.run_ms, RUN.c.after).where(*where).order_by(RUN.c.run_ms)
        return [Run(*row) for row in await self._connection.execute(wanted)]

    async def segment(self, viewer: str, camera: str, start_ms: int) -> Segment | None:
        where = (
            SEGMENT.c.camera == camera,
            SEGMENT.c.start_ms == start_ms,
            SEGMENT.c.account == owner_seen_by(viewer, camera),
        )
        rows = await self._connection.execute(select(*_SEGMENT).where(*where))
        return next((Segment(*row) for row in rows), None)

    async def span(self, viewer: str, camera: str, horizon_ms: int | None) -> tuple[int, int] | None:
        where = [SEGMENT.c.camera == camera, SEGMENT.c.account == owner_seen_by(viewer, camera)]
        if horizon_ms is not None:
            where.append(SEGMENT.c.end_ms > horizon_ms)
        oldest = select(SEGMENT.c.start_ms).where(*where).order_by(SEGMENT.c.end_ms).limit(1)
        newest = select(SEGMENT.c.end_ms).where(*where).order_by(SEGMENT.c.end_ms.desc()).limit(1)
        start_ms = await self._connection.scalar(oldest)
        end_ms = await self._connection.scalar(newest)
        return None if start_ms is None or end_ms is None else (start_ms, end_ms)

    async def oldest_end_ms(self, camera: str) -> int | None:
        where = select(func.min(SEGMENT.c.end_ms)).where(SEGMENT.c.camera == camera)
        oldest: int | None = await self._connection.scalar(where)
        return oldest

    async def next_start_ms(self, camera: str, from_ms: int) -> int | None:
        later = (SEGMENT.c.camera == camera, SEGMENT.c.start_ms >= from_ms)
        start: int | None = await self._connection.scalar(select(func.min(SEGMENT.c.start_ms)).where(*later))
        return start

    async def oldest_ends(self) -> dict[str, int]:
        """One seek for each camera, not one scan of all segments."""
        oldest = select(func.min(SEGMENT.c.end_ms)).where(SEGMENT.c.camera == CAMERA.c.id).scalar_subquery()
        rows = await self._connection.execute(select(CAMERA.c.id, oldest))
        return {camera: end_ms for camera, end_ms in rows if end_ms is not None}

    async def erase_until(self, camera: Camera, horizon_ms: int, reason: str, now_ms: int) -> Erasure | None:
        return await CameraErasing(self._connection, camera, now_ms).erase_until(horizon_ms, reason)

    async def note_placed(self, keys: Sequence[tuple[str, str]], now_ms: int) -> None:
        rows = [{"key": key, "camera": camera, "since_ms": now_ms} for key, camera in keys]
        statement = insert(self._connection, PLACED)
        again = {"since_ms": statement.excluded.since_ms}
        if rows:
            upsert = statement.on_conflict_do_update(index_elements=["key"], set_=again)
            await self._connection.execute(upsert, rows)
        for some in batches([key for key, _ in keys]):
            await self._connection.execute(delete(DELETED).where(DELETED.c.key.in_(some)))

    async def forget_placed(self, keys: Sequence[str]) -> set[str]:
        forgotten: set[str] = set()
        for some in batches(keys):
            forget = delete(PLACED).where(PLACED.c.key.in_(some)).returning(PLACED.c.key)
            forgotten.update((await self._connection.scalars(forget)).all())
        return forgotten

    async def discard_placed_before(self, moment_ms: int, now_ms: int) -> int:
        discard = delete(PLACED).where(PLACED.c.since_ms < moment_ms)
        late = await self._connection.execute(discard.returning(PLACED.c.key, PLACED.c.camera))
        rows = [{"key": key, "camera": camera, "since_ms": now_ms} for key, camera in late]
        if rows:
            await self._connection.execute(insert(self._connection, GARBAGE).on_conflict_do_nothing(), rows)
        return len(rows)

    async def garbage(self, limit: int, after_key: str = "") -> Sequence[Garbage]:
        wanted = select(GARBAGE).where(GARBAGE.c.key > after_key).order_by(GARBAGE.c.key).limit(limit)
        return [Garbage(*row) for row in await self._connection.execute(wanted)]

    async def garbage_among(self, keys: Sequence[str]) -> set[str]:
        return await self._among(GARBAGE.c.key, keys)

    async def placed_among(self, keys: Sequence[str]) -> set[str]:
        return await self._among(PLACED.c.key, keys)

    async def forget_garbage(self, keys: Sequence[str]) -> None:
        for some in batches(keys):
            await self._connection.execute(delete(GARBAGE).where(GARBAGE.c.key.in_(some)))

    async def erasures(
        self,
        account: str,
        camera: str | None,
        limit: int,
        *,
        after: Place | None = None,
        span: tuple[int, int] | None = None,
    ) -> Sequence[Erasure]:
        where = [ERASURE.c.account == account, *([] if camera is None else [ERASURE.c.camera == camera])]
        if span is not None:
            where += [ERASURE.c.from_ms < span[1], ERASURE.c.to_ms > span[0]]
        if after is not None:
            same = ERASURE.c.at_ms == after.at_ms
            behind = tuple_(ERASURE.c.camera, ERASURE.c.reason) > tuple_(after.camera, after.reason)
            where.append(or_(ERASURE.c.at_ms < after.at_ms, and_(same, behind)))
        order = (ERASURE.c.at_ms.desc(), ERASURE.c.camera, ERASURE.c.reason)
        newest = select(*_ERASURE).where(*where).order_by(*order).limit(limit)
        return [Erasure(*row) for row in await self._connection.execute(newest)]

    async def _among(self, column: ColumnElement[str], keys: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for some in batches(keys):
            found.update((await self._connection.scalars(select(column).where(column.in_(some)))).all())
        return found

    async def _have(
        self, camera: ColumnElement[str], start: ColumnElement[int], wanted: Sequence[tuple[str, int]]
    ) -> set[tuple[str, int]]:
        found: set[tuple[str, int]] = set()
        for of, keys in groupby(sorted(wanted), key=lambda key: key[0]):
            for some in batches([moment for _, moment in keys]):
                have = select(start).where(camera == of, start.in_(some))
                found.update((of, moment) for moment in await self._connection.scalars(have))
        return found


def _visible(
    viewer: str, camera: str, from_ms: int, to_ms: int, horizon_ms: int | None
) -> tuple[ColumnElement[bool], ...]:
    """What of a camera overlaps the span and ends after the horizon.

    No segment is longer than the bound, so that this reads one stretch of the primary key.
    """
    after = from_ms if horizon_ms is None else max(from_ms, horizon_ms)
    return (
        SEGMENT.c.camera == camera,
        SEGMENT.c.account == owner_seen_by(viewer, camera),
        SEGMENT.c.start_ms > after - LONGEST_SEGMENT_MS,
        SEGMENT.c.start_ms < to_ms,
        SEGMENT.c.end_ms > after,
    )


def _ends(segments: Iterable[Segment]) -> list[tuple[str, int, int]]:
    """(camera, run, newest end) for each run among the segments."""
    ends: dict[tuple[str, int], int] = {}
    for segment in segments:
        run = (segment.camera, segment.run_ms)
        ends[run] = max(segment.end_ms, ends.get(run, segment.end_ms))
    return [(*run, end_ms) for run, end_ms in sorted(ends.items())]
