"""Support is answered by the engine's own rules: why each camera has its window, and when that changes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backsight_cloud.domain.billing.events import Cancelled, PlanGranted, Subscribed, When
from backsight_cloud.domain.calendar import Cycle
from backsight_cloud.services.explaining import Change, Explained, explain
from fakes.town_of_payers import ANNA, DECLINING_CARD, Payers, local_ms, payers

FRONT, BACK = "aabbcc000001", "aabbcc000002"
HOUR_MS = 3_600_000
PLUS = Subscribed("plus", Cycle.MONTH, FRONT)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Payers]:
    async with payers(tmp_path) as found:
        await found.set_up(FRONT, BACK)
        await found.save_card()
        yield found


async def explained(town: Payers, camera: str = FRONT) -> Explained:
    async with town.database.read() as tx:
        found = await explain(tx, town.billing, ANNA, town.clock.now_ms())
    return next(one for one in found if one.camera == camera)


async def paying(town: Payers, choice: Subscribed = PLUS) -> None:
    town.clock.put(local_ms("2026-02-10T10:00"))
    await town.plans.choose(ANNA, choice)


async def test_without_a_plan_it_is_the_free_window_of_its_model(town: Payers) -> None:
    found = await explained(town)
    assert (found.plan, found.window_ms, found.changes) == ("free", 12 * HOUR_MS, ())
    assert found.why == "no plan covers it: the free window of EC70"


async def test_a_plan_that_is_paid_says_until_when(town: Payers) -> None:
    await paying(town)
    found = await explained(town)
    assert (found.plan, found.window_ms, found.agrees) == ("plus", 14 * 24 * HOUR_MS, True)
    assert found.why == (
        "it has Plus anna-s1, which is paid until 2026-03-10 10:00 (America/New_York), and then renewed"
    )


async def test_a_plan_that_ends_says_when_and_what_is_then(town: Payers) -> None:
    await paying(town)
    cancel = Cancelled("anna-s1", When.AT_END)
    await town.plans.choose(ANNA, cancel, (await town.plans.preview(ANNA, cancel)).confirm)
    found = await explained(town)
    assert found.why.endswith("and then over")
    assert found.changes == (Change(local_ms("2026-03-10T10:00"), "free", 12 * HOUR_MS),)


async def test_a_plan_that_waits_says_when_it_begins(town: Payers) -> None:
    await town.plans.choose(ANNA, PLUS)
    assert (await explained(town)).why == (
        "its Plus anna-s1 begins, and is charged, on 2026-01-02 00:00 (America/New_York): "
        "the day after its set-up; until then it has the free window of EC70"
    )


async def test_a_renewal_that_was_declined_says_when_it_is_tried_again(town: Payers) -> None:
    await paying(town)
    await town.save_card(DECLINING_CARD)
    await town.live_until("2026-03-10T12:00")
    assert (await explained(town)).why == (
        "it has Plus anna-s1, which is past due since 2026-03-10 10:00 (America/New_York): "
        "its renewal was declined, and is tried again on 2026-03-11 10:00 (America/New_York)"
    )


async def test_a_trial_says_until_when(town: Payers) -> None:
    await paying(town, Subscribed("plus", Cycle.MONTH, FRONT, trial=True))
    assert (
        "is on trial until 2026-03-12 10:00 (America/New_York), and then paid for"
        in (await explained(town)).why
    )


async def test_premium_says_by_which_slot_and_who_has_none(town: Payers) -> None:
    more = [f"aabbcc0000{number:02}" for number in range(3, 12)]
    await town.set_up(*more)
    await paying(town, Subscribed("premium", Cycle.MONTH))
    assert "one of the 10 slots of Premium anna-s1" in (await explained(town)).why
    assert "all 10 slots of Premium are taken by other cameras" in (await explained(town, more[-1])).why


async def test_a_plan_that_an_operator_gave_says_so(town: Payers) -> None:
    async with town.database.begin() as tx:
        await town.billing.apply(tx, ANNA, PlanGranted(BACK, "premium"), town.clock.now_ms())
    assert (await explained(town, BACK)).why == "an operator gave it premium"


async def test_a_window_that_is_not_the_paid_one_is_said_to_be_wrong(town: Payers) -> None:
    await paying(town)
    async with town.database.begin() as tx:
        steps = await tx.cameras.steps(FRONT)
        await tx.cameras.replace_steps(FRONT, steps[:1])
    assert not (await explained(town)).agrees
