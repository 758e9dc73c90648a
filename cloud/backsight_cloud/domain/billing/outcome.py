"""What a choice would come to if every charge that it needs is made: for previews, nothing is stored."""

from collections.abc import Iterable
from dataclasses import dataclass

from backsight_cloud.domain.billing.care import Care
from backsight_cloud.domain.billing.events import ChargeMade, Event
from backsight_cloud.domain.billing.folding import after
from backsight_cloud.domain.billing.sheet import Document
from backsight_cloud.domain.terms import Terms


@dataclass(frozen=True, slots=True)
class Money:
    """What a choice moves at once, in cents."""

    charged: int = 0  # from the card
    by_credit: int = 0  # paid by credit
    credited: int = 0  # becomes credit
    refunded: int = 0  # back to the card
    carried: int = 0  # too little for a card: with the next bill


@dataclass(frozen=True, slots=True)
class Outcome:
    """The account as it would be, and the money."""

    care: Care
    money: Money


def outcome(care: Care, event: Event, at_ms: int, terms: Terms) -> Outcome:
    """Raises Refused, as the choice itself would."""
    folded = after(care, event, at_ms, terms)
    documents = list(folded.documents)
    waiting = {one.key for one in care.charges}
    while new := [one.key for one in folded.care.charges if one.key not in waiting]:
        folded = after(folded.care, ChargeMade(new[0], ""), at_ms, terms)
        documents += folded.documents
    return Outcome(folded.care, _money(documents))


def _money(documents: Iterable[Document]) -> Money:
    invoices = [one for one in documents if one.kind == "invoice"]
    notes = [one for one in documents if one.kind == "credit_note"]
    return Money(
        charged=sum(one.card_cents for one in invoices),
        by_credit=sum(one.credit_cents for one in invoices),
        credited=sum(one.credit_cents for one in notes),
        refunded=sum(one.card_cents for one in notes),
        carried=sum(one.carried_cents for one in invoices),
    )
