"""The uploader's side of the store: what the cloud does not have yet. Nothing is held in memory."""

# ruff: noqa: S608 - only constants of our own are put into these statements

import asyncio
import sqlite3
from collections.abc import Sequence

from backsight_agent.adapters.store.files import Media
from backsight_agent.adapters.store.schema import (
    REFUSED,
    SEGMENT_COLUMNS,
    UPLOADED,
    WAITING,
    camera_of,
    number_of,
    segment_of,
)
from backsight_agent.adapters.store.threads import FileThreads, Index
from backsight_shared.segment import Run, Segment

# From the events to their segments, of which each has a few: the work grows with the events, not with what
# is recorded between them and never sent. No segment is longer than a minute.
_OF_EVENTS = f"""
SELECT DISTINCT {", ".join(f"segment.{column}" for column in SEGMENT_COLUMNS.split(", "))}
FROM event JOIN segment ON segment.camera = event.camera
    AND segment.start_ms > event.start_ms - :pre - 60000
    AND segment.start_ms < event.end_ms + :post
    AND segment.end_ms > event.start_ms - :pre
WHERE event.camera = :camera AND segment.upload = {WAITING}
ORDER BY segment.start_ms LIMIT :limit
"""


class StoredBacklog:
    """Implements the port Backlog."""

    def __init__(self, media: Media, index: Index, files: FileThreads, added: asyncio.Event) -> None:
        self._media, self._index, self._files, self._added = media, index, files, added

    @property
    def added(self) -> asyncio.Event:
        """Set when a segment was finished."""
        return self._added

    async def oldest(self, camera: str, limit: int) -> Sequence[Segment]:
        """The oldest finished segments of a camera that are still to be uploaded, in order."""
        sql = (
            f"SELECT {SEGMENT_COLUMNS} FROM segment INDEXED BY segment_waiting"
            f" WHERE camera = ? AND upload = {WAITING} ORDER BY start_ms LIMIT ?"
        )
        rows = await self._index.read(lambda db: db.execute(sql, (number_of(camera), limit)).fetchall())
        return [segment_of(row) for row in rows]

    async def oldest_of_events(self, camera: str, pre_ms: int, post_ms: int, limit: int) -> Sequence[Segment]:
        """As `oldest`, but only what shows an event, with so much before and after it."""
        wanted = {"camera": number_of(camera), "pre": pre_ms, "post": post_ms, "limit": limit}
        rows = await self._index.read(lambda db: db.execute(_OF_EVENTS, wanted).fetchall())
        return [segment_of(row) for row in rows]

    async def runs_of(self, segments: Sequence[Segment]) -> Sequence[tuple[Run, int]]:
        """The runs that these segments belong to, with their inits' sizes in bytes."""
        keys = sorted({(number_of(segment.camera), segment.run_ms) for segment in segments})
        sql = "SELECT after, init_bytes FROM run WHERE camera = ? AND run_ms = ?"

        def work(db: sqlite3.Connection) -> list[tuple[Run, int]]:
            found = [(key, db.execute(sql, key).fetchone()) for key in keys]
            return [(Run(camera_of(key[0]), key[1], row[0]), int(row[1])) for key, row in found if row]

        return await self._index.read(work)

    async def read_init(self, camera: str, run_ms: int) -> bytes:
        """A run's init. Raises FileNotFoundError when it expired in the meantime."""
        return await self._files.read(self._media.init(camera, run_ms))

    async def read_segment(self, segment: Segment) -> bytes:
        """A segment's bytes. Raises FileNotFoundError when it expired in the meantime."""
        return await self._files.read(self._media.segment(segment.camera, segment.start_ms))

    async def mark_uploaded(self, segments: Sequence[Segment]) -> None:
        """They are durably stored and indexed by the cloud."""
        sql = f"UPDATE segment SET upload = {UPLOADED}, refusal = NULL WHERE camera = ? AND start_ms = ?"
        keys = [(number_of(segment.camera), segment.start_ms) for segment in segments]
        await self._index.change(lambda db: db.executemany(sql, keys))

    async def mark_refused(self, segment: Segment, reason: str) -> None:
        """The cloud refused it for good: it stays here, is not tried again, and is counted."""
        sql = f"UPDATE segment SET upload = {REFUSED}, refusal = ? WHERE camera = ? AND start_ms = ?"
        values = (reason, number_of(segment.camera), segment.start_ms)
        await self._index.change(lambda db: db.execute(sql, values))

    async def counts(self) -> dict[str, int]:
        """How many segments of each camera wait."""
        sql = (
            "SELECT camera, count(*) FROM segment INDEXED BY segment_waiting"
            f" WHERE upload = {WAITING} GROUP BY camera"
        )
        rows = await self._index.read(lambda db: db.execute(sql).fetchall())
        return {camera_of(camera): count for camera, count in rows}
