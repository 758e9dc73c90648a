"""What an invoice, a receipt and a credit note say: a value that is kept as it was issued, and its words.

A paper that was issued never changes: it carries the address, the names and the card of its day. Its pages,
HTML and PDF, only lay out what `told` says, so that they cannot differ.
"""

import calendar
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from backsight_cloud.domain.billing.sheet import Document, Item
from backsight_cloud.domain.calendar import local_date
from backsight_cloud.domain.money import money

_UNREADABLE = "\N{REPLACEMENT CHARACTER}"
_NUMBER = re.compile(r"[A-Z]{0,3}[0-9]{4}-[0-9]{6,}")  # of the kind, the year, and in it without a gap
_MONTHS = tuple(calendar.month_name[1:])  # English: nobody sets a locale here


class PaperKind(StrEnum):
    """What a paper is."""

    INVOICE = "invoice"
    RECEIPT = "receipt"
    CREDIT_NOTE = "credit_note"


@dataclass(frozen=True, slots=True)
class PaperCard:
    """By which card was paid: what may be known of it."""

    brand: str
    last4: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9]{4}", self.last4):
            raise ValueError("of a card only the last four digits are printed")


@dataclass(frozen=True, slots=True)
class PaperLine:
    """What was sold or comes back, and for how much."""

    text: str
    cents: int
    from_ms: int | None = None
    to_ms: int | None = None  # the next bill moment: the period ends on its day


@dataclass(frozen=True, slots=True)
class Paper:
    """An invoice, a receipt or a credit note, as it was issued."""

    kind: PaperKind
    number: str  # like 2026-000123
    at_ms: int
    zone: str  # its dates are those of the account's time zone
    seller: tuple[str, ...]  # name and address, line by line
    email: str  # of the account
    currency: str
    lines: tuple[PaperLine, ...]
    credit_cents: int = 0  # paid by credit; of a credit note: given as credit
    card_cents: int = 0  # charged; of a credit note: goes back to the card
    carried_cents: int = 0  # too little for a card: comes with the next bill
    card: PaperCard | None = None
    next_bill_ms: int | None = None
    refers_to: str = ""  # credit note: the invoice's number

    def __post_init__(self) -> None:
        if not _NUMBER.fullmatch(self.number):
            raise ValueError(f"{self.number!r} is not a number like 2026-000123")
        if not self.lines or not self.seller:
            raise ValueError(f"{self.number} has no line or no seller")
        parts = (self.credit_cents, self.card_cents, self.carried_cents)
        if min(parts) < 0 or sum(parts) != self.total_cents:
            raise ValueError(f"{self.number}: lines of {self.total_cents} cents, payments of {sum(parts)}")

    @property
    def total_cents(self) -> int:
        return sum(line.cents for line in self.lines)


@dataclass(frozen=True, slots=True)
class ToldLine:
    """A line as it is read."""

    text: str
    period: str
    amount: str


@dataclass(frozen=True, slots=True)
class Told:
    """A paper in words."""

    title: str
    number: str
    facts: tuple[tuple[str, str], ...]  # each with its name
    seller: tuple[str, ...]
    lines: tuple[ToldLine, ...]
    sums: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def issued(
    document: Document,
    number: str,
    at_ms: int,
    *,
    zone: str,
    seller: tuple[str, ...],
    email: str,
    currency: str,
    names: Mapping[str, str],
    card: PaperCard | None,
    refers_to: str = "",
) -> Paper:
    """The paper of what billing has written. `names`: the account's cameras, by identity."""
    return Paper(
        kind=PaperKind(document.kind),
        number=number,
        at_ms=at_ms,
        zone=zone,
        seller=seller,
        email=email,
        currency=currency,
        lines=tuple(_line(item, names) for item in document.items),
        credit_cents=document.credit_cents,
        card_cents=document.card_cents,
        carried_cents=document.carried_cents,
        card=card if document.card_cents else None,
        next_bill_ms=document.next_bill_ms,
        refers_to=refers_to,
    )


