"""What operators give: credit, some of a charge, a plan that nobody pays for. All of it raises Refused."""

from backsight_cloud.domain.billing.care import FREE, PLUS, PREMIUM, Grant
from backsight_cloud.domain.billing.refusing import refuse_closed, refuse_stranger
from backsight_cloud.domain.billing.settling import give_back
from backsight_cloud.domain.billing.sheet import Book, Document, Item, Refused, Sheet


def give_credit(sheet: Sheet, cents: int) -> None:
    """An operator's kindness."""
    refuse_closed(sheet.care)
    if cents <= 0:
        raise Refused("give at least one cent")
    sheet.post("kindness", "", (Book.KINDNESS, cents), (Book.CREDIT, -cents))
    sheet.set(credit_cents=sheet.care.credit_cents + cents, gift_cents=sheet.care.gift_cents + cents)
    sheet.documents.append(Document("credit_note", "", (Item("kindness", None, cents),), cents, 0))


def give_refund(sheet: Sheet, charge: str, cents: int) -> None:
    """Some of a charge goes back to its card, by our key of it or the provider's name.

    Not while a change that gives it back itself is being paid for: it would come back twice.
    """
    paid = next((one for one in sheet.care.paid if charge in (one.key, one.charge)), None)
    if paid is None or not 0 < cents <= paid.left_cents:
        left = paid.left_cents if paid else 0
        raise Refused(f"of this charge {left} cents can be given back")
    if any(ending.order == paid.key for one in sheet.care.charges for ending in one.endings):
        raise Refused("a payment is being made that ends what this charge paid for: try again in a moment")
    sheet.post("refund by an operator", paid.key, (Book.REVENUE, cents), (Book.REFUNDS, -cents))
    give_back(sheet, paid.key, cents)
    sheet.documents.append(Document("credit_note", paid.key, (Item("refund", None, cents),), 0, cents))


def grant(sheet: Sheet, camera: str, plan: str) -> None:
    """A plan for a camera; "free" takes it back."""
    if plan not in (FREE, PLUS, PREMIUM):
        raise Refused(f"there is no plan {plan!r}")
    refuse_stranger(sheet.care, camera)
    others = tuple(one for one in sheet.care.granted if one.camera != camera)
    sheet.set(granted=others if plan == FREE else (*others, Grant(camera, plan)))
