"""Each test card does what its number says, and the sandbox takes no other."""

from collections.abc import AsyncIterator, Sequence

import pytest

from backsight_cloud.adapters.payments_sandbox import SandboxPayments, open_sandbox
from backsight_cloud.adapters.payments_sandbox_cards import TEST_CARDS
from backsight_cloud.adapters.payments_sandbox_hooks import tell_here
from backsight_cloud.payment_ports import (
    CARD_EXPIRED,
    NEEDS_AUTHENTICATION,
    Card,
    CardNeedsAuthentication,
    CardNotGiven,
    CardRefused,
    CardUpdated,
    Charged,
    ChargeFailedLater,
    ChargeOrder,
    ChargeSettled,
    Declined,
    Disputed,
    HookEvent,
    PaymentsRefuseUs,
    PaymentsUnavailable,
    Refunded,
    RefundFailedLater,
    RefundOrder,
    RefundRefused,
    RefundSettled,
)
from fakes.clock import FakeClock

GOOD = "4242424242424242"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def sandbox(clock: FakeClock) -> AsyncIterator[SandboxPayments]:
    async with open_sandbox(None, clock) as opened:
        yield opened


async def saved(sandbox: SandboxPayments, number: str, year: int = 2030) -> Card:
    customer = await sandbox.customer("account-1", "anna@example.org")
    setup = await sandbox.begin_card(customer)
    try:
        await sandbox.give_card(setup.id, setup.client_secret, number, 11, year)
    except CardNeedsAuthentication:
        await sandbox.authenticate(setup.id, setup.client_secret, approve=True)
    return await sandbox.finish_card(customer, setup.id)


async def charged(sandbox: SandboxPayments, card: Card, key: str = "k1") -> Charged | Declined:
    customer = await sandbox.customer("account-1", "anna@example.org")
    return await sandbox.charge(ChargeOrder(key, customer, card.token, 299, "usd", "Plus"))


async def a_charge(sandbox: SandboxPayments, number: str) -> str:
    answer = await charged(sandbox, await saved(sandbox, number))
    assert isinstance(answer, Charged)
    return answer.charge


class Taken:
    """Implements the port `TakesHooks`."""

    def __init__(self) -> None:
        self.events: list[HookEvent] = []

    async def take(self, event: HookEvent) -> None:
        self.events.append(event)


async def told(sandbox: SandboxPayments) -> Sequence[HookEvent]:
    taken = Taken()
    await tell_here(sandbox, sandbox.hook, taken)
    return taken.events


def passes_luhn(number: str) -> bool:
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number))]
    return sum(digit - 9 if digit > 9 else digit for digit in doubled) % 10 == 0


@pytest.mark.parametrize("number", TEST_CARDS)
def test_a_forms_own_check_lets_every_test_card_through(number: str) -> None:
    assert passes_luhn(number)


# ---------------------------------------------------------------- giving a card


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("4000000000000002", "generic_decline"),
        ("4000000000009995", "insufficient_funds"),
        ("4000000000000069", CARD_EXPIRED),
        ("4000000000000127", "incorrect_cvc"),
        ("4000000000000119", "processing_error"),
    ],
)
async def test_a_card_is_refused_with_its_code(sandbox: SandboxPayments, number: str, code: str) -> None:
    with pytest.raises(CardRefused) as refused:
        await saved(sandbox, number)
    assert refused.value.code == code


@pytest.mark.parametrize("number", ["4111111111111111", "4242424242424241", "", "1234"])
async def test_a_number_that_is_no_test_card_is_refused_and_not_repeated(
    sandbox: SandboxPayments, number: str
) -> None:
    with pytest.raises(CardRefused) as refused:
        await saved(sandbox, number)
    assert refused.value.code == "not_a_test_card"
    assert not number or number not in str(refused.value)


async def test_a_number_may_be_written_in_groups(sandbox: SandboxPayments) -> None:
    assert (await saved(sandbox, "4242 4242-4242 4242")).last4 == "4242"


@pytest.mark.parametrize(
    ("number", "brand"), [("5555555555554444", "mastercard"), ("378282246310005", "amex")]
)
async def test_a_card_has_its_brand(sandbox: SandboxPayments, number: str, brand: str) -> None:
    assert (await saved(sandbox, number)).brand == brand


async def test_a_card_that_is_over_is_refused(sandbox: SandboxPayments) -> None:
    with pytest.raises(CardRefused) as refused:
        await saved(sandbox, GOOD, 2025)
    assert refused.value.code == CARD_EXPIRED


