"""The store's side of full disks: how much room there is, and how some is made."""

import asyncio
import shutil
from collections.abc import Sequence

from backsight_agent.adapters.store.ballast import Ballast
from backsight_agent.adapters.store.base import Base
from backsight_agent.adapters.store.erasing import evict
from backsight_agent.adapters.store.retention import StoredRetention
from backsight_agent.disk_ports import Disk
from backsight_agent.ports import Erased

_SWEEP = 1024  # files unlinked at a time


class StoredRoom:
    """Implements the port Room."""

    def __init__(self, base: Base, retention: StoredRetention, ballast: Ballast) -> None:
        self._base, self._retention, self._ballast = base, retention, ballast

    @property
    def wanted(self) -> asyncio.Event:
        """Set when a write found no room."""
        return self._base.full

    async def sizes(self) -> dict[str, int]:
        """Bytes of each camera's finished segments."""
        return dict(self._base.heads.size_bytes)

    async def disks(self) -> Sequence[Disk]:
        """Those that are there."""
        return await self._base.files.run(self._disks, self._base.media.root)

    async def evict(
        self, camera: str, wanted_bytes: int, reason: str, now_ms: int, *, uploaded_only: bool
    ) -> Erased:
        """See the port: the rows in one transaction, then their files."""
        async with self._ballast.last_room():
            erased = await self._retention.take(
                camera,
                reason,
                now_ms,
                lambda db, erasing: evict(db, erasing, wanted_bytes, uploaded_only=uploaded_only),
            )
            left = None
            while erased.count and left != 0:
                before, left = left, await self._retention.sweep(_SWEEP)
                if before == left:
                    break
        return erased

    async def keep_ballast(self) -> None:
        """Lay it down (again) where there is room for it."""
        await self._ballast.keep()

    def _disks(self) -> list[Disk]:
        media, absent = self._base.media, self._base.presence.absent()
        cameras = self._base.heads.size_bytes
        found = []
        for root in (root for root in media.roots if root not in absent):
            usage = shutil.disk_usage(root)
            here = frozenset(camera for camera in cameras if media.root_of(camera) == root)
            found.append(Disk(str(root), here, usage.free, usage.total))
        return found
