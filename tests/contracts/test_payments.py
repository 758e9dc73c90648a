"""A provider answers an order's key once and for ever: however often it is asked, the money moves once.

"wire" and "localstripe" are Stripe's adapter, against a server of ours in Stripe's shapes, and against
localstripe in a process of its own, where it can show the fact.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from backsight_cloud.payment_ports import (
    CARD_MISSING,
    MORE_THAN_LEFT,
    NEEDS_AUTHENTICATION,
    UNKNOWN_CHARGE,
    CardNeedsAuthentication,
    CardNotGiven,
    CardRefused,
    Charged,
    ChargeOrder,
    Declined,
    KeyUsedOtherwise,
    Moved,
    Movement,
    PaymentsUnavailable,
    Refunded,
    RefundOrder,
    RefundRefused,
)
from fakes.payment_stages import (
    DECLINES,
    GOOD,
    NEVER_ALONE,
    REFUND_TIMES_OUT,
    REFUSED,
    TIMES_OUT,
    TO_APPROVE,
    Stage,
    stage_of,
)

ALL_TIME = (0, 10_000_000_000_000)


@pytest.fixture(params=["memory", "disk", "wire", pytest.param("localstripe", marks=pytest.mark.slow)])
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage_of(request.param, tmp_path) as opened:
        yield opened


@pytest.fixture
async def customer(stage: Stage) -> str:
    return await stage.payments.customer("account-1", "anna@example.org")


async def an_order(stage: Stage, customer: str, key: str = "k1", number: str = GOOD) -> ChargeOrder:
    card = await stage.card(customer, number)
    return ChargeOrder(key, customer, card.token, 299, "usd", "Plus, Front door")


async def moved(stage: Stage, from_ms: int = ALL_TIME[0], to_ms: int = ALL_TIME[1]) -> list[Movement]:
    return [one async for page in stage.payments.movements(from_ms, to_ms) for one in page]


def of_kind(movements: Sequence[Movement], kind: Moved) -> list[Movement]:
    return [one for one in movements if one.kind is kind]


def needs(stage: Stage, what: str) -> None:
    if what in stage.lacks:
        pytest.skip(f"this other side lacks: {what}")


# ---------------------------------------------------------------- customers and cards


async def test_an_account_has_one_customer_however_often_it_is_asked_for(stage: Stage, customer: str) -> None:
    assert await stage.payments.customer("account-1", "anna@example.org") == customer


async def test_another_address_does_not_make_another_customer(stage: Stage, customer: str) -> None:
    assert await stage.payments.customer("account-1", "anna@example.net") == customer


async def test_another_account_has_another_customer(stage: Stage, customer: str) -> None:
    assert await stage.payments.customer("account-2", "anna@example.org") != customer


async def test_a_card_is_known_by_its_brand_last_four_and_expiry(stage: Stage, customer: str) -> None:
    card = await stage.card(customer)
    assert (card.brand, card.last4, card.exp_month, card.exp_year) == ("visa", "4242", 12, 2030)


async def test_a_token_is_in_no_repr(stage: Stage, customer: str) -> None:
    order = await an_order(stage, customer)
    assert order.card_token not in repr(order)


async def test_finishing_a_card_again_gives_the_same_card(stage: Stage, customer: str) -> None:
    setup = await stage.payments.begin_card(customer)
    await stage.give(setup, GOOD, True)
    first = await stage.payments.finish_card(customer, setup.id)
    assert await stage.payments.finish_card(customer, setup.id) == first


async def test_a_card_that_was_not_given_yet_is_said_so(stage: Stage, customer: str) -> None:
    setup = await stage.payments.begin_card(customer)
    with pytest.raises(CardNotGiven):
        await stage.payments.finish_card(customer, setup.id)


async def test_a_set_up_of_another_customer_is_none_of_ours(stage: Stage, customer: str) -> None:
    other = await stage.payments.customer("account-2", "bert@example.org")
    setup = await stage.payments.begin_card(other)
    await stage.give(setup, GOOD, True)
    with pytest.raises(CardNotGiven):
        await stage.payments.finish_card(customer, setup.id)


async def test_a_set_up_that_never_was_is_no_card(stage: Stage, customer: str) -> None:
    with pytest.raises(CardNotGiven):
        await stage.payments.finish_card(customer, "seti_never_1")


async def test_a_card_that_the_bank_refuses_is_not_saved(stage: Stage, customer: str) -> None:
    setup = await stage.payments.begin_card(customer)
    await stage.give(setup, REFUSED, True)
    with pytest.raises(CardRefused) as refused:
        await stage.payments.finish_card(customer, setup.id)
    assert not isinstance(refused.value, CardNotGiven | CardNeedsAuthentication)


async def test_a_card_that_its_owner_has_not_approved_waits(stage: Stage, customer: str) -> None:
    setup = await stage.payments.begin_card(customer)
    await stage.give(setup, TO_APPROVE, False)
    with pytest.raises(CardNeedsAuthentication):
        await stage.payments.finish_card(customer, setup.id)


async def test_a_card_that_its_owner_approved_is_saved(stage: Stage, customer: str) -> None:
    assert (await stage.card(customer, TO_APPROVE)).last4 == "3155"


async def test_a_forgotten_card_is_charged_no_more(stage: Stage, customer: str) -> None:
    needs(stage, "forgetting cards")
    order = await an_order(stage, customer)
    await stage.payments.forget_card(customer, order.card_token)
    answer = await stage.payments.charge(order)
    assert isinstance(answer, Declined)
    assert answer.is_final


async def test_a_card_is_forgotten_twice_as_well_as_once(stage: Stage, customer: str) -> None:
    card = await stage.card(customer)
    await stage.payments.forget_card(customer, card.token)
    await stage.payments.forget_card(customer, card.token)


async def test_a_customer_is_forgotten_twice_as_well_as_once(stage: Stage, customer: str) -> None:
    await stage.payments.forget_customer(customer)
    await stage.payments.forget_customer(customer)


async def test_what_a_forgotten_customer_paid_can_still_be_refunded(stage: Stage, customer: str) -> None:
    charged = await stage.payments.charge(await an_order(stage, customer))
    assert isinstance(charged, Charged)
    await stage.payments.forget_customer(customer)
    assert isinstance(await stage.payments.refund(RefundOrder("r1", charged.charge, 299)), Refunded)


# ---------------------------------------------------------------- charges


async def test_a_good_card_is_charged(stage: Stage, customer: str) -> None:
    assert isinstance(await stage.payments.charge(await an_order(stage, customer)), Charged)


async def test_the_same_key_gives_the_same_charge(stage: Stage, customer: str) -> None:
    order = await an_order(stage, customer)
    first = await stage.payments.charge(order)
    assert await stage.payments.charge(order) == first
    assert len(await moved(stage)) == 1


async def test_the_same_key_with_another_card_gives_the_same_charge(stage: Stage, customer: str) -> None:
    first = await stage.payments.charge(await an_order(stage, customer))
    assert await stage.payments.charge(await an_order(stage, customer)) == first
    assert len(await moved(stage)) == 1


async def test_another_key_is_another_charge(stage: Stage, customer: str) -> None:
    order = await an_order(stage, customer)
    first = await stage.payments.charge(order)
    assert await stage.payments.charge(replace(order, key="k2")) != first


async def test_a_key_is_not_used_for_another_sum(stage: Stage, customer: str) -> None:
    order = await an_order(stage, customer)
    await stage.payments.charge(order)
    with pytest.raises(KeyUsedOtherwise):
        await stage.payments.charge(replace(order, cents=300))
    assert len(await moved(stage)) == 1


async def test_a_decline_says_the_banks_code(stage: Stage, customer: str) -> None:
    answer = await stage.payments.charge(await an_order(stage, customer, number=DECLINES))
    assert isinstance(answer, Declined)
    assert (answer.code, answer.is_final) == ("generic_decline", False)


async def test_a_decline_moves_nothing(stage: Stage, customer: str) -> None:
    await stage.payments.charge(await an_order(stage, customer, number=DECLINES))
    assert await moved(stage) == []


async def test_a_decline_is_an_answer_for_ever(stage: Stage, customer: str) -> None:
    first = await stage.payments.charge(await an_order(stage, customer, number=DECLINES))
    good = await an_order(stage, customer)  # the same key, with a card that would do
    assert await stage.payments.charge(good) == first
    assert await moved(stage) == []


async def test_a_charge_that_its_owner_must_approve_is_declined(stage: Stage, customer: str) -> None:
    order = await an_order(stage, customer, number=NEVER_ALONE)
    for _ in range(2):
        answer = await stage.payments.charge(order)
        assert isinstance(answer, Declined)
        assert answer.code == NEEDS_AUTHENTICATION
    assert await moved(stage) == []


async def lost_charge(stage: Stage, customer: str) -> ChargeOrder:
    """An order whose charge was made, and whose answer was lost."""
    order = await an_order(stage, customer, number=GOOD if stage.lose_charge else TIMES_OUT)
    if stage.lose_charge:
        await stage.lose_charge()
    with pytest.raises(PaymentsUnavailable):
        await stage.payments.charge(order)
    return order


async def test_a_charge_whose_answer_was_lost_was_made(stage: Stage, customer: str) -> None:
    await lost_charge(stage, customer)
    assert [one.cents for one in await moved(stage)] == [299]


async def test_asked_again_after_a_lost_answer_it_was_charged_once(stage: Stage, customer: str) -> None:
    order = await lost_charge(stage, customer)
    answers = [await stage.payments.charge(order) for _ in range(3)]
    [movement] = await moved(stage)
    assert answers == [Charged(movement.id)] * 3


async def test_a_lost_charge_is_found_also_when_the_card_is_gone_meanwhile(
    stage: Stage, customer: str
) -> None:
    order = await lost_charge(stage, customer)
    await stage.payments.forget_card(customer, order.card_token)
    [movement] = await moved(stage)
    assert await stage.payments.charge(replace(order, card_token="")) == Charged(movement.id)


async def test_without_a_card_nothing_is_charged(stage: Stage, customer: str) -> None:
    answer = await stage.payments.charge(ChargeOrder("k1", customer, "", 299, "usd", "Plus"))
    assert isinstance(answer, Declined)
    assert answer.code == CARD_MISSING
    assert await moved(stage) == []


# ---------------------------------------------------------------- refunds


async def a_charge(stage: Stage, customer: str, number: str = GOOD) -> str:
    answer = await stage.payments.charge(await an_order(stage, customer, number=number))
    assert isinstance(answer, Charged)
    return answer.charge


async def test_a_part_of_a_charge_is_refunded(stage: Stage, customer: str) -> None:
    charge = await a_charge(stage, customer)
    answer = await stage.payments.refund(RefundOrder("r1", charge, 100))
    assert isinstance(answer, Refunded)
    [refund] = of_kind(await moved(stage), Moved.REFUND)
    assert (refund.id, refund.key, refund.charge, refund.cents) == (answer.refund, "r1", charge, 100)


async def test_the_same_key_gives_the_same_refund(stage: Stage, customer: str) -> None:
    order = RefundOrder("r1", await a_charge(stage, customer), 100)
    first = await stage.payments.refund(order)
    assert await stage.payments.refund(order) == first
    assert len(of_kind(await moved(stage), Moved.REFUND)) == 1


async def test_a_refunds_key_is_not_used_for_another_sum(stage: Stage, customer: str) -> None:
    order = RefundOrder("r1", await a_charge(stage, customer), 100)
    await stage.payments.refund(order)
    with pytest.raises(KeyUsedOtherwise):
        await stage.payments.refund(replace(order, cents=101))


async def test_a_charge_is_refunded_in_several_parts(stage: Stage, customer: str) -> None:
    charge = await a_charge(stage, customer)
    for key, cents in (("r1", 100), ("r2", 199)):
        assert isinstance(await stage.payments.refund(RefundOrder(key, charge, cents)), Refunded)


async def test_more_than_what_is_left_of_a_charge_is_not_refunded(stage: Stage, customer: str) -> None:
    needs(stage, "bounds of refunds")
    charge = await a_charge(stage, customer)
    await stage.payments.refund(RefundOrder("r1", charge, 200))
    answer = await stage.payments.refund(RefundOrder("r2", charge, 100))
    assert isinstance(answer, RefundRefused)
    assert answer.code == MORE_THAN_LEFT


async def test_nothing_is_refunded_of_a_charge_that_never_was(stage: Stage, customer: str) -> None:
    answer = await stage.payments.refund(RefundOrder("r1", "pi_never", 100))
    assert isinstance(answer, RefundRefused)
    assert answer.code == UNKNOWN_CHARGE


async def test_asked_again_after_a_lost_answer_it_was_refunded_once(stage: Stage, customer: str) -> None:
    charge = await a_charge(stage, customer, GOOD if stage.lose_refund else REFUND_TIMES_OUT)
    order = RefundOrder("r1", charge, 100)
    if stage.lose_refund:
        await stage.lose_refund()
    with pytest.raises(PaymentsUnavailable):
        await stage.payments.refund(order)
    assert isinstance(await stage.payments.refund(order), Refunded)
    assert len(of_kind(await moved(stage), Moved.REFUND)) == 1


# ---------------------------------------------------------------- what moved


async def test_a_charge_is_listed_with_our_key(stage: Stage, customer: str) -> None:
    charge = await a_charge(stage, customer)
    [movement] = await moved(stage)
    assert (movement.kind, movement.id, movement.charge, movement.key) == (Moved.CHARGE, charge, charge, "k1")
    assert (movement.cents, movement.currency) == (299, "usd")


async def test_every_movement_is_listed_once_over_many_pages(stage: Stage, customer: str) -> None:
    order = await an_order(stage, customer)
    keys = {f"k{number}" for number in range(stage.more_than_a_page)}
    for key in keys:
        await stage.payments.charge(replace(order, key=key))
    listed = [one.key for one in await moved(stage)]
    assert len(listed) == len(keys)
    assert set(listed) == keys


async def test_movements_are_listed_from_a_moment_to_before_another(stage: Stage, customer: str) -> None:
    needs(stage, "time of movements")
    order, moments = await an_order(stage, customer), []
    for key in ("k1", "k2", "k3"):
        await stage.payments.charge(replace(order, key=key))
        moments.append(stage.clock.now_ms())
        await stage.clock.advance(60)
    assert [one.key for one in await moved(stage, moments[1], moments[2])] == ["k2"]
