"""Erases here what its owner erased in the cloud: now, or when a hub that was away hears of it.

Each newer entitlement says all of it again, and erasing twice changes nothing: that is what makes it certain
after a crash, and after weeks offline. Like all deleting it waits for a clock that can be trusted: while the
time is in doubt, so is what the dates of the newest footage are.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Protocol

from backsight_agent.domain.ledger import Reason
from backsight_agent.domain.states import Board
from backsight_agent.ports import Retention
from backsight_shared.clock import Clock, sleep_or
from backsight_shared.erased import ErasedSpan
from backsight_shared.errors import BacksightError

LOOK_S = 5.0  # seconds; how often a clock in doubt, or a store that failed, is tried again
IDLE_S = 600.0  # seconds; with nothing to do: newer documents wake it before

log = logging.getLogger(__name__)

Asked = tuple[str, ErasedSpan]  # of a camera


class AsksToErase(Protocol):
    """What the newest entitlements say."""

    @property
    def erase_changed(self) -> asyncio.Event:
        """Set when more may be to be erased."""
        ...

    def erased(self) -> Mapping[str, tuple[ErasedSpan, ...]]: ...


class TellsTrust(Protocol):
    """Whether the clock may be trusted with deleting."""

    def trusted_now_ms(self) -> int | None: ...


async def erase_forever(
    retention: Retention,
    asks: AsksToErase,
    time: TellsTrust,
    sweep: asyncio.Event,
    board: Board,
    clock: Clock,
) -> None:
    """Erase what is asked for and was not erased since the start; `sweep` has the files unlinked."""
    eraser = _Eraser(retention, sweep, board)
    while True:
        asks.erase_changed.clear()
        asked = [(camera, span) for camera, spans in asks.erased().items() for span in spans]
        now_ms = time.trusted_now_ms() if eraser.has_left(asked) else None
        if now_ms is not None:
            await eraser.erase(asked, now_ms)
        await sleep_or(asks.erase_changed, LOOK_S if eraser.has_left(asked) else IDLE_S, clock)


class _Eraser:
    """Knows what was erased; one camera's trouble holds up no other."""

    def __init__(self, retention: Retention, sweep: asyncio.Event, board: Board) -> None:
        self._retention, self._sweep, self._board = retention, sweep, board
        self._done: set[Asked] = set()

    def has_left(self, asked: list[Asked]) -> bool:
        """Whether any of it is still to be done."""
        return not self._done.issuperset(asked)

    async def erase(self, asked: list[Asked], now_ms: int) -> None:
        """All that is left of it."""
        for camera, span in asked:
            if (camera, span) not in self._done:
                await self._erase_one(camera, span, now_ms)

    async def _erase_one(self, camera: str, span: ErasedSpan, now_ms: int) -> None:
        reason = Reason.OWNER.value
        try:
            erased = await self._retention.erase_span(camera, span.from_ms, span.to_ms, reason, now_ms)
        except Exception as error:
            log.exception("what the owner erased of camera %s could not be erased here", camera)
            why = f": {error}" if isinstance(error, BacksightError) else ": see the log"
            text = f"Camera {camera} still has what its owner erased{why}"
            self._board.set_problem(f"erase:{camera}", text)
            return
        self._done.add((camera, span))
        self._board.set_problem(f"erase:{camera}", None)
        if erased.count:
            log.info("camera %s: erased %d segments, as its owner wants", camera, erased.count)
            self._sweep.set()
