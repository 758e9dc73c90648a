"""Provider, orders and ledger are compared line by line; what differs is reported, and nothing is changed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from backsight_cloud.billing_ports import Order
from backsight_cloud.domain.billing.events import Subscribed
from backsight_cloud.domain.billing.sheet import Book, Entry
from backsight_cloud.domain.calendar import Cycle
from backsight_cloud.domain.vitals import MoneyHealth
from backsight_cloud.payment_ports import Moved, Movement
from backsight_cloud.services.paying import Cashier
from backsight_cloud.services.reconciling import DAY_MS, SKEW_MS, reconcile, reconcile_forever, unbalanced
from fakes.town_of_payers import ANNA, Payers, local_ms, payers

FRONT = "aabbcc000001"


@dataclass
class Told:
    """A provider that says that this was moved. Implements what a comparison asks of `Payments`."""

    moved: list[Movement] = field(default_factory=list)

    async def movements(self, from_ms: int, to_ms: int) -> AsyncIterator[Sequence[Movement]]:
        yield [one for one in self.moved if from_ms <= one.at_ms < to_ms]


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Payers]:
    """Anna has paid 2.99."""
    async with payers(tmp_path) as found:
        await found.set_up(FRONT)
        await found.save_card()
        found.clock.put(local_ms("2026-02-10T10:00"))
        await found.plans.choose(ANNA, Subscribed("plus", Cycle.MONTH, FRONT))
        yield found


async def said(town: Payers) -> list[Movement]:
    return [one async for page in town.sandbox.movements(0, 2**50) for one in page]


async def differences(
    town: Payers, moved: list[Movement], from_ms: int = 0, to_ms: int | None = None
) -> list[tuple[str, int | None, int | None]]:
    cashier: Cashier = replace(town.cashier, payments=Told(moved))  # type: ignore[arg-type]
    until_ms = town.clock.now_ms() + 1 if to_ms is None else to_ms
    report = await reconcile(cashier, from_ms, until_ms)
    return [(one.what, one.ours_cents, one.theirs_cents) for one in report.differences]


async def test_what_agrees_is_no_difference(town: Payers) -> None:
    assert await differences(town, await said(town)) == []


async def test_money_that_the_provider_does_not_know(town: Payers) -> None:
    assert await differences(town, []) == [("the provider knows nothing of it", 299, None)]


async def test_money_that_somebody_moved_in_the_providers_pages(town: Payers) -> None:
    [charge] = await said(town)
    refund = replace(charge, kind=Moved.REFUND, id="re_9", key="", cents=100)
    assert await differences(town, [charge, refund]) == [
        ("somebody moved money in the provider's pages", None, 100)
    ]


async def test_an_order_that_was_carried_out_twice(town: Payers) -> None:
    [charge] = await said(town)
    assert await differences(town, [charge, replace(charge, id="ch_9")]) == [
        ("the same order was carried out twice", None, 299)
    ]


async def test_an_order_of_which_we_know_nothing(town: Payers) -> None:
    [charge] = await said(town)
    assert await differences(town, [charge, replace(charge, id="ch_9", key="not-ours")]) == [
        ("the provider moved money that we did not order", None, 299)
    ]


async def test_another_sum(town: Payers) -> None:
    [charge] = await said(town)
    assert await differences(town, [replace(charge, cents=300)]) == [("another sum was moved", 299, 300)]


async def test_money_of_which_we_have_no_answer_yet(town: Payers) -> None:
    [charge] = await said(town)
    order = Order("anna-o9", ANNA, "charge", 100, "", town.clock.now_ms())
    async with town.database.begin() as tx:
        await tx.orders.add(order)
    assert await differences(town, [charge, replace(charge, id="ch_9", key="anna-o9", cents=100)]) == [
        ("the provider moved money of which we do not know yet", None, 100)
    ]


async def test_a_ledger_that_says_something_else(town: Payers) -> None:
    [charge] = await said(town)
    wrong = Entry("a mistake", charge.key, ((Book.CARD, 1), (Book.REVENUE, -1)))
    async with town.database.begin() as tx:
        await tx.books.write(ANNA, town.clock.now_ms(), [wrong])
    assert await differences(town, [charge]) == [("the ledger says something else", 300, 299)]


async def test_an_order_that_waited_for_days_is_ours_all_the_same(town: Payers) -> None:
    [charge] = await said(town)
    late = replace(charge, at_ms=charge.at_ms + 5 * DAY_MS)
    assert await differences(town, [late], late.at_ms - DAY_MS, late.at_ms + 1) == []


async def test_money_that_moved_just_before_the_span_is_not_missed_in_it(town: Payers) -> None:
    """By the provider's clock, which counts whole seconds, it may have moved before it was asked for."""
    [charge] = await said(town)
    before = replace(charge, at_ms=charge.at_ms - 500)
    assert await differences(town, [before], charge.at_ms - SKEW_MS + 1) == []


async def test_an_answer_that_comes_after_the_span_is_for_the_next(town: Payers) -> None:
    now_ms = town.clock.now_ms()
    assert await differences(town, [], to_ms=now_ms) == []


async def test_the_ledger_balances(town: Payers) -> None:
    assert await unbalanced(town.database) == {}


async def test_each_night_it_is_compared_and_counted(town: Payers) -> None:
    health = MoneyHealth()
    cashier: Cashier = replace(town.cashier, payments=Told([]))  # type: ignore[arg-type]
    town.clock.put(local_ms("2026-02-10T12:00"))
    comparing = asyncio.create_task(reconcile_forever(cashier, health))
    async with asyncio.timeout(5):
        while health.differences is None:
            await asyncio.sleep(0.01)
    assert (health.differences, health.reconciled_ms) == (1, local_ms("2026-02-10T12:00"))
    comparing.cancel()
    await asyncio.gather(comparing, return_exceptions=True)
