"""When an account is closed the provider forgets its person and cards, once all money has moved."""

from dataclasses import replace
from pathlib import Path

from backsight_cloud.domain.billing.events import Closed, Subscribed
from backsight_cloud.domain.calendar import Cycle
from backsight_cloud.payment_ports import CARD_MISSING, ChargeOrder, Declined, RefundRefused
from backsight_cloud.services.forgetting_cards import forget_customers
from fakes.town_of_payers import ANNA, Payers, local_ms, payers

FRONT = "aabbcc000001"


async def closed(town: Payers) -> tuple[str, str]:
    """The customer, and the token of the card, of an account that closes while a refund is due."""
    await town.set_up(FRONT)
    await town.save_card()
    town.clock.put(local_ms("2026-03-01T10:00"))
    kept = await town.plans.choose(ANNA, Subscribed("plus", Cycle.YEAR, FRONT))
    async with town.database.begin() as tx:
        customer = await tx.billings.customer(ANNA, "sandbox")
        await town.billing.apply(tx, ANNA, Closed(), town.clock.now_ms())
        account = await tx.people.account(ANNA)
        assert account is not None
        await tx.people.update_account(replace(account, closed_ms=town.clock.now_ms()))
    assert customer is not None
    assert kept.care.card is not None
    return customer, kept.care.card.token


async def test_while_a_refund_is_on_its_way_nothing_is_forgotten(tmp_path: Path) -> None:
    async with payers(tmp_path) as town:
        await closed(town)
        assert await forget_customers(town.cashier) == 0


async def test_then_the_card_can_be_charged_no_more(tmp_path: Path) -> None:
    async with payers(tmp_path) as town:
        customer, token = await closed(town)
        await town.cashier.do_what_is_due()
        assert await forget_customers(town.cashier) == 1
        charged = await town.sandbox.charge(ChargeOrder("k", customer, token, 299, "usd", "Plus"))
        assert isinstance(charged, Declined)
        assert charged.code == CARD_MISSING


async def test_it_is_done_once(tmp_path: Path) -> None:
    async with payers(tmp_path) as town:
        await closed(town)
        await town.cashier.do_what_is_due()
        assert [await forget_customers(town.cashier), await forget_customers(town.cashier)] == [1, 0]


async def test_nobody_writes_to_a_person_who_is_forgotten(tmp_path: Path) -> None:
    async with payers(tmp_path) as town:
        await closed(town)
        before = await town.mails()
        async with town.database.read() as tx:
            [refund] = (await town.care()).refunds
            order = await tx.orders.order(refund.key)
        assert order is not None
        await town.cashier._take([(order, RefundRefused("lost", "the card is gone"))])
        assert (await town.care()).credit_cents > 0
        assert await town.mails() == before
