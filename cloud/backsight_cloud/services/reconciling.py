"""Compares what the provider says that it moved with our orders and our ledger, line by line.

It changes nothing: an order without an answer is answered by being sent again (paying.py). A difference is
for an operator, who sees it in the log, in the metrics and by `backsight-cloud reconcile`.
"""

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass

from backsight_cloud.billing_ports import Order
from backsight_cloud.domain.billing.sheet import Book
from backsight_cloud.domain.vitals import MoneyHealth
from backsight_cloud.payment_ports import Moved, Movement
from backsight_cloud.ports import Database
from backsight_cloud.services.paying import Cashier

DAY_MS = 24 * 3_600_000
LOOK_BACK_MS = 3 * DAY_MS  # each night
EVERY_S = 24 * 3600.0
SETTLING_MS = 10 * 60_000  # what moved a moment ago may not be answered yet
SLACK_MS = DAY_MS  # an order may be older than its movement: it waited for the provider
SKEW_MS = 60_000  # between the provider's clock and ours

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Difference:
    """Something on which we and the provider do not agree. Cents; None where there is nothing."""

    what: str
    key: str
    account: str
    ours_cents: int | None
    theirs_cents: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """A comparison."""

    from_ms: int
    to_ms: int
    movements: int
    orders: int
    differences: tuple[Difference, ...]


async def reconcile(cashier: Cashier, from_ms: int, to_ms: int) -> Report:
    """Everything that moved in [from, to). Raises PaymentsUnavailable."""
    theirs: dict[str, Movement] = {}
    strangers: list[Movement] = []
    count = 0
    async for page in cashier.payments.movements(from_ms, to_ms):
        for movement in page:
            count += 1
            if movement.key and movement.key not in theirs:
                theirs[movement.key] = movement
            else:
                strangers.append(movement)
    async with cashier.database.read() as tx:
        orders = list(await tx.orders.asked_between(from_ms - SLACK_MS, to_ms))
        known = {order.key for order in orders}
        older = [await tx.orders.order(key) for key in theirs if key not in known]
        orders += [order for order in older if order is not None]
        booked = await tx.books.card_by_order([order.key for order in orders])
    differences = [_stranger(one, theirs) for one in strangers]
    differences += _compared(orders, theirs, booked, from_ms, to_ms)
    return Report(from_ms, to_ms, count, len(orders), tuple(differences))


async def reconcile_forever(cashier: Cashier, health: MoneyHealth) -> None:
    """At the start and each night."""
    while True:
        now_ms = cashier.clock.now_ms()
        report = await reconcile(cashier, now_ms - LOOK_BACK_MS, now_ms - SETTLING_MS)
        for one in report.differences:
            log.error(
                "money: %s: %s (ours %s, theirs %s)", one.what, one.key, one.ours_cents, one.theirs_cents
            )
        health.differences, health.reconciled_ms = len(report.differences), now_ms
        await cashier.clock.sleep(EVERY_S)


async def unbalanced(database: Database) -> dict[Book, int]:
    """The books' balances when they do not sum to zero, which cannot be; else nothing."""
    async with database.read() as tx:
        balances = await tx.books.balances()
    return balances if sum(balances.values()) else {}


def _compared(
    orders: Iterable[Order],
    theirs: dict[str, Movement],
    booked: dict[str, int],
    from_ms: int,
    to_ms: int,
) -> list[Difference]:
    known = {order.key: order for order in orders}
    found = [
        Difference("the provider moved money that we did not order", key, "", None, movement.cents)
        for key, movement in theirs.items()
        if key not in known
    ]
    for order in known.values():
        found += _of_order(order, theirs.get(order.key), booked.get(order.key, 0), from_ms, to_ms)
    return found


def _of_order(
    order: Order, movement: Movement | None, booked: int, from_ms: int, to_ms: int
) -> list[Difference]:
    ours = order.cents if _was_made(order) else None
    signed = (ours or 0) * (1 if order.kind == Moved.CHARGE.value else -1)
    found = []
    if movement is None:
        answered_ms = order.answered_ms if order.answered_ms is not None else to_ms
        if ours is not None and order.asked_ms >= from_ms + SKEW_MS and answered_ms < to_ms:
            found.append(Difference("the provider knows nothing of it", order.key, order.account, ours, None))
    elif ours is None:
        what = "the provider moved money of which we do not know yet"
        found.append(Difference(what, order.key, order.account, None, movement.cents))
    elif (movement.cents, movement.kind.value) != (ours, order.kind):
        found.append(Difference("another sum was moved", order.key, order.account, ours, movement.cents))
    if booked != signed:
        found.append(Difference("the ledger says something else", order.key, order.account, booked, signed))
    return found


def _was_made(order: Order) -> bool:
    """And holds: a refund that came back was none, for the provider as well."""
    answer = json.loads(order.answer) if order.answer else {}
    return bool(answer.get("charge") or answer.get("refund")) and "returned" not in answer


def _stranger(movement: Movement, theirs: dict[str, Movement]) -> Difference:
    twice = movement.key in theirs
    what = "the same order was carried out twice" if twice else "somebody moved money in the provider's pages"
    return Difference(what, movement.key or movement.id, "", None, movement.cents)
