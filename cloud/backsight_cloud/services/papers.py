"""Issues invoices and credit notes: what billing has written, with the names and the card of that day."""

from backsight_cloud.domain.billing.care import Care
from backsight_cloud.domain.billing.sheet import Document
from backsight_cloud.domain.documents import Paper, PaperCard, PaperKind, issued
from backsight_cloud.domain.records import Account
from backsight_cloud.domain.terms import Terms
from backsight_cloud.ports import Transaction


async def issue_paper(
    tx: Transaction, terms: Terms, account: Account, care: Care, number: str, document: Document, at_ms: int
) -> Paper:
    """Make the paper and keep it, in the transaction that has written the document."""
    credit_note = document.kind == PaperKind.CREDIT_NOTE
    paper = issued(
        document,
        number,
        at_ms,
        zone=care.zone,
        seller=terms.seller,
        email=account.email,
        currency=terms.currency,
        names={camera.id: camera.name for camera in await tx.cameras.of_account(care.account)},
        card=PaperCard(care.card.brand, care.card.last4) if care.card else None,
        refers_to=await tx.papers.invoice_of(care.account, document.order) if credit_note else "",
    )
    await tx.papers.keep(care.account, document.order, paper)
    return paper
