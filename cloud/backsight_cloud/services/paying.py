"""Lets time pass for every account, and moves money: an order is sent until it is answered, and counts once.

A crash at any point only means that something is done again: what is due is still due, an order is sent again
with its key, to which the provider gives the answer that it gave before.
"""

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from backsight_cloud.billing_ports import Order
from backsight_cloud.domain.billing.events import (
    ChargeDeclined,
    ChargeMade,
    Event,
    RefundMade,
    TimePassed,
)
from backsight_cloud.domain.billing.events import RefundRefused as RefundWasRefused
from backsight_cloud.payment_ports import (
    CARD_MISSING,
    Charged,
    ChargeOrder,
    Declined,
    Payments,
    PaymentsUnavailable,
    Refunded,
    RefundOrder,
    RefundRefused,
)
from backsight_cloud.ports import Database
from backsight_cloud.services.billing import Billing
from backsight_cloud.services.wakes import Wakes
from backsight_shared import shapes
from backsight_shared.clock import Clock, sleep_or

LOOK_EVERY_S = 30.0  # seconds; in case a wake was lost
AT_ONCE = 50  # accounts in one transaction
SENT_AT_ONCE = 16  # orders on their way to the provider
LEASE_MS = 120_000  # longer than a provider may take to answer
AGAIN_MS = (2_000, 10_000, 60_000, 300_000, 1_800_000)  # after so many tries without an answer

log = logging.getLogger(__name__)

Answer = Charged | Declined | Refunded | RefundRefused


@dataclass(frozen=True, slots=True)
class Cashier:
    """Who moves the money that billing orders."""

    database: Database
    payments: Payments
    provider: str  # its name: customers are kept by it
    billing: Billing
    clock: Clock
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)  # while the test clock is moved, its mover's

    async def pass_time(self, limit: int = AT_ONCE) -> int:
        """Do what is due, for some accounts; how many there were. Each is on its own if one fails."""
        now_ms = self.clock.now_ms()
        async with self.database.begin() as tx:
            due = await tx.billings.claim_due(now_ms, limit, LEASE_MS)
        try:
            await self._let_pass(due, now_ms)
        except Exception:
            log.exception("billing of %d accounts together failed: each is tried alone", len(due))
            for account in due:
                await self._let_pass_alone(account, now_ms)
        return len(due)

    async def send(self, limit: int = SENT_AT_ONCE, account: str | None = None) -> int:
        """Send some orders and take their answers; how many there were."""
        now_ms = self.clock.now_ms()
        async with self.database.begin() as tx:
            orders = await tx.orders.claim(now_ms, limit, LEASE_MS, account)
        answers = await asyncio.gather(*(self._ask(order) for order in orders))
        await self._take([(o, a) for o, a in zip(orders, answers, strict=True) if a is not None])
        return len(orders)

    async def do_what_is_due(self) -> None:
        """All of it, and what follows."""
        async with self.turn:
            while await self.pass_time() or await self.send():
                pass

    async def settle(self, account: str) -> None:
        """Send what this account waits for, and what follows from that, as long as it is answered."""
        while await self.send(account=account):
            pass

    async def _let_pass(self, due: Sequence[str], now_ms: int) -> None:
        if not due:
            return
        async with self.database.begin() as tx:
            for account in due:
                await self.billing.apply(tx, account, TimePassed(), now_ms)
        self.billing.wake()

    async def _let_pass_alone(self, account: str, now_ms: int) -> None:
        try:
            await self._let_pass([account], now_ms)
        except Exception:
            log.exception("billing of account %s failed: an operator must look", account)

    async def _ask(self, order: Order) -> Answer | None:
        """None while nobody knows; the order stays, and is sent again."""
        try:
            if order.kind == "charge":
                return await self._charge(order)
            return await self._refund(order)
        except PaymentsUnavailable as error:
            log.warning("order %s: %s", order.key, error)
        except Exception:
            log.exception("order %s cannot be sent: an operator must look", order.key)
        await self._later(order)
        return None

    async def _later(self, order: Order) -> None:
        wait_ms = AGAIN_MS[min(order.tries, len(AGAIN_MS) - 1)]
        async with self.database.begin() as tx:
            await tx.orders.later(order.key, self.clock.now_ms() + wait_ms)

    async def _charge(self, order: Order) -> Charged | Declined:
        async with self.database.read() as tx:
            kept = await self.billing.kept(tx, order.account)
            customer = await tx.billings.customer(order.account, self.provider)
        if customer is None:  # then nobody was ever asked
            return Declined(CARD_MISSING, "there is no card on file")
        # The same card each time, whichever came since; without one the provider still says what it answered.
        charge = kept.care.charge(order.key)
        token = charge.card if charge else ""
        currency = self.billing.terms.currency.lower()
        return await self.payments.charge(
            ChargeOrder(order.key, customer, token, order.cents, currency, f"Backsight {order.key}")
        )

    async def _refund(self, order: Order) -> Refunded | RefundRefused:
        async with self.database.read() as tx:
            charge = await tx.orders.order(order.of)
        name = json.loads(charge.answer).get("charge", "") if charge and charge.answer else ""
        return await self.payments.refund(RefundOrder(order.key, name, order.cents))

    async def _take(self, answered: Sequence[tuple[Order, Answer]]) -> None:
        """All answers together; one that cannot be taken does not keep the others waiting."""
        try:
            await self._take_together(answered)
        except Exception:
            log.exception("%d answers together could not be taken: each is tried alone", len(answered))
            for one in answered:
                await self._take_alone(one)

    async def _take_alone(self, one: tuple[Order, Answer]) -> None:
        try:
            await self._take_together([one])
        except Exception:  # it is asked for again, and the answer is the same
            log.exception("the answer to order %s cannot be taken: an operator must look", one[0].key)

    async def _take_together(self, answered: Sequence[tuple[Order, Answer]]) -> None:
        """What follows from an answer is in the same transaction as the answer. The first one counts:
        the provider may have told it by its hook meanwhile, and so may another worker have.
        """
        if not answered:
            return
        now_ms = self.clock.now_ms()
        async with self.database.begin() as tx:
            for order, answer in answered:
                if await tx.orders.answered(order.key, json.dumps(shapes.write(answer)), now_ms):
                    await self.billing.apply(tx, order.account, event_of(order, answer), now_ms)
        self.billing.wake()


def event_of(order: Order, answer: Answer) -> Event:
    """What a provider's answer means for billing."""
    match answer:
        case Charged(charge):
            return ChargeMade(order.key, charge)
        case Declined(code, reason):
            return ChargeDeclined(order.key, code, reason)
        case Refunded():
            return RefundMade(order.key)
        case RefundRefused(_, reason):
            return RefundWasRefused(order.key, reason)


async def bill_forever(cashier: Cashier, wakes: Wakes) -> None:
    """Do what is due and send what is ordered, whenever there is something."""
    while True:
        await cashier.do_what_is_due()
        await sleep_or(wakes.bill, await _pause_s(cashier), cashier.clock)


async def _pause_s(cashier: Cashier) -> float:
    async with cashier.database.read() as tx:
        next_ms = await tx.billings.next_ms()
    if next_ms is None:
        return LOOK_EVERY_S
    return min(max((next_ms - cashier.clock.now_ms()) / 1000, 0.01), LOOK_EVERY_S)
