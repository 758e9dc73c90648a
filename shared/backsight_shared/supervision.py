"""Keeps a named task running: restarts it after trouble, and says so when only a person can help."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from backsight_shared.clock import Clock
from backsight_shared.errors import BacksightError, NeedsAttention, TryLater

FIRST_DELAY = 1.0  # seconds; the longest wait after one failure, doubled with each further one
LONGEST_DELAY = 60.0  # seconds
HEALTHY_AFTER = 60.0  # seconds; a task that lives this long is well: it starts counting failures anew

_DOUBLINGS = 10  # the exponent is capped, not only the result: 2.0 ** 1024 overflows after 17 hours of outage

log = logging.getLogger(__name__)

OnProblem = Callable[[str, str | None], None]


async def supervise(
    name: str, run: Callable[[], Awaitable[None]], clock: Clock, on_problem: OnProblem
) -> None:
    """Run until it returns, restarting it with growing delays; `NeedsAttention` ends it for good.

    `on_problem(name, text)` is told of each failure in words for a person, and `on_problem(name, None)`
    once the task is well again. Being cancelled from outside passes through.
    """
    watch = _Watch(name, clock, on_problem)
    while True:
        try:
            async with watch.alive():
                await run()
        except asyncio.CancelledError:
            if _cancelled_from_outside():
                raise
            watch.failed(RuntimeError("cancelled from inside"))
        except Exception as error:  # noqa: BLE001 - the one place that decides about every failure
            if _leaf(error, NeedsAttention):
                watch.stopped(error)
                return
            watch.failed(error)
        else:
            watch.well()
            return
        await clock.sleep(delay_after(watch.failures))


def delay_after(failures: int) -> float:
    """Seconds to wait after so many failures in a row; a random part keeps a thousand hubs from one beat."""
    longest = min(FIRST_DELAY * 2.0 ** min(failures - 1, _DOUBLINGS), LONGEST_DELAY)
    return longest * random.uniform(0.5, 1.0)


class _Watch:
    """Counts one task's failures in a row and tells of them."""

    def __init__(self, name: str, clock: Clock, on_problem: OnProblem) -> None:
        self.failures = 0
        self._name = name
        self._clock = clock
        self._on_problem = on_problem

    @asynccontextmanager
    async def alive(self) -> AsyncIterator[None]:
        """While inside for long enough, the task is well."""
        timer = asyncio.ensure_future(self._well_later())
        try:
            yield
        finally:
            timer.cancel()
            await asyncio.gather(timer, return_exceptions=True)

    def well(self) -> None:
        if self.failures:
            self._on_problem(self._name, None)
        self.failures = 0

    def failed(self, error: Exception) -> None:
        self.failures += 1
        expected = _leaf(error, TryLater)
        log.warning(
            "%s failed, %d in a row: %s",
            self._name,
            self.failures,
            _text(error),
            exc_info=None if expected else error,
        )
        self._on_problem(self._name, _text(error))

    def stopped(self, error: Exception) -> None:
        log.error("%s stopped, it needs attention: %s", self._name, _text(error), exc_info=error)
        self._on_problem(self._name, _text(error))

    async def _well_later(self) -> None:
        await self._clock.sleep(HEALTHY_AFTER)
        self.well()


def _cancelled_from_outside() -> bool:
    """A cancellation that nobody asked this task for came from something inside that was cancelled."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def _leaf(error: BaseException, kind: type[Exception]) -> Exception | None:
    """The first error of this kind, in a group or alone."""
    if isinstance(error, BaseExceptionGroup):
        return next((found for inner in error.exceptions if (found := _leaf(inner, kind))), None)
    return error if isinstance(error, kind) else None


def _text(error: Exception) -> str:
    """What to tell a person: our own errors are written for one, others only for the log."""
    ours = _leaf(error, NeedsAttention) or _leaf(error, BacksightError)
    if ours is not None and str(ours):
        return str(ours)
    inner: BaseException = error
    while isinstance(inner, BaseExceptionGroup):
        inner = inner.exceptions[0]
    return f"something unexpected happened ({type(inner).__name__}); the log says more"
