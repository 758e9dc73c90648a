"""Looking back: what there is of a camera between two moments, masked by the horizon."""

# ruff: noqa: S608 - only constants of our own are put into these statements

import sqlite3
from collections.abc import Sequence

from backsight_agent.adapters.store.erasing import read_lines
from backsight_agent.adapters.store.events import read_events
from backsight_agent.adapters.store.files import Media
from backsight_agent.adapters.store.schema import SEGMENT_COLUMNS, camera_of, number_of, segment_of
from backsight_agent.adapters.store.threads import FileThreads, Index
from backsight_agent.adapters.store.undated import has_undated
from backsight_agent.domain.ledger import Erasure, Reason
from backsight_agent.ports import Gap
from backsight_shared.event import Event
from backsight_shared.segment import Segment

# Rows are found from the first end behind the span's start. Only where runs overlap (a clock that was set
# back) can a segment begin before that one and end behind it, and none is longer than this.
_LONGEST_MS = 60_000

_SEGMENTS = f"""
SELECT {SEGMENT_COLUMNS} FROM segment
WHERE camera = :camera AND start_ms < :to AND +end_ms > :after AND start_ms >= -{_LONGEST_MS} + (
    SELECT start_ms FROM segment WHERE camera = :camera AND end_ms > :after ORDER BY end_ms LIMIT 1)
ORDER BY start_ms
"""

# The horizon says nothing of moments that are not true: what is not dated is seen all the same.
_UNDATED = f"""
SELECT {SEGMENT_COLUMNS} FROM segment
WHERE camera = :camera AND start_ms > :from - {_LONGEST_MS} AND start_ms < :to
    AND +end_ms > :from AND +end_ms <= :after
    AND run_ms IN (SELECT run_ms FROM undated WHERE camera = :camera)
"""

_GAPS = """
SELECT ended, start_ms, run_before = run_ms, (SELECT after FROM run
    WHERE run.camera = :camera AND run.run_ms = joined.run_ms)
FROM (
    SELECT start_ms, run_ms, lag(run_ms) OVER (ORDER BY start_ms) AS run_before, max(end_ms) OVER (
        ORDER BY start_ms ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS ended
    FROM segment
    WHERE camera = :camera
      AND start_ms >= coalesce((SELECT max(start_ms) FROM segment
                                WHERE camera = :camera AND start_ms < :from), :from)
      AND start_ms <= coalesce((SELECT min(start_ms) FROM segment
                                WHERE camera = :camera AND start_ms >= :to), :to)
) AS joined
WHERE ended < start_ms AND start_ms > :from AND ended < :to
"""


class StoredHistory:
    """Implements the port History; `cameras` and `erasures` are for those who only look."""

    def __init__(self, media: Media, index: Index, files: FileThreads) -> None:
        self._media, self._index, self._files = media, index, files

    async def cameras(self) -> Sequence[str]:
        """Every camera that the store has ever heard of."""
        sql = "SELECT camera FROM camera ORDER BY camera"
        return await self._index.read(lambda db: [camera_of(number) for (number,) in db.execute(sql)])

    async def segments(
        self, camera: str, from_ms: int, to_ms: int, horizon_ms: int | None
    ) -> Sequence[Segment]:
        """Segments that overlap the span and end after the horizon, in order of start."""
        after = from_ms if horizon_ms is None else max(from_ms, horizon_ms)
        span = {"camera": number_of(camera), "after": after, "from": from_ms, "to": to_ms}

        def work(db: sqlite3.Connection) -> list[Segment]:
            found = [segment_of(row) for row in db.execute(_SEGMENTS, span)]
            if after > from_ms and has_undated(db, number_of(camera)):
                return sorted([*found, *map(segment_of, db.execute(_UNDATED, span))])
            return found

        return await self._index.read(work)

    async def gaps(self, camera: str, from_ms: int, to_ms: int) -> Sequence[Gap]:
        """Between the runs that overlap the span, and where a segment of a run is missing."""
        span = {"camera": number_of(camera), "from": from_ms, "to": to_ms}
        rows = await self._index.read(lambda db: db.execute(_GAPS, span).fetchall())
        return [
            Gap(ended, started, Reason.LOST.value if same_run else after or Reason.LOST.value)
            for ended, started, same_run, after in rows
        ]

    async def span(self, camera: str, horizon_ms: int | None) -> tuple[int, int] | None:
        """Start of the oldest and end of the newest segment."""
        return await self._index.read(lambda db: _span(db, number_of(camera), horizon_ms))

    async def reached_ms(self, camera: str) -> int | None:
        """The horizon that was already acted upon."""
        sql = "SELECT reached_ms FROM camera WHERE camera = ?"
        row = await self._index.read(lambda db: db.execute(sql, (number_of(camera),)).fetchone())
        return None if row is None else row[0]

    async def segment(self, camera: str, start_ms: int) -> Segment | None:
        """The segment that starts at this moment."""
        sql = f"SELECT {SEGMENT_COLUMNS} FROM segment WHERE camera = ? AND start_ms = ?"
        row = await self._index.read(lambda db: db.execute(sql, (number_of(camera), start_ms)).fetchone())
        return None if row is None else segment_of(row)

    async def read_init(self, camera: str, run_ms: int) -> bytes:
        """A run's init. Raises FileNotFoundError."""
        return await self._files.read(self._media.init(camera, run_ms), self._media)

    async def read_segment(self, segment: Segment) -> bytes:
        """A segment's bytes. Raises FileNotFoundError."""
        return await self._files.read(self._media.segment(segment.camera, segment.start_ms), self._media)

    async def events(self, camera: str, from_ms: int, to_ms: int, horizon_ms: int | None) -> Sequence[Event]:
        """Events that overlap the span and end after the horizon, in order of start."""
        return await self._index.read(lambda db: read_events(db, camera, from_ms, to_ms, horizon_ms))

    async def erasures(
        self, camera: str, limit: int, span: tuple[int, int] | None = None
    ) -> Sequence[Erasure]:
        """The newest lines of the camera's ledger, newest first; of a span what overlapped it."""
        return await self._index.read(lambda db: read_lines(db, camera, limit, span))


def _span(db: sqlite3.Connection, camera: int, horizon_ms: int | None) -> tuple[int, int] | None:
    """Of what is dated; of what is not, where that is all there is."""
    if not has_undated(db, camera):
        return _span_of(db, camera, horizon_ms)
    runs = "run_ms {} (SELECT run_ms FROM undated WHERE camera = :camera)"
    dated = _span_of(db, camera, horizon_ms, f"AND {runs.format('NOT IN')}")
    return dated or _span_of(db, camera, None, f"AND {runs.format('IN')}")


def _span_of(
    db: sqlite3.Connection, camera: int, horizon_ms: int | None, which: str = ""
) -> tuple[int, int] | None:
    row = {"camera": camera, "after": -1 if horizon_ms is None else horizon_ms}
    found = f"FROM segment WHERE camera = :camera AND end_ms > :after {which}"
    first = db.execute(f"SELECT start_ms {found} ORDER BY end_ms LIMIT 1", row).fetchone()
    if first is None:
        return None
    (last,) = db.execute(f"SELECT max(end_ms) {found}", row).fetchone()
    return int(first[0]), int(last)
