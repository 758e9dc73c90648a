"""While the time is in doubt nothing is deleted, and that is said: on hubs with a cloud and without."""

from dataclasses import dataclass, field

import pytest

from backsight_agent.domain.holding import FixedWindows
from backsight_agent.domain.trusted_time import SETTLE_S
from backsight_agent.tasks.prune import PruneHealth, Pruner
from fakes.clock import NOON_MS
from fakes.footage_of_hub import CAMERA, record
from fakes.hub_in_time import HubInTime

HOUR_MS, DAY_MS, YEAR_MS = 3_600_000, 86_400_000, 365 * 86_400_000
WINDOW_MS = 12 * HOUR_MS


@dataclass
class Pruned:
    """A hub with twelve hours of history, and its pruner."""

    hub: HubInTime
    pruner: Pruner = field(init=False)

    def __post_init__(self) -> None:
        windows, hub = FixedWindows(WINDOW_MS, [CAMERA]), self.hub
        self.pruner = Pruner(hub.store.retention, windows, hub.time, hub.board, PruneHealth())

    async def left(self) -> int:
        """How many segments are left after a pass."""
        await self.pruner.prune_once()
        return len(self.hub.segments)

    @property
    def said(self) -> str:
        return " ".join(self.hub.board.problems)


async def with_history(**hub: object) -> Pruned:
    pruned = Pruned(HubInTime(**hub))  # type: ignore[arg-type]
    await record(pruned.hub.store, 3, NOON_MS - HOUR_MS)
    return pruned


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("jump_ms", [90_000, DAY_MS, YEAR_MS, 50 * YEAR_MS])
async def test_a_leap_ahead_erases_nothing_before_somebody_confirms_it(jump_ms: int, paired: bool) -> None:
    pruned = await with_history(ntp=True, paired=paired)
    assert await pruned.left() == 3
    pruned.hub.clock.jump(jump_ms)
    pruned.hub.ntp = False  # the kernel forgets that it was synchronised when its clock is set
    for _ in range(5):
        await pruned.hub.clock.advance(SETTLE_S)
        assert await pruned.left() == 3
    assert "Nothing is deleted: The clock jumped forward" in pruned.said


async def test_a_leap_ahead_that_the_cloud_denies_never_erases_anything() -> None:
    pruned = await with_history(ntp=True, paired=True)
    pruned.hub.clock.jump(YEAR_MS)
    for _ in range(5):
        pruned.hub.time.confirm(pruned.hub.clock.now_ms() - YEAR_MS)
        await pruned.hub.clock.advance(DAY_MS / 1000)
        assert await pruned.left() == 3
    assert "ahead of the cloud's" in pruned.said


async def test_a_leap_ahead_that_is_confirmed_is_obeyed() -> None:
    with_cloud, alone = await with_history(ntp=True, paired=True), await with_history(ntp=True)
    for pruned in (with_cloud, alone):
        pruned.hub.clock.jump(DAY_MS)
        assert await pruned.left() == 3
    with_cloud.hub.time.confirm(with_cloud.hub.clock.now_ms())
    await alone.hub.clock.advance(SETTLE_S)
    assert await with_cloud.left() == 0
    assert await alone.left() == 0
    assert "deleted" not in with_cloud.said + alone.said


async def test_what_was_recorded_in_1970_is_kept_and_goes_when_its_window_ends() -> None:
    """The defect that dating ends: by its name it was half a century too old the moment time was trusted."""
    pruned = Pruned(HubInTime(-NOON_MS, paired=True))
    hub = pruned.hub
    await hub.film(30)
    hub.clock.jump(NOON_MS)
    hub.time.confirm(hub.clock.now_ms())
    await hub.film(1)
    count = await pruned.left()
    assert count > 0  # the pruner came first
    await hub.date()
    await hub.stop()
    assert await pruned.left() >= count
    ends = sorted(segment.end_ms for segment in hub.segments)
    await hub.clock.advance((ends[0] + WINDOW_MS - hub.clock.now_ms()) / 1000 + 0.001)
    assert await pruned.left() == len(ends) - 1


async def test_what_waited_longer_than_the_window_for_the_time_to_be_known_goes_when_it_is() -> None:
    pruned = Pruned(HubInTime(-NOON_MS, paired=True))
    hub = pruned.hub
    await hub.film(10)
    await hub.stop()
    await hub.clock.advance(2 * WINDOW_MS / 1000)
    assert await pruned.left() > 0
    hub.clock.jump(NOON_MS)
    hub.time.confirm(hub.clock.now_ms())
    hub.time.changed.clear()
    await hub.date()
    assert hub.time.changed.is_set()  # the pruner is woken
    assert await pruned.left() == 0


async def test_an_idle_pass_is_not_kept_busy_by_what_does_not_expire() -> None:
    pruned = Pruned(HubInTime(-NOON_MS))
    await pruned.hub.film(10)
    pruned.hub.clock.jump(NOON_MS)
    pruned.hub.ntp = True
    await pruned.hub.clock.advance(SETTLE_S)
    assert pruned.hub.time.trusted_now_ms() is None  # looks anew from here
    await pruned.hub.clock.advance(SETTLE_S)
    assert pruned.hub.time.trusted_now_ms() is not None
    assert await pruned.pruner.prune_once() >= 1.0
    await pruned.hub.stop()