async def test_after_a_refusal_another_card_may_be_given(sandbox: SandboxPayments) -> None:
    customer = await sandbox.customer("account-1", "anna@example.org")
    setup = await sandbox.begin_card(customer)
    with pytest.raises(CardRefused):
        await sandbox.give_card(setup.id, setup.client_secret, "4000000000000002", 11, 2030)
    await sandbox.give_card(setup.id, setup.client_secret, GOOD, 11, 2030)
    assert (await sandbox.finish_card(customer, setup.id)).last4 == "4242"


async def test_a_card_whose_owner_does_not_approve_is_refused(sandbox: SandboxPayments) -> None:
    setup = await sandbox.begin_card(await sandbox.customer("account-1", "anna@example.org"))
    with pytest.raises(CardNeedsAuthentication):
        await sandbox.give_card(setup.id, setup.client_secret, "4000002500003155", 11, 2030)
    with pytest.raises(CardRefused) as refused:
        await sandbox.authenticate(setup.id, setup.client_secret, approve=False)
    assert refused.value.code == "authentication_failed"


async def test_without_the_client_secret_nothing_is_taken(sandbox: SandboxPayments) -> None:
    customer = await sandbox.customer("account-1", "anna@example.org")
    setup = await sandbox.begin_card(customer)
    with pytest.raises(CardNotGiven):
        await sandbox.give_card(setup.id, "guessed", GOOD, 11, 2030)
    with pytest.raises(CardNotGiven):
        await sandbox.finish_card(customer, setup.id)


async def test_a_set_up_that_is_done_keeps_its_card(sandbox: SandboxPayments) -> None:
    customer = await sandbox.customer("account-1", "anna@example.org")
    setup = await sandbox.begin_card(customer)
    await sandbox.give_card(setup.id, setup.client_secret, GOOD, 11, 2030)
    await sandbox.give_card(setup.id, setup.client_secret, "5555555555554444", 11, 2030)
    assert (await sandbox.finish_card(customer, setup.id)).brand == "visa"


async def test_a_card_is_not_begun_for_somebody_unknown(sandbox: SandboxPayments) -> None:
    with pytest.raises(PaymentsRefuseUs):
        await sandbox.begin_card("cus_never_1")


# ---------------------------------------------------------------- charging it


@pytest.mark.parametrize(
    ("number", "code", "is_final"),
    [
        ("4000000000000341", "generic_decline", False),
        ("4000002760003184", NEEDS_AUTHENTICATION, False),
        ("4000008260003178", "insufficient_funds", False),
        ("4000009900000079", "insufficient_funds", False),
        ("4000009900000087", "stolen_card", True),
    ],
)
async def test_a_card_declines_when_it_is_charged(
    sandbox: SandboxPayments, number: str, code: str, is_final: bool
) -> None:
    answer = await charged(sandbox, await saved(sandbox, number))
    assert isinstance(answer, Declined)
    assert (answer.code, answer.is_final) == (code, is_final)


async def test_once_approved_it_is_charged_without_its_owner(sandbox: SandboxPayments) -> None:
    assert isinstance(await charged(sandbox, await saved(sandbox, "4000002500003155")), Charged)


async def test_a_card_holds_to_the_end_of_its_month_and_no_longer(
    sandbox: SandboxPayments, clock: FakeClock
) -> None:
    card = await saved(sandbox, GOOD, 2026)  # until the end of 2026-11; it is the 24th, noon
    await clock.advance(6.5 * 86_400 - 1)
    assert isinstance(await charged(sandbox, card), Charged)
    await clock.advance(1)
    answer = await charged(sandbox, card, "k2")
    assert isinstance(answer, Declined)
    assert answer.code == CARD_EXPIRED


async def test_a_card_that_the_bank_renews_goes_on_and_that_is_told(
    sandbox: SandboxPayments, clock: FakeClock
) -> None:
    card = await saved(sandbox, "4000009900000061", 2026)
    await clock.advance(30 * 86_400)
    assert isinstance(await charged(sandbox, card), Charged)
    [renewed] = [one for one in await told(sandbox) if isinstance(one, CardUpdated)]
    assert (renewed.card.token, renewed.card.exp_year) == (card.token, 2030)


async def test_one_that_declines_after_the_first_does_so(sandbox: SandboxPayments) -> None:
    card = await saved(sandbox, "4000009900000038")
    assert isinstance(await charged(sandbox, card, "k1"), Charged)
    assert isinstance(await charged(sandbox, card, "k2"), Declined)


