"""Billing's part of the database in memory: real state, the same contract as the adapter."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from backsight_cloud.billing_ports import Happened, Kept, Line, Order, Waiting, Written
from backsight_cloud.domain.billing.sheet import Book, Document, Entry
from backsight_cloud.domain.records import Account, Extent
from backsight_shared.segment import Segment


@dataclass(frozen=True)
class CareRow:
    """What is kept of one account."""

    kept: Kept
    due_ms: int | None
    lease_until_ms: int = 0


class BillingState(Protocol):
    """Every table of billing, as dictionaries of frozen values."""

    cares: dict[str, CareRow]
    care_events: dict[tuple[str, int], Happened]
    customers: dict[tuple[str, str], str]
    orders: dict[str, Order]
    order_next: dict[str, int]  # of unanswered orders
    ledger_lines: dict[tuple[int, str], Line]
    documents: dict[str, Written]
    counters: dict[str, int]
    hook_events: dict[str, int]
    segments: dict[tuple[str, int], tuple[str, Segment]]
    accounts: dict[str, Account]


class FakeBillings:
    """Implements the port `Billings`."""

    def __init__(self, state: BillingState) -> None:
        self._state = state

    async def kept(self, account: str) -> Kept | None:
        found = self._state.cares.get(account)
        return found.kept if found else None

    async def keep(self, kept: Kept, happened: Happened, due_ms: int | None) -> None:
        self._state.cares[kept.care.account] = CareRow(kept, due_ms)
        self._state.care_events[kept.care.account, happened.version] = happened

    async def events(self, account: str) -> Sequence[Happened]:
        found = sorted(key for key in self._state.care_events if key[0] == account)
        return [self._state.care_events[key] for key in found]

    async def has_happened(self, account: str, request: str) -> bool:
        return any(one.request == request for one in await self.events(account))

    async def accounts(self, after: str, limit: int) -> Sequence[str]:
        return sorted(one for one in self._state.cares if one > after)[:limit]

    async def claim_due(self, now_ms: int, limit: int, lease_ms: int) -> Sequence[str]:
        due = [
            (one.due_ms, name)
            for name, one in self._state.cares.items()
            if one.due_ms is not None and one.due_ms <= now_ms and one.lease_until_ms <= now_ms
        ]
        found = [name for _, name in sorted(due)[:limit]]
        for name in found:
            self._state.cares[name] = replace(self._state.cares[name], lease_until_ms=now_ms + lease_ms)
        return found

    async def next_ms(self) -> int | None:
        due = [
            max(one.due_ms, one.lease_until_ms)
            for one in self._state.cares.values()
            if one.due_ms is not None
        ]
        return min([*due, *self._state.order_next.values()], default=None)

    async def standings(self) -> Mapping[tuple[str, str], int]:
        every = [one for row in self._state.cares.values() for one in row.kept.care.subscriptions]
        return Counter((one.plan, one.status.value) for one in every)

    async def customer(self, account: str, provider: str) -> str | None:
        return self._state.customers.get((account, provider))

    async def set_customer(self, account: str, provider: str, customer: str) -> None:
        self._state.customers[account, provider] = customer

    async def drop_customer(self, account: str, provider: str) -> None:
        self._state.customers.pop((account, provider), None)

    async def closed_customers(self, provider: str, limit: int) -> Sequence[tuple[str, str]]:
        mine = sorted((a, name) for (a, p), name in self._state.customers.items() if p == provider)
        return [(a, name) for a, name in mine if self._state.accounts[a].closed_ms is not None][:limit]

    async def account_of_customer(self, provider: str, customer: str) -> str | None:
        found = [a for (a, p), name in self._state.customers.items() if (p, name) == (provider, customer)]
        return found[0] if found else None

    async def leaving(self, camera: str, after_ms: int, until_ms: int) -> Extent:
        found = [
            one
            for _, one in self._state.segments.values()
            if one.camera == camera and after_ms < one.end_ms <= until_ms
        ]
        if not found:
            return Extent()
        size = sum(one.size_bytes for one in found)
        return Extent(len(found), size, min(s.start_ms for s in found), max(s.end_ms for s in found))


class FakeOrders:
    """Implements the port `Orders`."""

    def __init__(self, state: BillingState) -> None:
        self._state = state

    async def add(self, order: Order) -> None:
        self._state.orders[order.key] = order
        self._state.order_next[order.key] = order.asked_ms

    async def order(self, key: str) -> Order | None:
        return self._state.orders.get(key)

    async def of_account(self, account: str) -> Sequence[Order]:
        return self._sorted(one for one in self._state.orders.values() if one.account == account)

    async def of_charge(self, charge: str) -> Order | None:
        answered = [one for one in self._state.orders.values() if one.answer]
        found = [one for one in answered if json.loads(one.answer).get("charge") == charge]
        return found[0] if found else None

    async def claim(
        self, now_ms: int, limit: int, lease_ms: int, account: str | None = None
    ) -> Sequence[Order]:
        waiting = sorted((ms, key) for key, ms in self._state.order_next.items() if ms <= now_ms)
        found = [self._state.orders[key] for _, key in waiting]
        found = [one for one in found if account in (None, one.account)][:limit]
        for one in found:
            self._state.order_next[one.key] = now_ms + lease_ms
            self._state.orders[one.key] = replace(one, tries=one.tries + 1)
        return found

    async def later(self, key: str, next_ms: int) -> None:
        if key in self._state.order_next:
            self._state.order_next[key] = next_ms

    async def answered(self, key: str, answer: str, now_ms: int) -> bool:
        order = self._state.orders.get(key)
        if order is None or order.answered_ms is not None:
            return False
        self._state.order_next.pop(key, None)
        self._state.orders[key] = replace(order, answer=answer, answered_ms=now_ms)
        return True

    async def turned_out(self, key: str, answer: str) -> None:
        order = self._state.orders.get(key)
        if order is not None and order.answered_ms is not None:
            self._state.orders[key] = replace(order, answer=answer)

    async def waiting(self) -> Waiting:
        asked = [self._state.orders[key].asked_ms for key in self._state.order_next]
        return Waiting(len(asked), min(asked, default=None))

    async def asked_between(self, from_ms: int, to_ms: int) -> Sequence[Order]:
        return self._sorted(one for one in self._state.orders.values() if from_ms <= one.asked_ms < to_ms)

    async def hook_is_new(self, event: str, now_ms: int) -> bool:
        is_new = event not in self._state.hook_events
        self._state.hook_events[event] = now_ms
        return is_new

    def _sorted(self, orders: Iterable[Order]) -> list[Order]:
        return sorted(orders, key=lambda one: (one.asked_ms, one.key))


class FakeBooks:
    """Implements the port `Books`."""

    def __init__(self, state: BillingState) -> None:
        self._state = state

    async def write(self, account: str, at_ms: int, entries: Sequence[Entry]) -> None:
        for entry in entries:
            number = 1 + max((key[0] for key in self._state.ledger_lines), default=0)
            for book, cents in sorted(entry.postings):
                line = Line(number, account, at_ms, entry.text, entry.order, book, cents)
                self._state.ledger_lines[number, book] = line

    async def balances(self, account: str | None = None) -> dict[Book, int]:
        found: dict[Book, int] = {}
        for line in self._state.ledger_lines.values():
            if account in (None, line.account):
                found[line.book] = found.get(line.book, 0) + line.cents
        return found

    async def card_by_order(self, orders: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for line in self._state.ledger_lines.values():
            if line.order in orders and line.book is Book.CARD:
                found[line.order] = found.get(line.order, 0) + line.cents
        return found

    async def lines(self, account: str | None, after: int, limit: int) -> Sequence[Line]:
        mine = [one for one in self._state.ledger_lines.values() if account in (None, one.account)]
        return [one for one in mine if one.entry > after][:limit]

    async def add_document(self, account: str, at_ms: int, year: int, document: Document) -> str:
        name = f"{document.kind} {year}"
        self._state.counters[name] = self._state.counters.get(name, 0) + 1
        letter = "C" if document.kind == "credit_note" else ""
        number = f"{letter}{year}-{self._state.counters[name]:06}"
        self._state.documents[number] = Written(number, account, at_ms, document)
        return number

    async def documents(self, account: str, before: str, limit: int) -> Sequence[Written]:
        mine = [one for one in self._state.documents.values() if one.account == account]
        numbers = [one.number for one in mine]
        if before:
            mine = mine[: numbers.index(before)] if before in numbers else []
        return mine[::-1][:limit]

    async def document(self, account: str, number: str) -> Written | None:
        found = self._state.documents.get(number)
        return found if found and found.account == account else None
