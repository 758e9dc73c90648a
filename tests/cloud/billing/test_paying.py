"""A choice is stored, paid, written down, told and given to the cameras, and all of that exactly once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backsight_cloud.domain.billing.events import Cancelled, CycleChanged, Subscribed, When
from backsight_cloud.domain.billing.sheet import Book, Refused
from backsight_cloud.domain.calendar import Cycle
from backsight_cloud.services.plans import PlanNotConfirmed
from fakes.town_of_payers import ANNA, DECLINING_CARD, Payers, local_ms, payers

FRONT, BACK = "aabbcc000001", "aabbcc000002"
DAY_S = 86_400
PLUS_MONTHLY = Subscribed("plus", Cycle.MONTH, FRONT)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Payers]:
    async with payers(tmp_path) as found:
        await found.set_up(FRONT, BACK)
        await found.save_card()
        yield found


async def test_the_first_charge_gives_the_window_at_once(town: Payers) -> None:
    town.clock.put(local_ms("2026-01-31T10:00"))
    await town.plans.choose(ANNA, PLUS_MONTHLY)
    assert await town.window_s(FRONT) == 14 * DAY_S
    assert await town.window_s(BACK) == DAY_S // 2


async def test_a_monthly_plan_is_billed_at_the_months_ends(town: Payers) -> None:
    town.clock.put(local_ms("2026-01-31T10:00"))
    await town.plans.choose(ANNA, PLUS_MONTHLY)
    await town.live_until("2026-05-01T00:00")
    assert await town.bills() == [("invoice", 299, 0)] * 4


async def test_ledger_and_provider_agree(town: Payers) -> None:
    town.clock.put(local_ms("2026-01-31T10:00"))
    await town.plans.choose(ANNA, PLUS_MONTHLY)
    await town.live_until("2026-05-01T00:00")
    moved = [one.cents async for page in town.sandbox.movements(0, 2**50) for one in page]
    async with town.database.read() as tx:
        books = await tx.books.balances(ANNA)
    assert books == {Book.CARD: sum(moved), Book.REVENUE: -sum(moved)}


async def test_every_event_is_told(town: Payers) -> None:
    town.clock.put(local_ms("2026-01-31T10:00"))
    await town.plans.choose(ANNA, PLUS_MONTHLY)
    assert sorted(await town.mails()) == ["card_saved", "plan_started", "receipt"]


async def test_cancelling_now_needs_the_token_of_its_own_preview(town: Payers) -> None:
    town.clock.put(local_ms("2026-03-01T10:00"))
    kept = await town.plans.choose(ANNA, Subscribed("plus", Cycle.YEAR, FRONT))
    town.clock.put(local_ms("2026-09-01T10:00"))
    cancel = Cancelled(kept.care.subscriptions[0].id, When.NOW)
    with pytest.raises(PlanNotConfirmed, match="preview"):
        await town.plans.choose(ANNA, cancel)
    preview = await town.plans.preview(ANNA, cancel)
    assert preview.money.refunded == 1479
    await town.plans.choose(ANNA, cancel, preview.confirm)
    assert await town.window_s(FRONT) == DAY_S // 2
    assert (await town.bills())[-1] == ("credit_note", 1479, 0)


async def test_a_preview_is_stale_when_the_account_has_changed(town: Payers) -> None:
    town.clock.put(local_ms("2026-03-01T10:00"))
    kept = await town.plans.choose(ANNA, Subscribed("plus", Cycle.YEAR, FRONT))
    cancel = Cancelled(kept.care.subscriptions[0].id, When.NOW)
    preview = await town.plans.preview(ANNA, cancel)
    await town.plans.choose(ANNA, Subscribed("plus", Cycle.YEAR, BACK))
    with pytest.raises(PlanNotConfirmed, match="stale"):
        await town.plans.choose(ANNA, cancel, preview.confirm)


async def test_a_cancel_at_the_end_is_in_the_windows_ahead(town: Payers) -> None:
    town.clock.put(local_ms("2026-02-10T10:00"))
    kept = await town.plans.choose(ANNA, PLUS_MONTHLY)
    cancel = Cancelled(kept.care.subscriptions[0].id, When.AT_END)
    preview = await town.plans.preview(ANNA, cancel)
    await town.plans.choose(ANNA, cancel, preview.confirm)
    async with town.database.read() as tx:
        steps = await tx.cameras.steps(FRONT)
    assert (steps[-1].from_ms, steps[-1].window_ms) == (local_ms("2026-03-10T10:00"), DAY_S // 2 * 1000)


async def test_no_window_shrinks_for_a_moment_when_the_cycle_changes(town: Payers) -> None:
    town.clock.put(local_ms("2026-01-10T10:00"))
    await town.plans.choose(ANNA, Subscribed("premium", Cycle.YEAR))
    await town.plans.choose(ANNA, CycleChanged(Cycle.MONTH))
    assert await town.bills() == [("invoice", 9999, 0), ("credit_note", 9972, 0), ("invoice", 999, 0)]
    async with town.database.read() as tx:
        assert [step.window_ms // 86_400_000 for step in await tx.cameras.steps(FRONT)][-1] == 30


async def test_a_declined_first_charge_begins_nothing(town: Payers) -> None:
    await town.save_card(DECLINING_CARD)
    town.clock.put(local_ms("2026-02-10T10:00"))
    kept = await town.plans.choose(ANNA, PLUS_MONTHLY)
    assert kept.care.subscriptions == ()
    assert await town.bills() == []
    assert (await town.mails())[-1] == "charge_failed"


async def test_a_choice_without_a_card_is_refused(tmp_path: Path) -> None:
    async with payers(tmp_path) as town:
        await town.set_up(FRONT)
        with pytest.raises(Refused, match="card"):
            await town.plans.choose(ANNA, PLUS_MONTHLY)
