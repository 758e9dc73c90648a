"""Compares, at a year's end, what was stored with what must be: provider, ledger, documents, mail and events.

The stored events are folded again from the beginning: they must give the stored accounts, and each step must
keep what `checking.py` says is always true.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from backsight_cloud.billing_ports import Happened, Order
from backsight_cloud.domain.billing import events as all_events
from backsight_cloud.domain.billing.care import Care
from backsight_cloud.domain.billing.events import Event
from backsight_cloud.domain.billing.folding import after
from backsight_cloud.domain.billing.sheet import Book, Document
from backsight_cloud.payment_ports import Moved, Movement
from backsight_cloud.ports import Transaction
from backsight_cloud.services.billing import unborn
from backsight_cloud.services.reconciling import SETTLING_MS, reconcile
from backsight_cloud.services.simulation.checking import Broken, Checker
from backsight_cloud.services.simulation.lives import Step
from backsight_cloud.services.simulation.town import Town, hear
from backsight_cloud.services.simulation.watching import Followed
from backsight_shared import shapes

EVERYTHING = 1_000_000  # rows

_COUNTED = ("receipt", "credit_note", "charge_failed", "refund_failed", "trial_started", "plan_ended")


@dataclass
class Counts:
    """What was compared: for the report."""

    movements: int = 0
    orders: int = 0
    events: int = 0
    documents: int = 0
    mails: int = 0


async def compare(town: Town, counts: Counts) -> None:
    """What differs is noted with the town's watch."""
    await hear(town)
    now_ms = town.outside.clock.now_ms()
    async with town.outside.database.read() as tx:
        waiting = (await tx.orders.waiting()).count
    until_ms = now_ms - SETTLING_MS if waiting else now_ms + 1
    report = await reconcile(town.care.cashier, 0, until_ms)
    counts.movements, counts.orders = report.movements, report.orders
    for one in report.differences:
        town.watch.broken(one.account or one.key.partition("-")[0], now_ms, f"provider and ledger: {one}")
    if now_ms >= town.end_ms and not town.watch.violations:
        await _compare_accounts(town, counts, now_ms)


async def _compare_accounts(town: Town, counts: Counts, now_ms: int) -> None:
    moved: dict[str, list[Movement]] = {name: [] for name in town.watch.accounts}
    async for page in town.outside.bank.movements(0, now_ms + 1):
        for movement in page:
            moved[movement.key.partition("-")[0]].append(movement)
    async with town.outside.database.read() as tx:
        if sum((await tx.books.balances()).values()):
            town.watch.broken("", now_ms, "the books of all accounts do not sum to zero")
        for one in town.watch.accounts.values():
            faults = await _faults_of(tx, town, one, moved[one.account], counts)
            for text in faults:
                town.watch.broken(one.account, now_ms, text)


async def _faults_of(
    tx: Transaction, town: Town, one: Followed, moved: Sequence[Movement], counts: Counts
) -> list[str]:
    kept = await tx.billings.kept(one.account)
    if kept is None:
        return []
    happened = await tx.billings.events(one.account)
    documents = [row.document for row in await tx.books.documents(one.account, "", EVERYTHING)]
    mails = Counter(mail.kind for mail in await tx.outbox.mails(EVERYTHING, account=one.account))
    counts.events += len(happened)
    counts.documents += len(documents)
    counts.mails += mails.total()
    orders = await tx.orders.of_account(one.account)
    return [
        *_folded_again(town, one, kept.care, happened),
        *await _books(tx, one, kept.care, moved),
        *_documents(documents, orders, moved, kept.care),
        *_mails(one, documents if kept.care.closed_ms is None else (), mails),
    ]


def _folded_again(town: Town, one: Followed, stored: Care, happened: Sequence[Happened]) -> list[str]:
    care, checker = unborn(one.account), Checker(town.watch.terms)
    for row in happened:
        shape: type[Event] = getattr(all_events, row.kind)
        event = shapes.read(shape, json.loads(row.body), "event")
        folded = after(care, event, row.at_ms, town.watch.terms)
        try:
            checker.check(Step(row.at_ms, event, care, folded))
        except Broken as error:
            return [str(error)]
        care = folded.care
    if care != stored or care != one.care:
        return [f"the stored events folded again give another account:\n{care}\nnot\n{stored}"]
    return []


async def _books(tx: Transaction, one: Followed, care: Care, moved: Sequence[Movement]) -> list[str]:
    entries: Counter[int] = Counter()
    for line in await tx.books.lines(one.account, 0, EVERYTHING):
        entries[line.entry] += line.cents
    faults = [f"entry {entry} sums to {cents}" for entry, cents in entries.items() if cents]
    books = await tx.books.balances(one.account)
    card = sum(row.cents if row.kind is Moved.CHARGE else -row.cents for row in moved) - one.taken_back_cents
    wanted = {
        Book.CARD: card,
        Book.CREDIT: -care.credit_cents,
        Book.OWED: care.owed_cents,
        Book.REFUNDS: -sum(refund.cents for refund in care.refunds),
    }
    for book, cents in wanted.items():
        if books.get(book, 0) != cents:
            faults.append(f"the book {book} is {books.get(book, 0)}, and must be {cents}")
    return faults


def _documents(
    documents: Sequence[Document], orders: Sequence[Order], moved: Sequence[Movement], care: Care
) -> list[str]:
    """Each charge has its invoice, each refund its credit note, and no period is invoiced twice."""
    invoices = [one for one in documents if one.kind == "invoice"]
    notes = [one for one in documents if one.kind == "credit_note"]
    faults = []
    periods = Counter(
        (item.plan, item.camera, item.from_ms) for one in invoices for item in one.items if item.to_ms
    )
    faults += [f"{period} was invoiced {times} times" for period, times in periods.items() if times > 1]
    charged = {row.key: row.cents for row in moved if row.kind is Moved.CHARGE}
    invoiced = {one.order: one.card_cents for one in invoices if one.card_cents}
    if charged != invoiced:
        faults.append(f"charged and invoiced differ: {charged.items() ^ invoiced.items()}")
    noted = sum(one.card_cents for one in notes)
    ordered = sum(one.cents for one in orders if one.kind == "refund")
    if noted != ordered:
        faults.append(f"credit notes give {noted} cents to the card, refunds were ordered for {ordered}")
    return faults


def _mails(one: Followed, documents: Sequence[Document], mails: Counter[str]) -> list[str]:
    """What was told is in the outbox, once, and there is a mail for each document of who can be told."""
    kinds = Counter("receipt" if row.kind == "invoice" else "credit_note" for row in documents)
    wanted = Counter({kind: one.mails[kind] for kind in _COUNTED}) | kinds
    return [
        f"{mails[kind]} mails of kind {kind}, and {count} were to be sent"
        for kind, count in wanted.items()
        if mails[kind] != count
    ]
