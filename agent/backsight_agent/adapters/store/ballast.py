"""A few megabytes beside the index that can be given up when the disk is full.

An index needs a little room to note that files are to go; without ballast a disk that somebody else filled to
the last byte would be a trap.
"""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from backsight_agent.adapters.store.base import Base

_NAME = "ballast"
BALLAST_BYTES = 4 * 1024 * 1024
BALLAST_PART = 16  # of a small disk it is a sixteenth


class Ballast:
    """Laid down in the state folder."""

    def __init__(self, base: Base, folder: Path) -> None:
        self._files = base.files
        self._file = folder / _NAME

    @asynccontextmanager
    async def last_room(self) -> AsyncIterator[None]:
        """Where nothing is left it makes room for noting what goes, and nobody else may take that."""
        if not await self._files.run(self._is_full, self._file):
            yield
            return
        with self._files.hold_writes():
            await self._files.run(self._give_up, self._file)
            yield
            await self._files.run(lambda: self._lay(spare=1), self._file)

    async def keep(self) -> None:
        """Lay it down (again) where there is room for it."""
        await self._files.run(self._lay, self._file)

    def _is_full(self) -> bool:
        return shutil.disk_usage(self._file.parent).free < self._wanted_bytes()

    def _give_up(self) -> None:
        self._file.unlink(missing_ok=True)

    def _wanted_bytes(self) -> int:
        return min(BALLAST_BYTES, shutil.disk_usage(self._file.parent).total // BALLAST_PART)

    def _lay(self, spare: int = 4) -> None:
        """Real blocks: a file with holes would hold nothing free. Only where `spare` of it would be free."""
        wanted = self._wanted_bytes()
        if self._file.exists() or shutil.disk_usage(self._file.parent).free < spare * wanted:
            return
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with suppress(OSError):  # a file system that cannot do it: then there is none
                os.posix_fallocate(descriptor, 0, wanted)
        finally:
            os.close(descriptor)
