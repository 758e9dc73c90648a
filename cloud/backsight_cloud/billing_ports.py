"""What billing keeps in the database: accounts as they stand, what happened, orders, ledger, documents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from backsight_cloud.domain.billing.care import Care
from backsight_cloud.domain.billing.sheet import Book, Document, Entry
from backsight_cloud.domain.records import Extent


@dataclass(frozen=True, slots=True)
class Kept:
    """An account's billing and its version: the number of the event that made it so."""

    care: Care
    version: int


@dataclass(frozen=True, slots=True)
class Happened:
    """An event as it was stored."""

    version: int
    at_ms: int
    kind: str
    body: str  # JSON
    request: str = ""  # what names the owner's request, if it was one: it happens once


@dataclass(frozen=True, slots=True)
class Order:
    """Money that a provider is asked to move. It is asked with `key` until there is an answer."""

    key: str
    account: str
    kind: str  # "charge" or "refund"
    cents: int
    of: str  # a refund's: the key of the charge
    asked_ms: int
    tries: int = 0
    answer: str = ""  # JSON, once there is one
    answered_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A document with its number."""

    number: str
    account: str
    at_ms: int
    document: Document


@dataclass(frozen=True, slots=True)
class Line:
    """A posting of the ledger, with its entry."""

    entry: int
    account: str
    at_ms: int
    text: str
    order: str
    book: Book
    cents: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Orders that have no answer yet."""

    count: int = 0
    since_ms: int | None = None  # the first of them was asked then


class Billings(Protocol):
    """Each account's billing. Whoever reads it in a writing transaction holds it until that ends."""

    async def kept(self, account: str) -> Kept | None: ...

    async def keep(self, kept: Kept, happened: Happened, due_ms: int | None) -> None:
        """Store the account after an event. `kept.version` is the event's."""
        ...

    async def events(self, account: str) -> Sequence[Happened]: ...

    async def has_happened(self, account: str, request: str) -> bool:
        """Whether an event of this request is stored."""
        ...

    async def accounts(self, after: str, limit: int) -> Sequence[str]:
        """The next accounts that have anything, in the order of their identities."""
        ...

    async def claim_due(self, now_ms: int, limit: int, lease_ms: int) -> Sequence[str]:
        """Accounts of which something is due; nobody else gets them before the lease has ended."""
        ...

    async def next_ms(self) -> int | None:
        """When an account is due next, or an order is to be sent; the past when one is now."""
        ...

    async def standings(self) -> Mapping[tuple[str, str], int]:
        """How many subscriptions there are, by plan and status."""
        ...

    async def customer(self, account: str, provider: str) -> str | None: ...
    async def set_customer(self, account: str, provider: str, customer: str) -> None: ...
    async def drop_customer(self, account: str, provider: str) -> None: ...
    async def closed_customers(self, provider: str, limit: int) -> Sequence[tuple[str, str]]:
        """(account, customer) of accounts that are closed, the person forgotten."""
        ...

    async def account_of_customer(self, provider: str, customer: str) -> str | None: ...

    async def leaving(self, camera: str, after_ms: int, until_ms: int) -> Extent:
        """The segments of a camera whose end lies in (after, until]."""
        ...


class Orders(Protocol):
    """Money on its way."""

    async def add(self, order: Order) -> None: ...
    async def order(self, key: str) -> Order | None: ...
    async def of_account(self, account: str) -> Sequence[Order]: ...

    async def of_charge(self, charge: str) -> Order | None:
        """The order that the provider answered with this charge."""
        ...

    async def claim(
        self, now_ms: int, limit: int, lease_ms: int, account: str | None = None
    ) -> Sequence[Order]:
        """Unanswered ones that may be sent now; nobody else gets them before the lease has ended."""
        ...

    async def later(self, key: str, next_ms: int) -> None:
        """Nobody knows whether it happened: it is sent again then, with the same key."""
        ...

    async def answered(self, key: str, answer: str, now_ms: int) -> bool:
        """The first answer counts: False when there was one already."""
        ...

    async def turned_out(self, key: str, answer: str) -> None:
        """What was answered was not the last word."""
        ...

    async def waiting(self) -> Waiting: ...

    async def asked_between(self, from_ms: int, to_ms: int) -> Sequence[Order]: ...

    async def hook_is_new(self, event: str, now_ms: int) -> bool:
        """Remember a provider's event; False when it was told before."""
        ...


class Books(Protocol):
    """The double-entry ledger, and documents with numbers without a gap."""

    async def write(self, account: str, at_ms: int, entries: Sequence[Entry]) -> None: ...

    async def balances(self, account: str | None = None) -> dict[Book, int]: ...

    async def card_by_order(self, orders: Sequence[str]) -> dict[str, int]:
        """What each order moved by the ledger: into the card's book, or out of it. Nothing: left out."""
        ...

    async def lines(self, account: str | None, after: int, limit: int) -> Sequence[Line]:
        """By entry, the oldest first."""
        ...

    async def add_document(self, account: str, at_ms: int, year: int, document: Document) -> str:
        """Its number: the next of its kind and year."""
        ...

    async def documents(self, account: str, before: str, limit: int) -> Sequence[Written]:
        """The newest first, those before the given number (all when it is empty)."""
        ...

    async def document(self, account: str, number: str) -> Written | None: ...
