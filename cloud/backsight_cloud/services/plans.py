"""Owners choose plans: what a choice would do is announced, then confirmed, then done, and paid in one step.

A choice by which any camera keeps less needs the token of its own preview; when anything has changed since,
the preview is stale, and a new one is needed. Nothing leaves a history unannounced.
"""

import hashlib
import json
from dataclasses import dataclass

from backsight_cloud.billing_ports import Kept
from backsight_cloud.domain.billing.care import CardOnFile, Care
from backsight_cloud.domain.billing.events import CardSaved, Event
from backsight_cloud.domain.billing.outcome import Money, outcome
from backsight_cloud.domain.billing.windows import PlanSteps, plan_steps
from backsight_cloud.domain.confirming import Confirmations
from backsight_cloud.domain.entitling import changed
from backsight_cloud.domain.records import Account, Camera
from backsight_cloud.payment_ports import Card, CardSetup
from backsight_cloud.ports import Transaction
from backsight_cloud.services.billing import Billing
from backsight_cloud.services.leaves import Leaving, leaving_now, shrinks
from backsight_cloud.services.paying import Cashier
from backsight_shared import shapes
from backsight_shared.errors import NeedsAttention
from backsight_shared.window import WindowStep

CONFIRM_LIFE_MS = 15 * 60_000  # of a preview
MOST_LATE = 120  # segments of a camera that may have come since: what it records while a preview lives


class PlanNotConfirmed(NeedsAttention):
    """The choice makes a history shorter, and its own preview was not confirmed, or is stale."""


@dataclass(frozen=True, slots=True)
class CameraChange:
    """What a choice does to one camera."""

    camera: str
    name: str
    before: PlanSteps
    after: PlanSteps


@dataclass(frozen=True, slots=True)
class PlanPreview:
    """What a choice would do. `confirm` is empty where no window shrinks: then nothing need be confirmed."""

    cameras: tuple[CameraChange, ...]
    leaving: tuple[Leaving, ...]
    money: Money
    care: Care  # as it would be
    confirm: str = ""
    confirm_until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class _Looked:
    """A preview before it has its token."""

    cameras: tuple[CameraChange, ...]
    leaving: tuple[Leaving, ...]
    money: Money
    care: Care


