"""An event loop that is held up is seen: how late at worst, how late at best, and how often how late."""

import asyncio
from collections.abc import Iterator

import pytest

from backsight_shared.loop_lag import EVERY_S, RECENT, LoopLag, measure_forever


class HeldUp:
    """A clock whose sleeps end later than asked."""

    def __init__(self, lates: list[float]) -> None:
        self._lates: Iterator[float] = iter(lates)
        self._now = 0.0

    def now_ms(self) -> int:
        return 0

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        late = next(self._lates, None)
        if late is None:
            await asyncio.Event().wait()
        self._now += seconds + (late or 0.0)
        await asyncio.sleep(0)


async def measured(*lates: float) -> LoopLag:
    lag = LoopLag()
    task = asyncio.ensure_future(measure_forever(lag, HeldUp(list(lates))))
    for _ in range(3 * len(lates) + 3):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return lag


async def test_the_worst_and_the_best_are_known() -> None:
    lag = await measured(0.25, 2.0, 0.5)
    assert (lag.most_s, lag.least_s) == pytest.approx((2.0, 0.25))


async def test_a_minute_later_it_is_forgotten() -> None:
    lag = await measured(9.0, *[0.0] * RECENT)
    assert lag.most_s == 0.0


async def test_the_histogram_forgets_nothing() -> None:
    lag = await measured(9.0, *[0.0] * RECENT)
    histogram, worst = lag.families()
    count = next(one.value for one in histogram.samples if one.suffix == "_count")
    assert (count, worst.samples[0].value) == (RECENT + 1, 0.0)


async def test_before_the_first_measurement_nothing_is_late() -> None:
    assert (LoopLag().most_s, LoopLag().least_s) == (0.0, 0.0)


@pytest.mark.slow
async def test_a_real_loop_that_is_blocked_is_late() -> None:
    import time

    from backsight_shared.clock import SystemClock

    lag = LoopLag()
    task = asyncio.ensure_future(measure_forever(lag, SystemClock()))
    await asyncio.sleep(0.05)
    time.sleep(EVERY_S + 0.4)
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert 0.3 < lag.most_s < 2.0
