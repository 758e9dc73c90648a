"""The store's side of full disks: how much room there is, and how some is made.

An index needs a little room to note that files are to go. Ballast beside it, a few megabytes that can be
given up, keeps a disk that somebody else filled to the last byte from being a trap.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from backsight_agent.adapters.store.base import Base
from backsight_agent.adapters.store.erasing import evict
from backsight_agent.adapters.store.retention import StoredRetention
from backsight_agent.disk_ports import Disk
from backsight_agent.ports import Erased

BALLAST_BYTES = 4 * 1024 * 1024
BALLAST_PART = 16  # of a small disk it is a sixteenth
_BALLAST = "ballast"
_SWEEP = 1024  # files unlinked at a time


class StoredRoom:
    """Implements the port Room."""

    def __init__(self, base: Base, retention: StoredRetention, folder: Path) -> None:
        self._base, self._retention = base, retention
        self._ballast = folder / _BALLAST

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
        erasing = self._retention.erasing(camera, reason, now_ms)
        async with self._last_room():
            erased = await self._retention.take(
                camera, lambda db: evict(db, erasing, wanted_bytes, uploaded_only=uploaded_only)
            )
            left = None
            while erased.count and left != 0:
                before, left = left, await self._retention.sweep(_SWEEP)
                if before == left:
                    break
        return erased

    @asynccontextmanager
    async def _last_room(self) -> AsyncIterator[None]:
        """Where nothing is left the ballast makes room for noting what goes, and nobody else may take it."""
        if not await self._base.files.run(self._is_full, self._ballast):
            yield
            return
        with self._base.files.hold_writes():
            await self._base.files.run(self._give_up_ballast, self._ballast)
            yield
            await self._base.files.run(lambda: self._lay_ballast(spare=1), self._ballast)

    async def keep_ballast(self) -> None:
        """Lay it down (again) where there is room for it."""
        await self._base.files.run(self._lay_ballast, self._ballast)

    def _disks(self) -> list[Disk]:
        media, absent = self._base.media, self._base.presence.absent()
        cameras = self._base.heads.size_bytes
        found = []
        for root in (root for root in media.roots if root not in absent):
            usage = shutil.disk_usage(root)
            here = frozenset(camera for camera in cameras if media.root_of(camera) == root)
            found.append(Disk(str(root), here, usage.free, usage.total))
        return found

    def _is_full(self) -> bool:
        return shutil.disk_usage(self._ballast.parent).free < self._wanted_bytes()

    def _give_up_ballast(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def _wanted_bytes(self) -> int:
        return min(BALLAST_BYTES, shutil.disk_usage(self._ballast.parent).total // BALLAST_PART)

    def _lay_ballast(self, spare: int = 4) -> None:
        """Real blocks: a file with holes would hold nothing free. Only where `spare` of it would be free."""
        wanted = self._wanted_bytes()
        if self._ballast.exists() or shutil.disk_usage(self._ballast.parent).free < spare * wanted:
            return
        descriptor = os.open(self._ballast, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with suppress(OSError):  # a file system that cannot do it: then there is none
                os.posix_fallocate(descriptor, 0, wanted)
        finally:
            os.close(descriptor)
