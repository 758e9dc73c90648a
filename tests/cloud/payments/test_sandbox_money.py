"""Whatever is asked of the sandbox, in any order and however often: its books agree with its answers."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from backsight_cloud.adapters.payments_sandbox import open_sandbox
from backsight_cloud.payment_ports import (
    Charged,
    ChargeOrder,
    KeyUsedOtherwise,
    Moved,
    Movement,
    PaymentsUnavailable,
    Refunded,
    RefundOrder,
)
from fakes.clock import FakeClock
from fakes.payments import card_of

CARDS = (
    "4242424242424242",
    "4000009900000012",  # times out after
    "4000009900000020",  # unavailable before
    "4000009900000038",  # declines after the first
    "4000009900000053",  # its refunds time out
    "4000009900000079",  # declines
)

charges = st.tuples(st.just("charge"), st.integers(0, 4), st.sampled_from((50, 299)), st.sampled_from(CARDS))
refunds = st.tuples(
    st.just("refund"), st.integers(5, 9), st.sampled_from((1, 50, 200, 299)), st.integers(0, 4)
)


@given(st.lists(charges | refunds, max_size=30))
def test_each_key_moves_money_once_and_as_it_was_answered(steps: list[tuple[str, int, int, object]]) -> None:
    asyncio.run(live(steps))


async def live(steps: list[tuple[str, int, int, object]]) -> None:
    answers: dict[str, object] = {}
    made: dict[int, str] = {}
    async with open_sandbox(None, FakeClock()) as sandbox:
        customer = await sandbox.customer("account-1", "anna@example.org")
        tokens = {number: await card_of(sandbox, customer, number) for number in CARDS}
        for kind, key, cents, what in steps:
            try:
                if kind == "charge":
                    order = ChargeOrder(f"k{key}", customer, tokens[str(what)], cents, "usd", "Plus")
                    answer: object = await sandbox.charge(order)
                else:
                    charge = made.get(int(str(what)), "ch_never")
                    answer = await sandbox.refund(RefundOrder(f"k{key}", charge, cents))
            except (PaymentsUnavailable, KeyUsedOtherwise):
                continue
            assert answers.setdefault(f"k{key}", answer) == answer
            if isinstance(answer, Charged):
                made[key] = answer.charge
        moved = [one async for page in sandbox.movements(0, 10**13) for one in page]
    agree(moved, answers)


def agree(moved: list[Movement], answers: dict[str, object]) -> None:
    by_key = {one.key: one for one in moved}
    assert len(by_key) == len(moved)
    for key, answer in answers.items():
        assert (key in by_key) == isinstance(answer, Charged | Refunded)
    for charge in (one for one in moved if one.kind is Moved.CHARGE):
        back = sum(one.cents for one in moved if one.kind is Moved.REFUND and one.charge == charge.id)
        assert back <= charge.cents
