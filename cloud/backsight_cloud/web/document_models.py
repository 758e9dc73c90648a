"""What the API of invoices and credit notes takes and gives."""

from typing import Annotated, Literal

from pydantic import Field

from backsight_cloud.web.checking import AskedLoosely, Shown


class DocumentPath(AskedLoosely):
    """Which document."""

    number: Annotated[str, Field(min_length=1, max_length=40, description="like I2026-000123")]


class DocumentLineShown(Shown):
    """What was sold or comes back."""

    text: str
    cents: int
    from_ms: int | None
    to_ms: int | None


class DocumentShown(Shown):
    """An invoice or a credit note, as it was issued. Sums are cents."""

    number: str
    kind: Literal["invoice", "receipt", "credit_note"]
    at_ms: int
    currency: str
    total_cents: int
    credit_cents: Annotated[int, Field(description="paid by credit; of a credit note: given as credit")]
    card_cents: Annotated[int, Field(description="charged; of a credit note: goes back to the card")]
    carried_cents: Annotated[int, Field(description="too little for a card: comes with the next bill")]
    card: Annotated[str | None, Field(description="brand and last four digits")]
    refers_to: Annotated[str, Field(description="of a credit note: the invoice's number, if there is one")]
    lines: tuple[DocumentLineShown, ...]
    html: Annotated[str, Field(description="the address of its page")]
    pdf: Annotated[str, Field(description="the address of its PDF")]


class DocumentsShown(Shown):
    """Newest first."""

    documents: tuple[DocumentShown, ...]
    next: Annotated[str | None, Field(description="the `cursor` of the next page; null on the last")]