def told(paper: Paper) -> Told:
    """What a page of it says."""
    return Told(
        title=_TITLES[paper.kind],
        number=paper.number,
        facts=tuple(_facts(paper)),
        seller=tuple(_plain(line) for line in paper.seller),
        lines=tuple(_told_line(line, paper) for line in paper.lines),
        sums=tuple((text, money(cents, paper.currency)) for text, cents in _sums(paper)),
        notes=tuple(_notes(paper)),
    )


def day_read(day: date) -> str:
    """`1 September 2026`."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


_TITLES = {
    PaperKind.INVOICE: "Invoice",
    PaperKind.RECEIPT: "Receipt",
    PaperKind.CREDIT_NOTE: "Credit note",
}
_BRANDS = {  # as their owners write them; providers say them in small letters
    "amex": "American Express",
    "diners": "Diners Club",
    "discover": "Discover",
    "jcb": "JCB",
    "mastercard": "Mastercard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}
OTHER_ITEMS = {  # what is billed or given back beside plans
    "owed": "From earlier bills",
    "kindness": "Credit that we gave",
    "refund": "Refund",
    "credit": "Your credit",
}


def _line(item: Item, names: Mapping[str, str]) -> PaperLine:
    text = OTHER_ITEMS.get(item.plan, item.plan.capitalize())
    if item.camera:
        text += f" for {names.get(item.camera) or item.camera}"
    if item.unused_days is not None:
        text += f": {item.unused_days} of {item.period_days} days unused"
    return PaperLine(text, item.cents, item.from_ms, item.to_ms)


def _told_line(line: PaperLine, paper: Paper) -> ToldLine:
    return ToldLine(_plain(line.text), _period(line, paper.zone), money(line.cents, paper.currency))


def _facts(paper: Paper) -> list[tuple[str, str]]:
    facts = [
        ("Number", paper.number),
        ("Date", _day(paper.at_ms, paper.zone)),
        ("Account", _plain(paper.email)),
    ]
    if paper.refers_to:
        facts.append(("For invoice", paper.refers_to))
    return facts


def _period(line: PaperLine, zone: str) -> str:
    if line.from_ms is None or line.to_ms is None:
        return ""
    return f"{_day(line.from_ms, zone)} to {_day(line.to_ms, zone)}"


def _sums(paper: Paper) -> list[tuple[str, int]]:
    """The total, and what it is paid by; or where it goes."""
    card = f"{_brand(paper.card.brand)} ending in {paper.card.last4}" if paper.card else "card"
    if paper.kind is PaperKind.CREDIT_NOTE:
        parts = [("Added to your credit", paper.credit_cents), (f"Refunded to {card}", paper.card_cents)]
    else:
        parts = [("Paid by credit", paper.credit_cents), (f"Charged to {card}", paper.card_cents)]
    parts.append(("Comes with the next bill", paper.carried_cents))
    return [("Total", paper.total_cents), *((text, cents) for text, cents in parts if cents)]


def _brand(brand: str) -> str:
    return _plain(_BRANDS.get(brand.lower(), brand))


def _notes(paper: Paper) -> list[str]:
    notes = []
    if paper.next_bill_ms is not None:
        notes.append(f"The next bill is on {_day(paper.next_bill_ms, paper.zone)}.")
    if paper.carried_cents:
        notes.append("The rest is too little to charge a card for: it comes with the next bill.")
    notes.append(f"Dates are those of the account's time zone, {paper.zone}.")
    return notes


def _day(at_ms: int, zone: str) -> str:
    return day_read(local_date(at_ms, zone))


def _plain(text: str) -> str:
    """Names come from people and programs: what is no character to be read is marked as such."""
    return "".join(_UNREADABLE if unicodedata.category(one) in ("Cc", "Cs") else one for one in text)
