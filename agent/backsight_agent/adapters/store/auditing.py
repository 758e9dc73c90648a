"""Walks over the whole history, an hour of a camera at a time, and sees whether rows and files still agree.

A crash leaves traces in the newest hours only, and a start looks there. What a file system's own repair, a
dying card or a hand took away or put back is found here, within days.
"""

from collections.abc import Iterator
from sqlite3 import Connection

from backsight_agent.adapters.store.base import Base
from backsight_agent.adapters.store.heads import cameras_in
from backsight_agent.adapters.store.recovery import audit_hour
from backsight_agent.adapters.store.schema import camera_of, number_of

HOUR_MS = 3_600_000
SETTLED_MS = 2 * HOUR_MS  # nobody writes that far back


class Auditor:
    """Remembers where it is; begins anew after the last."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self._hours: Iterator[tuple[str, int]] = iter(())

    async def audit_one(self) -> None:
        """The next hour of the next camera; nothing when there is none to look at."""
        place = next(self._hours, None)
        if place is None:
            self._hours = iter(await self._base.index.read(lambda db: self._all_hours(cameras_in(db))))
            place = next(self._hours, None)
        if place is not None:
            camera, hour_ms = place
            await self._base.index.read(lambda db: self._audit(db, camera, hour_ms))

    def _audit(self, db: Connection, camera: str, hour_ms: int) -> None:
        base, before = self._base, db.total_changes
        if db.execute("SELECT 1 FROM undated WHERE camera = ?", (number_of(camera),)).fetchone():
            return  # its files may be on their way to other hours
        audit_hour(db, base.media, camera, hour_ms, base.clock.now_ms(), base.steps)
        if db.total_changes != before:
            base.heads.load(db)

    def _all_hours(self, cameras: list[int]) -> list[tuple[str, int]]:
        """From each camera's oldest segment on; what is newer than two hours is being written."""
        until, ends = self._base.clock.now_ms() - SETTLED_MS, self._base.heads.oldest_end_ms
        return [
            (camera, hour_ms)
            for camera in map(camera_of, cameras)
            if camera in ends
            for hour_ms in range((ends[camera] - SETTLED_MS) // HOUR_MS * HOUR_MS, until, HOUR_MS)
        ]
