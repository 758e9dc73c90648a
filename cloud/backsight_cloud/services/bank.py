"""Takes what the payment provider tells later: money that came, failed after all, or is disputed."""

import json
import logging

from backsight_cloud.billing_ports import Order
from backsight_cloud.domain.billing.care import CardOnFile
from backsight_cloud.domain.billing.events import (
    CardSaved,
    ChargeDeclined,
    ChargeMade,
    Event,
    MoneyTakenBack,
    RefundMade,
    RefundReturned,
)
from backsight_cloud.domain.billing.events import RefundRefused as RefundWasRefused
from backsight_cloud.payment_ports import (
    CardUpdated,
    ChargeFailedLater,
    ChargeSettled,
    Disputed,
    HookEvent,
    RefundFailedLater,
    RefundSettled,
)
from backsight_cloud.ports import Transaction
from backsight_cloud.services.paying import Cashier
from backsight_shared.errors import TryLater

log = logging.getLogger(__name__)

OfOrder = ChargeSettled | ChargeFailedLater | RefundSettled | RefundFailedLater


class NotKnownYet(TryLater):
    """It is about money that we are just being answered about: it has to be told again."""


class Bank:
    """Implements the port `TakesHooks`. What is told twice is taken once, in the same transaction.

    Nothing relies on the order in which things are told, nor on our own answer having come before.
    """

    def __init__(self, cashier: Cashier) -> None:
        self._cashier = cashier

    async def take(self, event: HookEvent) -> None:
        """Raises NotKnownYet; the provider tells it again then."""
        now_ms = self._cashier.clock.now_ms()
        async with self._cashier.database.begin() as tx:
            if not await tx.orders.hook_is_new(event.event, now_ms):
                return
            account, ours = await self._meaning(tx, event)
            if account is None or ours is None:
                log.info("a payment event of kind %s is not ours, or changes nothing", type(event).__name__)
                return
            await self._cashier.billing.apply(tx, account, ours, now_ms)
        self._cashier.billing.wake()

    async def _meaning(self, tx: Transaction, event: HookEvent) -> tuple[str | None, Event | None]:
        match event:
            case CardUpdated():
                return await self._updated(tx, event)
            case Disputed():
                return await self._disputed(tx, event)
        order = await tx.orders.order(event.key)
        if order is None:
            return None, None
        return order.account, await self._of_order(tx, order, event)

    async def _updated(self, tx: Transaction, event: CardUpdated) -> tuple[str | None, Event | None]:
        """Only of the card that is on file, and only forward: it may be told late."""
        account = await tx.billings.account_of_customer(self._cashier.provider, event.customer)
        kept = await tx.billings.kept(account) if account is not None else None
        known, card = kept.care.card if kept else None, event.card
        if known is None or known.token != card.token:
            return account, None
        if (card.exp_year, card.exp_month) < (known.exp_year, known.exp_month):
            return account, None
        on_file = CardOnFile(card.token, card.brand, card.last4, card.exp_month, card.exp_year)
        return account, CardSaved(on_file) if on_file != known else None

    async def _disputed(self, tx: Transaction, event: Disputed) -> tuple[str | None, Event | None]:
        order = await tx.orders.of_charge(event.charge)
        if order is None and (await tx.orders.waiting()).count:
            raise NotKnownYet(f"charge {event.charge} is not known, and a charge is on its way")
        if order is None or not await self._turns_out(tx, order, "taken_back", event.event):
            return None, None
        return order.account, MoneyTakenBack(event.charge, event.cents)

    async def _of_order(self, tx: Transaction, order: Order, event: OfOrder) -> Event | None:
        """One that is not answered yet is answered by this; else only what turned out otherwise matters."""
        if order.answered_ms is None:
            answer, ours = _answer(order, event)
            await tx.orders.answered(order.key, json.dumps(answer), self._cashier.clock.now_ms())
            return ours
        answered = json.loads(order.answer)
        if isinstance(event, ChargeFailedLater) and answered.get("charge"):
            took = await self._turns_out(tx, order, "taken_back", event.event)
            return MoneyTakenBack(answered["charge"], order.cents) if took else None
        if isinstance(event, RefundFailedLater) and answered.get("refund"):
            came_back = await self._turns_out(tx, order, "returned", event.event)
            return RefundReturned(order.key, order.cents) if came_back else None
        if isinstance(event, ChargeSettled) and not answered.get("charge"):
            log.error("order %s was declined, and now its charge is said to be made: an operator must look",
                      order.key)  # fmt: skip
        return None

    async def _turns_out(self, tx: Transaction, order: Order, how: str, event: str) -> bool:
        """Once, though it may be told as several events."""
        answered = json.loads(order.answer)
        if how in answered:
            return False
        await tx.orders.turned_out(order.key, json.dumps(answered | {how: event}))
        return True


def _answer(order: Order, event: OfOrder) -> tuple[dict[str, str], Event]:
    match event:
        case ChargeSettled(_, _, charge):
            return {"charge": charge}, ChargeMade(order.key, charge)
        case ChargeFailedLater(_, _, _, code):
            return {"code": code}, ChargeDeclined(order.key, code)
        case RefundSettled(_, _, refund):
            return {"refund": refund}, RefundMade(order.key)
        case RefundFailedLater(_, _, _, code):
            return {"code": code}, RefundWasRefused(order.key, code)