class OwnersPlans:
    """For the owner of the account; times by the service's clock."""

    def __init__(self, cashier: Cashier, key: bytes) -> None:
        self._cashier = cashier
        self._billing: Billing = cashier.billing
        self._database, self._clock = cashier.database, cashier.clock
        self._confirmations = Confirmations(key)

    async def kept(self, account: str) -> Kept:
        """How the account stands, with its version."""
        async with self._database.read() as tx:
            return await self._billing.kept(tx, account)

    async def preview(self, account: str, event: Event) -> PlanPreview:
        """Announce a choice. Raises Refused when it cannot be made."""
        now_ms = self._clock.now_ms()
        async with self._database.read() as tx:
            kept = await self._billing.kept(tx, account)
            looked = await self._look(tx, kept.care, event, now_ms)
        if not looked.leaving:
            return PlanPreview(looked.cameras, (), looked.money, looked.care)
        until_ms = now_ms + CONFIRM_LIFE_MS
        announced = _announced(kept, event) | {"leaving": _counts(looked.leaving)}
        token = self._confirmations.token(announced, until_ms)
        return PlanPreview(looked.cameras, looked.leaving, looked.money, looked.care, token, until_ms)

    async def choose(self, account: str, event: Event, confirm: str = "", request: str = "") -> Kept:
        """Do it, and pay for it. A payment may still be on its way when this returns.

        What names the `request` lets it happen once. Raises Refused or PlanNotConfirmed.
        """
        now_ms = self._clock.now_ms()
        async with self._database.begin() as tx:
            if not (request and await tx.billings.has_happened(account, request)):
                kept = await self._billing.kept(tx, account)
                looked = await self._look(tx, kept.care, event, now_ms)
                if looked.leaving:
                    self._refuse_unconfirmed(kept, event, confirm, looked.leaving, now_ms)
                await self._billing.apply(tx, account, event, now_ms, request)
        return await self._settled(account)

    async def _settled(self, account: str) -> Kept:
        """The provider is asked at once."""
        self._billing.wake()
        await self._cashier.settle(account)
        return await self.kept(account)

    async def begin_card(self, account: Account) -> CardSetup:
        """What the owner's browser needs to give a card to the provider."""
        return await self._cashier.payments.begin_card(await self._customer(account))

    async def finish_card(self, account: Account, setup: str) -> Kept:
        """The card is on file, in the place of any other. Raises CardRefused."""
        customer = await self._customer(account)
        card = await self._cashier.payments.finish_card(customer, setup)
        before = (await self.kept(account.id)).care.card
        if before is not None and before.token == card.token:
            return await self.kept(account.id)
        async with self._database.begin() as tx:
            await self._billing.apply(tx, account.id, CardSaved(_on_file(card)), self._clock.now_ms())
        kept = await self._settled(account.id)
        if before is not None and not kept.care.charges:  # a charge on its way was told the old one
            await self._cashier.payments.forget_card(customer, before.token)
        return kept

    async def _customer(self, account: Account) -> str:
        async with self._database.read() as tx:
            known = await tx.billings.customer(account.id, self._cashier.provider)
        if known is not None:
            return known
        customer = await self._cashier.payments.customer(account.id, account.email)
        async with self._database.begin() as tx:
            await tx.billings.set_customer(account.id, self._cashier.provider, customer)
        return customer

    async def _look(self, tx: Transaction, care: Care, event: Event, now_ms: int) -> _Looked:
        come_to = outcome(care, event, now_ms, self._billing.terms)
        before, then = plan_steps(care, now_ms), plan_steps(come_to.care, now_ms)
        changes, leaving = [], list[Leaving]()
        for camera in await tx.cameras.of_account(care.account):
            old, new = before.get(camera.id, ()), then.get(camera.id, ())
            if old != new:
                changes.append(CameraChange(camera.id, camera.name, old, new))
                leaving += await self._leaving(tx, camera, new, now_ms)
        return _Looked(tuple(changes), tuple(leaving), come_to.money, come_to.care)

    async def _leaving(self, tx: Transaction, camera: Camera, plans: PlanSteps, now_ms: int) -> list[Leaving]:
        catalogue = self._billing.terms.catalogue
        future = [WindowStep(from_ms, catalogue.window_ms(plan, camera.model)) for from_ms, plan in plans]
        before = await tx.cameras.steps(camera.id)
        steps = changed(before, future, now_ms) if future else before
        if not shrinks(before, steps, now_ms):
            return []
        return await leaving_now(tx, camera, before, steps, now_ms)

    def _refuse_unconfirmed(
        self, kept: Kept, event: Event, confirm: str, leaving: tuple[Leaving, ...], now_ms: int
    ) -> None:
        said = self._confirmations.announced(confirm, now_ms)
        if said is None:
            raise PlanNotConfirmed(
                "this makes a history shorter: ask for its preview, and confirm with the preview's token"
            )
        counts = said.pop("leaving", None)
        if said != _announced(kept, event) or not isinstance(counts, dict):
            raise PlanNotConfirmed("this preview is stale, or of something else: look again at what would go")
        for key, count in _counts(leaving).items():
            if count > counts.get(key, -1) + MOST_LATE:
                raise PlanNotConfirmed("more would go now than was announced: look again at what would go")


def _announced(kept: Kept, event: Event) -> dict[str, object]:
    """The choice as its hash: it may name many cameras, and a token has its longest."""
    choice = json.dumps([type(event).__name__, shapes.write(event)], sort_keys=True)
    digest = hashlib.sha256(choice.encode()).hexdigest()
    return {"account": kept.care.account, "version": kept.version, "choice": digest}


def _counts(leaving: tuple[Leaving, ...]) -> dict[str, int]:
    return {f"{one.camera}/{one.window_ms}": one.extent.count for one in leaving}


def _on_file(card: Card) -> CardOnFile:
    return CardOnFile(card.token, card.brand, card.last4, card.exp_month, card.exp_year)
