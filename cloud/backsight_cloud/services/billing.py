"""Billing of accounts: an event is folded, and everything that follows from it is stored in one transaction.

The state, the event, orders to the provider, ledger, numbered documents, mail, and each camera's windows: all
of it is there afterwards, or nothing. Money moves later, by the orders (paying.py), and comes back as events.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from backsight_cloud.account_ports import Tells
from backsight_cloud.billing_ports import Happened, Kept, Order
from backsight_cloud.domain.billing.care import FREE, Care
from backsight_cloud.domain.billing.due import due_ms
from backsight_cloud.domain.billing.events import CameraAdded, Event, PlanGranted, ZoneChanged
from backsight_cloud.domain.billing.folding import after
from backsight_cloud.domain.billing.sheet import Document, Folded, Item
from backsight_cloud.domain.billing.windows import PlanSteps, plan_steps
from backsight_cloud.domain.calendar import local_date
from backsight_cloud.domain.entitling import changed
from backsight_cloud.domain.records import Account, Camera
from backsight_cloud.domain.terms import Terms
from backsight_cloud.ports import OwnerMissing, Transaction
from backsight_cloud.services.leaves import Leaving, leaving_now
from backsight_cloud.services.papers import issue_paper
from backsight_cloud.services.wakes import Wakes
from backsight_shared import shapes
from backsight_shared.window import WindowStep

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Applied:
    """What an event came to."""

    kept: Kept
    folded: Folded
    leaving: tuple[Leaving, ...]


class Billing:
    """The one place where an account's billing changes."""

    def __init__(self, terms: Terms, tells: Tells, wakes: Wakes) -> None:
        self.terms = terms
        self._tells = tells
        self.wakes = wakes

    async def kept(self, tx: Transaction, account: str) -> Kept:
        """As it stands; one that never had an event is made from what is bound. Raises OwnerMissing."""
        found = await tx.billings.kept(account)
        return found or Kept((await self._first(tx, account))[-1][1], 0)

    async def apply(
        self, tx: Transaction, account: str, event: Event, at_ms: int, request: str = ""
    ) -> Applied:
        """Let it happen; what names an owner's `request` lets it happen once.

        Raises Refused for what an owner may not do; nothing is stored then.
        """
        before = await self.kept(tx, account)
        if request and await tx.billings.has_happened(account, request):
            return Applied(before, Folded(before.care), ())
        if before.version == 0:
            before = await self._begin(tx, account)
        folded = after(before.care, event, at_ms, self.terms)
        if folded == Folded(before.care):
            return Applied(before, folded, ())
        kept = Kept(folded.care, before.version + 1)
        await self._keep(tx, kept, event, at_ms, request)
        await self._order(tx, before.care, folded.care)
        await tx.books.write(account, at_ms, folded.entries)
        leaving = await self.follow_windows(tx, kept.care, at_ms)
        await self._write_documents(tx, kept.care, folded, at_ms)
        await self._tell(tx, kept.care, folded, leaving)
        return Applied(kept, folded, leaving)

    async def tell(self, tx: Transaction, account: str, kind: str, about: str, **facts: Any) -> None:
        """Something that happened to the account beside its money."""
        told = await self._account(tx, account)
        await self._say(tx, kind, told, f"{account}/{kind}/{about}", facts)

    def wake(self) -> None:
        """After the transaction: whoever has something to do now."""
        for wake in (self.wakes.bill, self.wakes.prune, self.wakes.publish, self.wakes.mail):
            wake.set()

    async def follow_windows(self, tx: Transaction, care: Care, at_ms: int) -> tuple[Leaving, ...]:
        """Give each camera the windows that are paid for; what of its history leaves by that."""
        steps = plan_steps(care, at_ms)
        cameras = [one for one in await tx.cameras.of_account(care.account) if one.id in steps]
        before = await tx.cameras.steps_of([camera.id for camera in cameras])
        found: list[Leaving] = []
        for camera in cameras:
            found += await self._follow(tx, camera, before.get(camera.id, ()), steps[camera.id], at_ms)
        return tuple(found)

    async def _follow(
        self,
        tx: Transaction,
        camera: Camera,
        before: tuple[WindowStep, ...],
        plans: PlanSteps,
        at_ms: int,
    ) -> list[Leaving]:
        """The past stays; what was planned gives way to what is decided now."""
        future = [
            WindowStep(from_ms, self.terms.catalogue.window_ms(plan, camera.model)) for from_ms, plan in plans
        ]
        steps = changed(before, future, at_ms)
        leaving = await leaving_now(tx, camera, before, steps, at_ms)
        if steps == before and camera.plan == plans[0][1]:
            return leaving
        await tx.cameras.update(replace(camera, plan=plans[0][1]))
        if steps != before:
            await tx.cameras.replace_steps(camera.id, steps)
        await tx.publications.mark_due(camera.hub, at_ms)
        return leaving

    async def _begin(self, tx: Transaction, account: str) -> Kept:
        """Store what was before the first event as events, so that these alone make the account."""
        kept = Kept(unborn(account), 0)
        for event, care, at_ms in await self._first(tx, account):
            kept = Kept(care, kept.version + 1)
            await self._keep(tx, kept, event, at_ms, "")
        return kept

    async def _first(self, tx: Transaction, account_id: str) -> list[tuple[Event, Care, int]]:
        """Of an account without events: its zone, its cameras; plans that an operator set are given."""
        account = await self._account(tx, account_id)
        events: list[tuple[Event, int]] = [(ZoneChanged(account.zone), account.created_ms)]
        for camera in await tx.cameras.of_account(account_id):
            events.append((CameraAdded(camera.id), camera.bound_ms))
            if camera.plan != FREE:
                events.append((PlanGranted(camera.id, camera.plan), camera.bound_ms))
        care, found = unborn(account_id), list[tuple[Event, Care, int]]()
        for event, at_ms in events:
            care = after(care, event, at_ms, self.terms).care
            found.append((event, care, at_ms))
        return found

    async def _keep(self, tx: Transaction, kept: Kept, event: Event, at_ms: int, request: str) -> None:
        body = json.dumps(shapes.write(event))
        happened = Happened(kept.version, at_ms, type(event).__name__, body, request)
        await tx.billings.keep(kept, happened, due_ms(kept.care, self.terms))

    async def _account(self, tx: Transaction, account_id: str) -> Account:
        account = await tx.people.account(account_id)
        if account is None:
            raise OwnerMissing(f"there is no account {account_id}")
        return account

    async def _order(self, tx: Transaction, before: Care, now: Care) -> None:
        known = {one.key for one in before.charges} | {one.key for one in before.refunds}
        for charge in (one for one in now.charges if one.key not in known):
            order = Order(charge.key, now.account, "charge", charge.card_cents, "", charge.at_ms)
            await tx.orders.add(order)
        for refund in (one for one in now.refunds if one.key not in known):
            order = Order(refund.key, now.account, "refund", refund.cents, refund.charge, refund.at_ms)
            await tx.orders.add(order)

    async def _write_documents(self, tx: Transaction, care: Care, folded: Folded, at_ms: int) -> None:
        if not folded.documents:
            return
        account, names = await self._account(tx, care.account), await _names(tx, care.account)
        for document in folded.documents:
            year = local_date(at_ms, care.zone).year
            number = await tx.books.add_document(care.account, at_ms, year, document)
            await issue_paper(tx, self.terms, account, care, number, document, at_ms)
            facts = _document_facts(care, names, number, document)
            kind = "receipt" if document.kind == "invoice" else "credit_note"
            await self._say(tx, kind, account, f"{care.account}/{kind}/{number}", facts)

    async def _tell(self, tx: Transaction, care: Care, folded: Folded, leaving: tuple[Leaving, ...]) -> None:
        if not folded.mails:
            return
        account, names = await self._account(tx, care.account), await _names(tx, care.account)
        for mail in folded.mails:
            facts = _named(mail.facts, names)
            if "leaves" in facts:
                facts["leaves"] = [one.told() for one in leaving]
            await self._say(tx, mail.kind, account, mail.key, facts)

    async def _say(
        self, tx: Transaction, kind: str, account: Account, key: str, facts: Mapping[str, Any]
    ) -> None:
        """Once an account is closed its person is forgotten: there is nobody to tell, nor an address."""
        if account.closed_ms is None:
            await self._tells.tell(tx, kind, account, key, facts)


