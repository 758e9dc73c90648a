"""The uploader's side of the store: what the cloud does not have yet. Nothing is held in memory."""

# ruff: noqa: S608 - only constants of our own are put into these statements

import asyncio
import sqlite3
from collections.abc import Sequence

from backsight_agent.adapters.store.around import Walk
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
from backsight_agent.adapters.store.unsent import mean, missed
from backsight_agent.adapters.store.waiting import counts
from backsight_shared.entitlement import UploadPolicy
from backsight_shared.segment import Run, Segment

_OLDEST = f"""
SELECT {SEGMENT_COLUMNS} FROM segment INDEXED BY segment_waiting
WHERE camera = :camera AND upload = {WAITING}
    AND run_ms NOT IN (SELECT run_ms FROM undated WHERE camera = :camera)
ORDER BY start_ms LIMIT :limit
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
        wanted = {"camera": number_of(camera), "limit": limit}
        rows = await self._index.read(lambda db: db.execute(_OLDEST, wanted).fetchall())
        return [segment_of(row) for row in rows]

    async def oldest_of_events(self, camera: str, pre_ms: int, post_ms: int, limit: int) -> Sequence[Segment]:
        """As `oldest`, but only what shows an event, with so much before and after it."""
        return await self._walked(Walk(number_of(camera), pre_ms, post_ms, limit, newest_first=False))

    async def newest_of_events(self, camera: str, pre_ms: int, post_ms: int, limit: int) -> Sequence[Segment]:
        """The same, but what shows the newest event first; of one event in order."""
        return await self._walked(Walk(number_of(camera), pre_ms, post_ms, limit, newest_first=True))

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
        return await self._files.read(self._media.init(camera, run_ms), self._media)

    async def read_segment(self, segment: Segment) -> bytes:
        """A segment's bytes. Raises FileNotFoundError when it expired in the meantime."""
        return await self._files.read(self._media.segment(segment.camera, segment.start_ms), self._media)

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
        """How many segments of each camera wait. Costs the same at any number of them."""
        return await self._index.read(counts)

    async def is_meant(self, camera: str, policy: UploadPolicy | None) -> None:
        """What of a camera is meant for the cloud, from now on and over restarts."""
        await self._index.change(lambda db: mean(db, number_of(camera), policy))

    async def missed(self) -> dict[str, int]:
        """By camera: segments meant for the cloud that expired, or had to make room, before it had them."""
        return await self._index.read(missed)

    async def _walked(self, walk: Walk) -> Sequence[Segment]:
        while not walk.ended:
            await self._index.read(walk.step)
        return [segment_of(row) for row in walk.rows]