async def test_one_that_is_unavailable_before_has_charged_nothing_yet(sandbox: SandboxPayments) -> None:
    card = await saved(sandbox, "4000009900000020")
    with pytest.raises(PaymentsUnavailable):
        await charged(sandbox, card)
    assert [page async for page in sandbox.movements(0, 10**13)] == []
    assert isinstance(await charged(sandbox, card), Charged)


async def test_each_order_is_lost_once(sandbox: SandboxPayments) -> None:
    card = await saved(sandbox, "4000009900000012")
    for key in ("k1", "k2"):
        with pytest.raises(PaymentsUnavailable):
            await charged(sandbox, card, key)
        assert isinstance(await charged(sandbox, card, key), Charged)


async def test_less_than_a_card_is_charged_for_is_a_mistake_of_ours(sandbox: SandboxPayments) -> None:
    card, customer = await saved(sandbox, GOOD), await sandbox.customer("account-1", "anna@example.org")
    with pytest.raises(PaymentsRefuseUs):
        await sandbox.charge(ChargeOrder("k1", customer, card.token, 49, "usd", "Plus"))


async def test_the_card_of_another_customer_is_not_charged(sandbox: SandboxPayments) -> None:
    card, other = await saved(sandbox, GOOD), await sandbox.customer("account-2", "bert@example.org")
    answer = await sandbox.charge(ChargeOrder("k1", other, card.token, 299, "usd", "Plus"))
    assert isinstance(answer, Declined)


# ---------------------------------------------------------------- refunds, and what is told later


async def test_one_whose_refunds_are_refused_keeps_the_money(sandbox: SandboxPayments) -> None:
    charge = await a_charge(sandbox, "4000009900000046")
    assert isinstance(await sandbox.refund(RefundOrder("r1", charge, 100)), RefundRefused)


async def test_a_refund_that_fails_later_is_told(sandbox: SandboxPayments, clock: FakeClock) -> None:
    charge = await a_charge(sandbox, "4000000000005126")
    refund = await sandbox.refund(RefundOrder("r1", charge, 100))
    assert isinstance(refund, Refunded)
    assert not [one for one in await told(sandbox) if isinstance(one, RefundFailedLater)]
    await clock.advance(60)
    [failed] = await told(sandbox)
    assert isinstance(failed, RefundFailedLater)
    assert (failed.key, failed.refund) == ("r1", refund.refund)


async def test_a_refund_that_failed_moved_nothing(sandbox: SandboxPayments, clock: FakeClock) -> None:
    charge = await a_charge(sandbox, "4000000000005126")
    await sandbox.refund(RefundOrder("r1", charge, 299))
    await clock.advance(60)
    assert [one.kind for page in [p async for p in sandbox.movements(0, 10**13)] for one in page] == [
        "charge"
    ]
    assert isinstance(await sandbox.refund(RefundOrder("r1", charge, 299)), RefundRefused)
    assert isinstance(await sandbox.refund(RefundOrder("r2", charge, 299)), Refunded)


async def test_a_dispute_is_told(sandbox: SandboxPayments, clock: FakeClock) -> None:
    charge = await a_charge(sandbox, "4000000000000259")
    await told(sandbox)
    await clock.advance(60)
    [disputed] = await told(sandbox)
    assert isinstance(disputed, Disputed)
    assert (disputed.charge, disputed.cents) == (charge, 299)


async def test_charges_declines_and_refunds_are_told_with_our_keys(sandbox: SandboxPayments) -> None:
    charge = await a_charge(sandbox, GOOD)
    await charged(sandbox, await saved(sandbox, "4000009900000079"), "k2")
    await sandbox.refund(RefundOrder("r1", charge, 100))
    settled, failed, refunded = await told(sandbox)
    assert isinstance(settled, ChargeSettled)
    assert (settled.key, settled.charge) == ("k1", charge)
    assert isinstance(failed, ChargeFailedLater)
    assert (failed.key, failed.code) == ("k2", "insufficient_funds")
    assert isinstance(refunded, RefundSettled)
    assert refunded.key == "r1"


async def test_what_was_told_is_not_told_again(sandbox: SandboxPayments) -> None:
    await a_charge(sandbox, GOOD)
    assert len(await told(sandbox)) == 1
    assert await told(sandbox) == []


async def test_two_events_never_have_the_same_name(sandbox: SandboxPayments) -> None:
    card = await saved(sandbox, GOOD)
    names = []
    for key in ("k1", "k2", "k3"):
        await charged(sandbox, card, key)
        names += [one.event for one in await told(sandbox)]
    assert len(set(names)) == 3
