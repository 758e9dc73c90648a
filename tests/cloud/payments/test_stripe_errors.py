"""What goes wrong with Stripe is said in our words: who can act, and never a key."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from backsight_cloud.adapters.payments_stripe import StripeKeys, StripePayments, open_stripe
from backsight_cloud.payment_ports import (
    Charged,
    ChargeOrder,
    Declined,
    PaymentsRefuseUs,
    PaymentsUnavailable,
    Refunded,
    RefundOrder,
    RefundRefused,
)
from fakes.clock import FakeClock
from fakes.stripe_wire import KEY, StripeWire, stripe_on_the_wire

CHARGES = "/v1/payment_intents"


@pytest.fixture
async def wire() -> AsyncIterator[StripeWire]:
    async with stripe_on_the_wire(FakeClock()) as opened:
        yield opened


@pytest.fixture
async def payments(wire: StripeWire) -> AsyncIterator[StripePayments]:
    async with open_stripe(StripeKeys(KEY, "pk_test_x"), wire.address) as opened:
        yield opened


@pytest.fixture
async def order(wire: StripeWire, payments: StripePayments) -> ChargeOrder:
    return await an_order(wire, payments, "4242424242424242")


async def an_order(wire: StripeWire, payments: StripePayments, number: str) -> ChargeOrder:
    customer = await payments.customer("account-1", "anna@example.org")
    setup = await payments.begin_card(customer)
    wire.give_card(setup.id, number, approve=True)
    card = await payments.finish_card(customer, setup.id)
    return ChargeOrder("k1", customer, card.token, 299, "usd", "Plus, Front door")


def failing(status: int, kind: str, **more: str) -> tuple[int, dict[str, object]]:
    return status, {"error": {"type": kind, "message": "Stripe's own words", **more}}


@pytest.mark.parametrize(
    "failure",
    [
        failing(429, "rate_limit_error"),
        failing(500, "api_error"),
        failing(503, "api_error"),
        failing(409, "idempotency_error", code="idempotency_key_in_use"),
        failing(400, "idempotency_error"),
    ],
)
async def test_of_what_was_not_answered_nobody_knows(
    wire: StripeWire, payments: StripePayments, order: ChargeOrder, failure: tuple[int, dict[str, object]]
) -> None:
    wire.fail_next[CHARGES] = failure
    with pytest.raises(PaymentsUnavailable):
        await payments.charge(order)
    assert isinstance(await payments.charge(order), Charged)


async def test_a_stripe_that_is_not_there_is_asked_again() -> None:
    async with open_stripe(StripeKeys(KEY, "pk_test_x"), "http://127.0.0.1:9") as payments:
        with pytest.raises(PaymentsUnavailable):
            await payments.customer("account-1", "anna@example.org")


async def test_a_wrong_key_is_for_the_operator_and_is_not_repeated(wire: StripeWire) -> None:
    async with open_stripe(StripeKeys("sk_test_wrong_one", "pk_test_x"), wire.address) as payments:
        with pytest.raises(PaymentsRefuseUs) as refused:
            await payments.customer("account-1", "anna@example.org")
    assert "key_file" in str(refused.value)
    assert "sk_" not in str(refused.value)
    assert refused.value.__suppress_context__


async def test_what_stripe_does_not_understand_is_for_the_operator(
    wire: StripeWire, payments: StripePayments, order: ChargeOrder
) -> None:
    wire.fail_next[CHARGES] = failing(400, "invalid_request_error", param="currency")
    with pytest.raises(PaymentsRefuseUs):
        await payments.charge(order)


async def test_keys_and_secrets_are_in_no_repr(payments: StripePayments) -> None:
    setup = await payments.begin_card(await payments.customer("account-1", "anna@example.org"))
    assert setup.client_secret
    assert setup.client_secret not in repr(setup)
    assert KEY not in repr(StripeKeys(KEY, "pk_test_x"))


async def test_a_browser_is_given_the_publishable_key(payments: StripePayments) -> None:
    setup = await payments.begin_card(await payments.customer("account-1", "anna@example.org"))
    assert setup.publishable_key == "pk_test_x"


async def test_a_card_that_will_never_do_is_a_final_decline(
    wire: StripeWire, payments: StripePayments
) -> None:
    answer = await payments.charge(await an_order(wire, payments, "4000009900000087"))
    assert isinstance(answer, Declined)
    assert (answer.code, answer.is_final) == ("stolen_card", True)


async def test_a_charge_is_asked_for_off_session_with_our_key_in_its_metadata(
    wire: StripeWire, payments: StripePayments, order: ChargeOrder
) -> None:
    await payments.charge(order)
    [asked] = [asked for method, path, asked in wire.asked if (method, path) == ("POST", CHARGES)]
    assert asked["metadata"] == {"key": "k1"}
    assert (asked["off_session"], asked["confirm"]) == ("true", "true")
    assert asked["description"] == "Plus, Front door"


async def test_a_day_later_when_stripe_forgot_the_idempotency_key_it_is_still_one_charge(
    wire: StripeWire, payments: StripePayments, order: ChargeOrder
) -> None:
    wire.lose_next = CHARGES
    with pytest.raises(PaymentsUnavailable):
        await payments.charge(order)
    wire.forget_keys()
    assert isinstance(await payments.charge(order), Charged)
    assert len(wire.of("payment_intent")) == 1


async def test_a_day_later_a_decline_is_still_that_decline(
    wire: StripeWire, payments: StripePayments
) -> None:
    order = await an_order(wire, payments, "4000009900000079")
    first = await payments.charge(order)
    wire.forget_keys()
    assert await payments.charge(order) == first
    assert len(wire.of("payment_intent")) == 1


async def test_a_day_later_a_refund_is_still_one_refund(
    wire: StripeWire, payments: StripePayments, order: ChargeOrder
) -> None:
    charged = await payments.charge(order)
    assert isinstance(charged, Charged)
    wire.lose_next = "/v1/refunds"
    with pytest.raises(PaymentsUnavailable):
        await payments.refund(RefundOrder("r1", charged.charge, 100))
    wire.forget_keys()
    assert isinstance(await payments.refund(RefundOrder("r1", charged.charge, 100)), Refunded)
    assert len(wire.of("refund")) == 1


async def test_two_who_ask_at_the_same_time_charge_once(
    wire: StripeWire, payments: StripePayments, order: ChargeOrder
) -> None:
    """Both looked before either charged: then the idempotency key is what holds."""
    first = await payments.charge(order)
    unseen = wire.things.pop(first.charge) if isinstance(first, Charged) else {}
    assert await payments.charge(order) == first
    assert unseen["id"] not in wire.things


async def test_a_key_that_waits_with_another_card_is_not_charged_to_this_one(
    wire: StripeWire, payments: StripePayments, order: ChargeOrder
) -> None:
    """Stripe may still be at work on the first: only it knows."""
    first = await payments.charge(order)
    assert isinstance(first, Charged)
    del wire.things[first.charge]  # not to be seen yet
    other = await an_order(wire, payments, "4242424242424242")
    with pytest.raises(PaymentsUnavailable):
        await payments.charge(other)


async def test_of_a_charge_that_stripe_has_not_decided_on_nobody_knows(
    wire: StripeWire, payments: StripePayments, order: ChargeOrder
) -> None:
    charged = await payments.charge(order)
    assert isinstance(charged, Charged)
    wire.things[charged.charge]["status"] = "processing"
    with pytest.raises(PaymentsUnavailable):
        await payments.charge(order)
    wire.things[charged.charge]["status"] = "succeeded"
    assert await payments.charge(order) == charged


@pytest.mark.parametrize("status", ["failed", "canceled"])
async def test_a_refund_that_failed_is_refused_when_it_is_asked_for_again(
    wire: StripeWire, payments: StripePayments, order: ChargeOrder, status: str
) -> None:
    charged = await payments.charge(order)
    assert isinstance(charged, Charged)
    refund = RefundOrder("r1", charged.charge, 100)
    await payments.refund(refund)
    wire.of("refund")[0]["status"] = status
    assert isinstance(await payments.refund(refund), RefundRefused)
    kinds = [one.kind async for page in payments.movements(0, 10**13) for one in page]
    assert kinds == ["charge"]


async def test_a_refund_that_stripe_refuses_says_its_code(
    wire: StripeWire, payments: StripePayments, order: ChargeOrder
) -> None:
    charged = await payments.charge(order)
    assert isinstance(charged, Charged)
    wire.fail_next["/v1/refunds"] = failing(400, "invalid_request_error", code="charge_disputed")
    answer = await payments.refund(RefundOrder("r1", charged.charge, 100))
    assert isinstance(answer, RefundRefused)
    assert answer.code == "charge_disputed"


async def test_a_charge_that_somebody_made_in_stripes_own_pages_has_no_key(
    wire: StripeWire, payments: StripePayments, order: ChargeOrder
) -> None:
    await payments.charge(order)
    wire.of("payment_intent")[0]["metadata"] = {}
    [movement] = [one async for page in payments.movements(0, 10**13) for one in page]
    assert movement.key == ""


async def test_a_customer_is_made_once_while_the_search_does_not_find_it_yet(
    wire: StripeWire, payments: StripePayments
) -> None:
    first = await payments.customer("account-1", "anna@example.org")
    wire.fail_next["/v1/customers/search"] = 200, {"object": "search_result", "data": [], "has_more": False}
    assert await payments.customer("account-1", "anna@example.net") == first
    assert wire.things[first]["email"] == "anna@example.net"


async def test_an_account_with_quotes_in_its_name_searches_for_itself_only(
    wire: StripeWire, payments: StripePayments
) -> None:
    await payments.customer('x" OR metadata["account"]:"y', "anna@example.org")
    [query] = [asked["query"] for _, path, asked in wire.asked if path.endswith("search")]
    assert query == 'metadata["account"]:"x\\" OR metadata[\\"account\\"]:\\"y"'


async def test_the_same_order_twice_is_two_only_with_another_key(
    wire: StripeWire, payments: StripePayments, order: ChargeOrder
) -> None:
    await payments.charge(order)
    await payments.charge(replace(order, key="k2"))
    assert len(wire.of("payment_intent")) == 2
