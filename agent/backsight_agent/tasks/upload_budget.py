"""Bounds what is held in memory and on the way to the cloud at one time, for all cameras together."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from backsight_agent.domain.upload_pace import Pace

BYTES_AT_ONCE = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    size_bytes: int
    admitted: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Budget:
    """Lets a put begin when few others are on the way; strictly in the order in which they asked."""

    def __init__(self, size_bytes: int = BYTES_AT_ONCE, pace: Pace | None = None) -> None:
        self.pace = pace or Pace()  # told by who sends; decides how many may be on the way
        self._size_bytes = self._free_bytes = size_bytes
        self._puts = 0
        self._queue: deque[_Waiting] = deque()

    @asynccontextmanager
    async def hold(self, size_bytes: int) -> AsyncIterator[None]:
        """While inside, these bytes may be in memory. One larger than the whole budget goes alone."""
        waiting = _Waiting(min(size_bytes, self._size_bytes))
        self._queue.append(waiting)
        self._admit()
        try:
            await waiting.admitted
            yield
        finally:
            self._leave(waiting)

    def _admit(self) -> None:
        while self._queue and self._puts < self.pace.at_once:
            if self._free_bytes < self._queue[0].size_bytes:
                return
            first = self._queue.popleft()
            self._puts += 1
            self._free_bytes -= first.size_bytes
            if not first.admitted.done():
                first.admitted.set_result(None)

    def _leave(self, waiting: _Waiting) -> None:
        if waiting in self._queue:  # it was cancelled before its turn
            self._queue.remove(waiting)
        else:
            self._puts -= 1
            self._free_bytes += waiting.size_bytes
        self._admit()
