"""`billing ...`, `reconcile` and `clock`: an operator looks at money, gives some back, and compares."""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backsight_cloud.adapters.moving_clock import WANTED_FILE, WantedMoment
from backsight_cloud.adapters.payments import make_payments
from backsight_cloud.commands.here import Here, account_named
from backsight_cloud.commands.output import Answer, table, when
from backsight_cloud.domain.billing.care import Care
from backsight_cloud.domain.billing.events import CreditGiven, Event, RefundGiven
from backsight_cloud.domain.money import money
from backsight_cloud.domain.records import Account
from backsight_cloud.services.explaining import Explained, explain
from backsight_cloud.services.moving import refuse_moving
from backsight_cloud.services.paying import Cashier
from backsight_cloud.services.reconciling import DAY_MS, Report, reconcile, unbalanced
from backsight_shared import shapes
from backsight_shared.errors import NeedsAttention


class NoTestMode(NeedsAttention):
    """Only a service in test mode has a clock that can be moved."""


async def show(here: Here, arguments: argparse.Namespace) -> Answer:
    """How an account stands."""
    account = await account_named(here, arguments.email)
    async with here.database.read() as tx:
        care = (await here.billing().kept(tx, account.id)).care
    return Answer(shapes.write(_shown(care)), _told(here, account, care))


async def refund(here: Here, arguments: argparse.Namespace) -> Answer:
    """Give back some of a charge; the provider is asked by the running service."""
    event = RefundGiven(arguments.charge, arguments.cents)
    return await _happen(here, arguments.email, event, "will be refunded", arguments.cents)


async def credit(here: Here, arguments: argparse.Namespace) -> Answer:
    """Give credit, which pays the next bills."""
    return await _happen(here, arguments.email, CreditGiven(arguments.cents), "was credited", arguments.cents)


async def compare(here: Here, arguments: argparse.Namespace) -> Answer:
    """Provider and ledger, line by line."""
    async with _cashier(here) as cashier:
        now_ms = here.clock.now_ms()
        report = await reconcile(cashier, now_ms - arguments.days * DAY_MS, now_ms)
    books = await unbalanced(here.database)
    value = {
        "report": shapes.write(report),
        "unbalanced": {str(book): cents for book, cents in books.items()},
    }
    return Answer(value, _compared(report) + ([f"the ledger does not balance: {books}"] if books else []))


async def why(here: Here, arguments: argparse.Namespace) -> Answer:
    """`explain account`: why each camera has its window, and when that changes."""
    account = await account_named(here, arguments.email)
    async with here.database.read() as tx:
        found = await explain(tx, here.billing(), account.id, here.clock.now_ms())
    return Answer(
        [shapes.write(one) for one in found],
        [_because(one) for one in found] or [f"{account.email} has no cameras"],
    )


async def clock(here: Here, arguments: argparse.Namespace) -> Answer:
    """Show the service's clock, or have it moved."""
    if not here.settings.billing.test_mode:
        raise NoTestMode("the clock can be moved only with [billing] test_mode = true")
    now_ms = here.clock.now_ms()
    to_ms = arguments.to
    if to_ms is None:
        return Answer({"now_ms": now_ms}, [when(now_ms)])
    refuse_moving(now_ms, to_ms)
    WantedMoment(here.settings.state / WANTED_FILE).leave(to_ms)
    here.wake()
    return Answer({"wanted_ms": to_ms}, [f"the running service moves its clock to {when(to_ms)}"])


async def _happen(here: Here, email: str, event: Event, done: str, cents: int) -> Answer:
    account, now_ms = await account_named(here, email), here.clock.now_ms()
    async with here.database.begin() as tx:
        applied = await here.billing().apply(tx, account.id, event, now_ms)
    here.wake()
    amount = money(cents, here.settings.terms.currency)
    return Answer(shapes.write(_shown(applied.kept.care)), [f"{amount} {done}: {account.email}"])


@asynccontextmanager
async def _cashier(here: Here) -> AsyncIterator[Cashier]:
    name = here.settings.payments.provider.value
    async with make_payments(here.settings, here.clock) as provider:
        yield Cashier(here.database, provider.payments, name, here.billing(), here.clock)


def _shown(care: Care) -> dict[str, object]:
    """Without the card's token."""
    value: dict[str, object] = shapes.write(care)
    card = value.get("card")
    if isinstance(card, dict):
        card.pop("token", None)
    return value


def _told(here: Here, account: Account, care: Care) -> list[str]:
    currency = here.settings.terms.currency
    rows = [
        {
            "subscription": one.id,
            "plan": one.plan,
            "camera": one.camera or "",
            "cycle": one.cycle.value,
            "status": one.status.value,
            "next bill": when(one.bill_ms) if one.renews and one.bill_ms else "",
            "ends": when(one.ends_ms) if one.ends_ms else "",
        }
        for one in care.subscriptions
    ]
    card = f"{care.card.brand} ending in {care.card.last4}" if care.card else "none"
    balance = f"credit {money(care.credit_cents, currency)}, owed {money(care.owed_cents, currency)}"
    charges = [f"charge {one.charge}: {money(one.left_cents, currency)} can be refunded" for one in care.paid]
    return [f"{account.email}: card {card}; {balance}", *table(rows, "no subscriptions"), *charges]


def _compared(report: Report) -> list[str]:
    rows = [
        {"what": one.what, "order": one.key, "ours": one.ours_cents, "theirs": one.theirs_cents}
        for one in report.differences
    ]
    count = f"{report.movements} movements and {report.orders} orders compared"
    return [count, *table(rows, "no differences")]


def _because(one: Explained) -> str:
    hours = "without a limit" if one.window_ms is None else f"{one.window_ms / 3_600_000:g} hours"
    ahead = "".join(
        f"; {change.plan} with {change.window_ms / 3_600_000:g} hours from {when(change.from_ms)}"
        for change in one.changes
    )
    doubt = "" if one.agrees else " (the window in force is another: an operator must look)"
    return f"{one.name} ({one.camera}): {hours}, because {one.why}{ahead}{doubt}"
