"""Puts together everything that billing consists of, so that site, commands and tests have the same."""

from collections.abc import Mapping
from dataclasses import dataclass

from backsight_cloud.domain.billing.events import Closed
from backsight_cloud.domain.billing.outcome import outcome
from backsight_cloud.domain.records import Account
from backsight_cloud.payment_ports import Payments
from backsight_cloud.ports import Database, Transaction
from backsight_cloud.services.bank import Bank
from backsight_cloud.services.billing import Billing
from backsight_cloud.services.letting_go import OwnersUnbinding
from backsight_cloud.services.paying import Cashier
from backsight_cloud.services.plans import OwnersPlans
from backsight_cloud.services.unbinding import CameraUnbinding
from backsight_shared.clock import Clock


@dataclass(frozen=True, slots=True)
class CareServices:
    """One for each thing that billing does."""

    billing: Billing
    cashier: Cashier
    plans: OwnersPlans
    unbinding: OwnersUnbinding
    bank: Bank


def care_services(
    database: Database,
    payments: Payments,
    provider: str,
    billing: Billing,
    confirm_key: bytes,
    clock: Clock,
) -> CareServices:
    """All of them, around one `Billing`, which cameras and accounts use as well."""
    cashier = Cashier(database, payments, provider, billing, clock)
    unbinding = CameraUnbinding(database, billing.wakes, clock, billing)
    return CareServices(
        billing=billing,
        cashier=cashier,
        plans=OwnersPlans(cashier, confirm_key),
        unbinding=OwnersUnbinding(unbinding, cashier, confirm_key),
        bank=Bank(cashier),
    )


class BillingCloses:
    """Implements the port `ClosingMoney`: what an account that closes gets back."""

    def __init__(self, billing: Billing, clock: Clock) -> None:
        self._billing, self._clock = billing, clock

    async def preview(self, tx: Transaction, account: Account) -> Mapping[str, object]:
        """Cents to the card, and credit that lapses because it never came from a card."""
        kept = await self._billing.kept(tx, account.id)
        come_to = outcome(kept.care, Closed(), self._clock.now_ms(), self._billing.terms)
        refunds = sum(one.cents for one in come_to.care.refunds) - sum(one.cents for one in kept.care.refunds)
        lapses = kept.care.credit_cents + come_to.money.credited + come_to.money.refunded - refunds
        return {
            "refunded_cents": refunds,
            "credit_lapses_cents": max(lapses, 0),
            "subscriptions_end": len(kept.care.subscriptions),
        }

    async def close(self, tx: Transaction, account: Account) -> None:
        """Raises Refused while a payment is on its way."""
        await self._billing.apply(tx, account.id, Closed(), self._clock.now_ms())
