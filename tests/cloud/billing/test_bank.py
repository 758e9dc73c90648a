"""What the provider tells later counts once: twice, late, out of order, and before it has answered us.

After each of it the ledger and the provider agree.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from backsight_cloud.billing_ports import Order
from backsight_cloud.domain.billing.events import Cancelled, Closed, Subscribed, When
from backsight_cloud.domain.billing.sheet import Book
from backsight_cloud.domain.calendar import Cycle
from backsight_cloud.payment_ports import (
    Card,
    CardUpdated,
    ChargeFailedLater,
    ChargeSettled,
    Disputed,
    HookEvent,
    RefundFailedLater,
    RefundSettled,
)
from backsight_cloud.services.bank import Bank, NotKnownYet
from backsight_cloud.services.reconciling import reconcile
from fakes.town_of_payers import ANNA, DECLINING_CARD, Payers, local_ms, payers

FRONT, BACK = "aabbcc000001", "aabbcc000002"
REFUNDS_FAIL = "4000000000005126"
PLUS_YEARLY = Subscribed("plus", Cycle.YEAR, FRONT)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Payers]:
    async with payers(tmp_path) as found:
        await found.set_up(FRONT, BACK)
        yield found


async def paying(town: Payers, card: str = "4242424242424242") -> Order:
    """Plus for a year; the order of its charge."""
    await town.save_card(card)
    town.clock.put(local_ms("2026-03-01T10:00"))
    await town.plans.choose(ANNA, PLUS_YEARLY)
    return (await orders(town))[-1]


async def cancelled(town: Payers) -> Order:
    """Cancelled in September, which sends 14.79 back; the order of the refund."""
    town.clock.put(local_ms("2026-09-01T10:00"))
    cancel = Cancelled((await town.care()).subscriptions[0].id, When.NOW)
    await town.plans.choose(ANNA, cancel, (await town.plans.preview(ANNA, cancel)).confirm)
    return (await orders(town))[-1]


async def unanswered(town: Payers) -> Order:
    """A first charge that nobody has sent yet."""
    await town.save_card()
    town.clock.put(local_ms("2026-03-01T10:00"))
    async with town.database.begin() as tx:
        await town.billing.apply(tx, ANNA, PLUS_YEARLY, town.clock.now_ms())
    return (await orders(town))[-1]


async def orders(town: Payers) -> list[Order]:
    async with town.database.read() as tx:
        return list(await tx.orders.of_account(ANNA))


async def told(town: Payers, *events: HookEvent) -> None:
    for event in events:
        await Bank(town.cashier).take(event)


async def books(town: Payers) -> dict[Book, int]:
    async with town.database.read() as tx:
        return {book: cents for book, cents in (await tx.books.balances(ANNA)).items() if cents}


async def differences(town: Payers) -> list[str]:
    report = await reconcile(town.cashier, 0, town.clock.now_ms() + 1)
    return [one.what for one in report.differences]


def charge_of(order: Order) -> str:
    return order.answer.split('"')[3]


# ---------------------------------------------------------------- charges


async def test_a_charge_that_we_know_settles_without_anything_new(town: Payers) -> None:
    order = await paying(town)
    before = await town.plans.kept(ANNA)
    await told(town, ChargeSettled("e1", order.key, charge_of(order)), ChargeSettled("e2", order.key, "?"))
    assert await town.plans.kept(ANNA) == before


async def test_a_charge_that_settles_before_we_are_answered_begins_the_plan_once(town: Payers) -> None:
    order = await unanswered(town)
    charged = await town.cashier._ask(order)
    await told(town, ChargeSettled("e1", order.key, getattr(charged, "charge", "")))
    assert await town.bills() == [("invoice", 2999, 0)]
    await town.cashier.do_what_is_due()
    assert await town.bills() == [("invoice", 2999, 0)]
    assert await differences(town) == []


async def test_a_charge_that_fails_before_we_are_answered_begins_nothing(town: Payers) -> None:
    order = await unanswered(town)
    await told(town, ChargeFailedLater("e1", order.key, "", "generic_decline"))
    assert (await town.care()).subscriptions == ()
    assert (await town.mails())[-1] == "charge_failed"


async def test_a_declined_charge_that_fails_again_is_told_once(town: Payers) -> None:
    order = await paying(town, DECLINING_CARD)
    await told(town, *(ChargeFailedLater(f"e{one}", order.key, "", "generic_decline") for one in range(3)))
    assert (await town.mails()).count("charge_failed") == 1


async def test_a_charge_that_fails_after_all_is_taken_back_once_though_told_as_several(town: Payers) -> None:
    order = await paying(town)
    charge = charge_of(order)
    failed = ChargeFailedLater("e1", order.key, charge, "generic_decline")
    await told(town, failed, failed, replace(failed, event="e2"), Disputed("e3", charge, 2999))
    assert await books(town) == {Book.DISPUTED: 2999, Book.REVENUE: -2999}


async def test_a_declined_charge_that_is_said_to_settle_is_for_an_operator(
    town: Payers, caplog: pytest.LogCaptureFixture
) -> None:
    order = await paying(town, DECLINING_CARD)
    await told(town, ChargeSettled("e1", order.key, "ch_9"))
    assert "an operator must look" in caplog.text
    assert await town.bills() == []


@pytest.mark.parametrize(
    "event",
    [
        ChargeSettled("e1", "", "ch_9"),
        ChargeSettled("e1", "a stranger's", "ch_9"),
        ChargeFailedLater("e1", "a stranger's", "ch_9", "declined"),
        RefundSettled("e1", "a stranger's", "re_9"),
        RefundFailedLater("e1", "", "re_9", "lost"),
        Disputed("e1", "ch_9", 100),
        CardUpdated("e1", "cus_9", Card("pm_9", "visa", "4242", 1, 2050)),
    ],
    ids=lambda event: type(event).__name__,
)
async def test_what_is_not_ours_changes_nothing(town: Payers, event: HookEvent) -> None:
    await paying(town)
    before = await town.plans.kept(ANNA)
    await told(town, event)
    assert await town.plans.kept(ANNA) == before


# ---------------------------------------------------------------- disputes


async def test_what_a_bank_took_back_is_not_given_back_again(town: Payers) -> None:
    charge = charge_of(await paying(town))
    await told(town, Disputed("e1", charge, 2999), Disputed("e1", charge, 2999))
    town.clock.put(local_ms("2026-09-01T10:00"))
    cancel = Cancelled((await town.care()).subscriptions[0].id, When.NOW)
    assert (await town.plans.preview(ANNA, cancel)).money.refunded == 0


async def test_a_dispute_of_a_charge_that_we_are_not_answered_about_is_told_again(town: Payers) -> None:
    order = await unanswered(town)
    charged = await town.cashier._ask(order)
    dispute = Disputed("e1", getattr(charged, "charge", ""), 2999)
    with pytest.raises(NotKnownYet):
        await told(town, dispute)
    await town.cashier.do_what_is_due()
    await told(town, dispute)
    assert await books(town) == {Book.DISPUTED: 2999, Book.REVENUE: -2999}


# ---------------------------------------------------------------- refunds


async def test_a_refund_that_fails_later_is_credit_and_is_told_once(town: Payers) -> None:
    await paying(town, REFUNDS_FAIL)
    refund = await cancelled(town)
    town.clock.put(local_ms("2026-09-01T12:00"))
    failed = RefundFailedLater("e1", refund.key, "re_1", "lost_or_stolen_card")
    await told(town, RefundSettled("e0", refund.key, "re_1"), failed, replace(failed, event="e2"), failed)
    assert (await town.care()).credit_cents == 1479
    assert (await town.mails()).count("refund_failed") == 1
    assert await books(town) == {Book.CARD: 2999, Book.CREDIT: -1479, Book.REVENUE: -1520}
    assert await differences(town) == []


async def test_a_refund_that_failed_and_then_settles_late_stays_failed(town: Payers) -> None:
    await paying(town, REFUNDS_FAIL)
    refund = await cancelled(town)
    town.clock.put(local_ms("2026-09-01T12:00"))
    failed = RefundFailedLater("e1", refund.key, "re_1", "lost_or_stolen_card")
    await told(town, failed, RefundSettled("e0", refund.key, "re_1"))
    assert (await town.care()).credit_cents == 1479
    assert await differences(town) == []


async def test_a_refund_that_fails_before_we_are_answered_is_credit_though_the_answer_says_made(
    town: Payers,
) -> None:
    await paying(town, REFUNDS_FAIL)
    town.clock.put(local_ms("2026-09-01T10:00"))
    cancel = Cancelled((await town.care()).subscriptions[0].id, When.NOW)
    async with town.database.begin() as tx:
        await town.billing.apply(tx, ANNA, cancel, town.clock.now_ms())
    refund = (await orders(town))[-1]
    made = await town.cashier._ask(refund)
    town.clock.put(local_ms("2026-09-01T12:00"))
    await told(town, RefundFailedLater("e1", refund.key, "re_1", "lost_or_stolen_card"))
    assert made is not None
    await town.cashier._take([(refund, made)])
    assert (await town.care()).credit_cents == 1479
    assert await differences(town) == []


# ---------------------------------------------------------------- cards


async def test_a_card_that_its_bank_renewed_has_its_new_expiry_and_never_an_older_one(town: Payers) -> None:
    await paying(town)
    before = (await town.care()).card
    assert before is not None
    customer = await customer_of(town)
    new = Card(before.token, "visa", "9999", 1, 2044)
    await told(town, CardUpdated("e2", customer, new))
    await told(town, CardUpdated("e1", customer, replace(new, last4="4242", exp_year=2041)))
    card = (await town.care()).card
    assert card is not None
    assert (card.last4, card.exp_year) == ("9999", 2044)


async def test_news_of_a_card_that_was_replaced_does_not_bring_it_back(town: Payers) -> None:
    await paying(town)
    old = (await town.care()).card
    assert old is not None
    await town.save_card("5555555555554444")
    now = (await town.care()).card
    await told(town, CardUpdated("e1", await customer_of(town), Card(old.token, "visa", "4242", 1, 2050)))
    assert (await town.care()).card == now


async def test_news_of_the_card_of_a_closed_account_is_taken_and_changes_nothing(town: Payers) -> None:
    await paying(town)
    old, customer = (await town.care()).card, await customer_of(town)
    assert old is not None
    async with town.database.begin() as tx:
        await town.billing.apply(tx, ANNA, Closed(), town.clock.now_ms())
    await town.cashier.do_what_is_due()
    await told(town, CardUpdated("e1", customer, Card(old.token, "visa", "4242", 1, 2050)))
    assert (await town.care()).card is None


async def customer_of(town: Payers) -> str:
    async with town.database.read() as tx:
        customer = await tx.billings.customer(ANNA, "sandbox")
    assert customer is not None
    return customer
