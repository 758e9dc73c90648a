"""What a provider's answer comes to: a charge that was made, a refund that arrived or did not."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from backsight_cloud.domain.billing.care import Charge, Ending, Paid, PaidPeriod, Refund, Status, Subscription
from backsight_cloud.domain.billing.failing import declined
from backsight_cloud.domain.billing.sheet import Book, Document, Item, Sheet
from backsight_cloud.domain.billing.telling import tell_begun

MOST_PAID = 36  # charges that are remembered for refunds, besides those of periods that run
NO_CARD = "no_card"


def ask(sheet: Sheet, charge: Charge) -> None:
    """Send it to the provider; what credit pays whole is settled at once."""
    sheet.set(charges=(*sheet.care.charges, charge))
    if charge.card_cents == 0:
        made(sheet, charge.key, "")
    elif sheet.care.card is None:
        declined(sheet, charge.key, NO_CARD, "there is no card on file")


def made(sheet: Sheet, key: str, provider_charge: str) -> None:
    """The money came. Said twice, or of nothing that we know, it changes nothing."""
    charge = sheet.care.charge(key)
    if charge is None:
        return
    sheet.forget(charge)
    end(sheet, charge.endings, f"{charge.key}: unused days")
    recovered = [one for one in charge.after if _was_past_due(sheet, one)]
    sheet.put(*charge.after)
    if charge.card_cents:
        _remember(sheet, Paid(key, provider_charge, charge.card_cents))
    _book(sheet, charge)
    _invoice(sheet, charge)
    tell_begun(sheet, charge)
    for one in recovered:
        sheet.say("charge_recovered", f"{charge.key}/{one.id}", plan=one.plan, camera=one.camera)


def end(sheet: Sheet, endings: Iterable[Ending], text: str) -> None:
    """End subscriptions; what was paid and not used comes back as it was decided."""
    told = _as_far_as_left(sheet, endings)
    credit = sum(one.credit_cents for one in told)
    refund = sum(one.refund_cents for one in told)
    sheet.drop(*(one.subscription for one in told))
    sheet.post(text, "", (Book.REVENUE, credit + refund), (Book.CREDIT, -credit), (Book.REFUNDS, -refund))
    sheet.set(credit_cents=sheet.care.credit_cents + credit)
    for one in told:
        give_back(sheet, one.order, one.refund_cents)
    back = [one for one in told if one.credit_cents + one.refund_cents]
    if back:
        items = tuple(_returned(one) for one in back)
        sheet.documents.append(Document("credit_note", back[0].order, items, credit, refund))


def give_back(sheet: Sheet, order: str, cents: int) -> None:
    """Order a refund that is booked already."""
    if not cents:
        return
    refund = Refund(sheet.name("r"), order, cents, sheet.at_ms)
    paid = [
        replace(one, left_cents=one.left_cents - cents) if one.key == order else one
        for one in sheet.care.paid
    ]
    sheet.set(refunds=(*sheet.care.refunds, refund), paid=tuple(one for one in paid if one.left_cents > 0))


def refunded(sheet: Sheet, key: str) -> None:
    """The card has its money back."""
    refund = _taken(sheet, key)
    if refund:
        sheet.post("refund", key, (Book.REFUNDS, refund.cents), (Book.CARD, -refund.cents))


def refund_refused(sheet: Sheet, key: str) -> None:
    """The card takes nothing back: the money is the owner's as credit."""
    refund = _taken(sheet, key)
    if refund:
        sheet.post("refund refused", key, (Book.REFUNDS, refund.cents), (Book.CREDIT, -refund.cents))
        sheet.set(credit_cents=sheet.care.credit_cents + refund.cents)
        sheet.say("refund_failed", key, cents=refund.cents)


def refund_returned(sheet: Sheet, key: str, cents: int) -> None:
    """As if it had been refused. The caller knows that it was made, and has not come back before."""
    sheet.post("refund returned", key, (Book.CARD, cents), (Book.CREDIT, -cents))
    sheet.set(credit_cents=sheet.care.credit_cents + cents)
    sheet.say("refund_failed", key, cents=cents)


def taken_back(sheet: Sheet, charge: str, cents: int) -> None:
    """An operator has to talk to the bank; the service goes on. What the bank took, we do not give back."""
    sheet.post("taken back by the bank", "", (Book.DISPUTED, cents), (Book.CARD, -cents))
    kept = [
        replace(one, left_cents=one.left_cents - min(cents, one.left_cents)) if one.charge == charge else one
        for one in sheet.care.paid
    ]
    sheet.set(paid=tuple(one for one in kept if one.left_cents > 0))


def _as_far_as_left(sheet: Sheet, endings: Iterable[Ending]) -> list[Ending]:
    """A bank may have taken some of a charge back since it was decided what is to be refunded."""
    left = Counter({paid.key: paid.left_cents for paid in sheet.care.paid})
    told = []
    for one in endings:
        refund = min(one.refund_cents, left[one.order])
        left[one.order] -= refund
        told.append(replace(one, refund_cents=refund))
    return told


def _taken(sheet: Sheet, key: str) -> Refund | None:
    refund = next((one for one in sheet.care.refunds if one.key == key), None)
    sheet.set(refunds=tuple(one for one in sheet.care.refunds if one.key != key))
    return refund


def _remember(sheet: Sheet, paid: Paid) -> None:
    """For as long as any of it may have to go back."""
    running = {one.period.order for one in sheet.care.subscriptions if one.period}
    before = sheet.care.paid
    newest = {one.key for one in before[-(MOST_PAID - 1) :]}
    kept = [one for one in before if one.key in newest or one.key in running]
    sheet.set(paid=(*kept, paid))


def _was_past_due(sheet: Sheet, after: Subscription) -> bool:
    before = sheet.care.subscription(after.id)
    return before is not None and before.status is Status.PAST_DUE


def _book(sheet: Sheet, charge: Charge) -> None:
    """The period's price is revenue; card, credit, or the next bill pays for it. Gifts are spent first."""
    care = sheet.care
    prices = sum(one.period.cents for one in charge.after if one.period)
    sheet.post(
        "charge",
        charge.key,
        (Book.CARD, charge.card_cents),
        (Book.CREDIT, charge.credit_cents),
        (Book.OWED, charge.carried_cents - charge.owed_cents),
        (Book.REVENUE, -prices),
    )
    sheet.set(
        credit_cents=care.credit_cents - charge.credit_cents,
        gift_cents=max(care.gift_cents - charge.credit_cents, 0),
        owed_cents=care.owed_cents - charge.owed_cents + charge.carried_cents,
    )


def _invoice(sheet: Sheet, charge: Charge) -> None:
    lines = [_sold(one, one.period) for one in charge.after if one.period]
    if charge.owed_cents:
        lines.append(Item("owed", None, charge.owed_cents))
    sheet.documents.append(
        Document(
            kind="invoice",
            order=charge.key,
            items=tuple(lines),
            credit_cents=charge.credit_cents,
            card_cents=charge.card_cents,
            carried_cents=charge.carried_cents,
            next_bill_ms=min((one.period.end_ms for one in charge.after if one.period), default=None),
        )
    )


def _sold(one: Subscription, period: PaidPeriod) -> Item:
    return Item(one.plan, one.camera, period.cents, period.start_ms, period.end_ms)


def _returned(one: Ending) -> Item:
    cents = one.credit_cents + one.refund_cents
    return Item(one.plan, one.camera, cents, unused_days=one.unused_days, period_days=one.period_days)
