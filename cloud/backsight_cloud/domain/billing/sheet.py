"""What one event writes: the account as it becomes, ledger entries, documents, and mail."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from backsight_cloud.domain.billing.care import Care, Charge, Subscription
from backsight_cloud.domain.terms import Terms
from backsight_shared.errors import NeedsAttention


class Refused(NeedsAttention):
    """What the owner asked for is against the rules, or makes no sense now; the text says what would."""


class Book(StrEnum):
    """The ledger's accounts, for each account of ours. Every entry sums to zero; debits are positive."""

    CARD = "card"  # money that came from, less what went back to the card
    REVENUE = "revenue"
    CREDIT = "credit"  # what we owe the owner: their credit
    REFUNDS = "refunds"  # what is on its way back to the card
    OWED = "owed"  # what the owner owes us
    KINDNESS = "kindness"  # credit that an operator gave, or that lapsed
    DISPUTED = "disputed"  # what banks took back


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the double-entry ledger."""

    text: str
    order: str  # the key of the charge or refund that it belongs to, or nothing
    postings: tuple[tuple[Book, int], ...]

    def __post_init__(self) -> None:
        if sum(cents for _, cents in self.postings):
            raise ValueError(f"the entry {self.text!r} does not sum to zero")


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a document."""

    plan: str
    camera: str | None
    cents: int
    from_ms: int | None = None
    to_ms: int | None = None
    unused_days: int | None = None
    period_days: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """An invoice (it is paid when it is written: its own receipt), or a credit note."""

    kind: str  # "invoice" or "credit_note"
    order: str
    items: tuple[Item, ...]
    credit_cents: int  # invoice: paid by credit; credit note: given as credit
    card_cents: int  # invoice: charged; credit note: goes back to the card
    carried_cents: int = 0  # invoice: too little for a card, comes with the next one
    next_bill_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """Something that the owner is told. `key` is unique in the account: it is told once."""

    kind: str
    key: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Folded:
    """What an event comes to."""

    care: Care
    entries: tuple[Entry, ...] = ()
    documents: tuple[Document, ...] = ()
    mails: tuple[Mail, ...] = ()


@dataclass
class Sheet:
    """Where the rules write while one event is folded."""

    care: Care
    at_ms: int
    terms: Terms
    entries: list[Entry] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)

    def folded(self) -> Folded:
        return Folded(self.care, tuple(self.entries), tuple(self.documents), tuple(self.mails))

    def name(self, kind: str) -> str:
        self.care, name = self.care.named(kind)
        return name

    def put(self, *subscriptions: Subscription) -> None:
        self.care = self.care.with_subscriptions(*subscriptions)

    def drop(self, *ids: str) -> None:
        self.care = self.care.without(ids)

    def forget(self, charge: Charge) -> None:
        """It is answered."""
        self.set(charges=tuple(one for one in self.care.charges if one.key != charge.key))

    def set(self, **fields: Any) -> None:
        self.care = replace(self.care, **fields)

    def post(self, text: str, order: str, *postings: tuple[Book, int]) -> None:
        """What is zero is not written."""
        moved = tuple((book, cents) for book, cents in postings if cents)
        if moved:
            self.entries.append(Entry(text, order, moved))

    def say(self, kind: str, about: str, **facts: Any) -> None:
        """`about`: what makes this mail different from others of its kind to this account."""
        self.mails.append(Mail(kind, f"{self.care.account}/{kind}/{about}", facts))
