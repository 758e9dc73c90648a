"""A clock that moves only when a test says so."""

import asyncio
import heapq
from itertools import count

NOON_MS = 1_795_521_600_000  # 2026-11-24T12:00:00Z


class FakeClock:
    """Wall and monotonic time under the test's control; sleepers wake in the order of their times."""

    def __init__(self, now_ms: int = NOON_MS) -> None:
        self._wall_ms = float(now_ms)
        self._monotonic = 1000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._ids = count()

    def now_ms(self) -> int:
        return round(self._wall_ms)

    def monotonic(self) -> float:
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic + max(seconds, 0.0), next(self._ids), future))
        await future

    def jump(self, ms: int) -> None:
        """Move the wall clock only, as NTP or an owner does."""
        self._wall_ms += ms

    async def advance(self, seconds: float) -> None:
        """Let time pass: everyone who would have woken by then has run when this returns."""
        target = self._monotonic + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= target:
            due, _, future = heapq.heappop(self._sleepers)
            self._move_to(max(due, self._monotonic))
            if not future.done():
                future.set_result(None)
            await settle()
        self._move_to(target)

    def _move_to(self, moment: float) -> None:
        self._wall_ms += (moment - self._monotonic) * 1000
        self._monotonic = moment


async def settle(rounds: int = 50) -> None:
    """Let every task that can run do so."""
    for _ in range(rounds):
        await asyncio.sleep(0)
