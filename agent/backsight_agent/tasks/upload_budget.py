"""Bounds what is held in memory and on the way to the cloud at one time, for all cameras together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PUTS_AT_ONCE = 4
BYTES_AT_ONCE = 32 * 1024 * 1024


class Budget:
    """Lets a put begin when few others are on the way; in the order in which they asked."""

    def __init__(self, puts: int = PUTS_AT_ONCE, size_bytes: int = BYTES_AT_ONCE) -> None:
        self._puts = asyncio.Semaphore(puts)
        self._free_bytes = size_bytes
        self._size_bytes = size_bytes
        self._freed = asyncio.Condition()

    @asynccontextmanager
    async def hold(self, size_bytes: int) -> AsyncIterator[None]:
        """While inside, these bytes may be in memory. One larger than the whole budget goes alone."""
        taken = min(size_bytes, self._size_bytes)
        async with self._puts:
            async with self._freed:
                await self._freed.wait_for(lambda: self._free_bytes >= taken)
                self._free_bytes -= taken
            try:
                yield
            finally:
                self._free_bytes += taken
                async with self._freed:
                    self._freed.notify_all()