def unborn(account: str) -> Care:
    """Before its first event, which tells its zone."""
    return Care(account, "UTC")


async def _names(tx: Transaction, account: str) -> dict[str, str]:
    return {camera.id: camera.name for camera in await tx.cameras.of_account(account)}


def _named(facts: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Owners know their cameras by name."""
    told = dict(facts)
    for field in ("camera", "from_camera", "to_camera"):
        if told.get(field):
            told[field] = names.get(told[field], told[field])
    if "cameras" in told:
        told["cameras"] = [names.get(camera, camera) for camera in told["cameras"]]
    return told


def _document_facts(care: Care, names: Mapping[str, str], number: str, document: Document) -> dict[str, Any]:
    card = (
        {"brand": care.card.brand, "last4": care.card.last4} if care.card else {"brand": None, "last4": None}
    )
    lines = [_line(item, names) for item in document.items]
    if document.kind == "credit_note":
        money = {"refunded_cents": document.card_cents, "credited_cents": document.credit_cents}
        return {"number": number, "lines": lines, **money, **card}
    return {
        "number": number,
        "lines": lines,
        "total_cents": sum(item.cents for item in document.items),
        "credit_cents": document.credit_cents,
        "charged_cents": document.card_cents,
        "carried_cents": document.carried_cents,
        "next_bill_ms": document.next_bill_ms,
        **card,
    }


def _line(item: Item, names: Mapping[str, str]) -> dict[str, Any]:
    line = shapes.write(item)
    if item.camera:
        line["camera"] = names.get(item.camera, item.camera)
    return dict(line)
