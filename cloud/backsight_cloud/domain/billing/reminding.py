"""Reminders: a trial that ends, a yearly renewal, another price, a card that expires. Each is told once."""

from collections.abc import Iterator
from dataclasses import replace

from backsight_cloud.domain.billing.care import CardOnFile, Care, Status, Subscription
from backsight_cloud.domain.billing.sheet import Sheet
from backsight_cloud.domain.calendar import Cycle, days_earlier_ms, local_date, month_begins_ms
from backsight_cloud.domain.terms import Terms

PRICE_TOLD_DAYS = 30  # before the first bill at another price

NEVER = 2**62
RENEWAL = "renewal in "


def reminders(one: Subscription, terms: Terms, bill_ms: int) -> Iterator[tuple[int, str]]:
    """Of what is still to be told before this bill, the moment and the word for it."""
    for days, word in _words(one, terms):
        if word not in one.said:
            yield (days_earlier_ms(bill_ms, days, one.zone), word)


def tell_trial(sheet: Sheet, one: Subscription) -> None:
    """When the trial ends, and what it becomes."""
    _said(sheet, one, "trial soon")
    ends_ms = one.trial_ends_ms
    if ends_ms is None or ends_ms <= sheet.at_ms:
        return
    price = sheet.terms.price(one.plan, one.cycle, ends_ms)
    sheet.say("trial_ends_soon", one.id, plan=one.plan, camera=one.camera, ends_ms=ends_ms,
              cycle=one.cycle.value, price_cents=price)  # fmt: skip


def tell_renewal(sheet: Sheet, one: Subscription, days: int) -> None:
    """The nearest of them: whoever resumes a week before the bill is not told of the month."""
    _said(sheet, one, f"{RENEWAL}{days}")
    period = one.period
    if period is None or period.end_ms <= sheet.at_ms or _nearer_is_due(sheet, one, period.end_ms, days):
        return
    left = local_date(period.end_ms, one.zone) - local_date(sheet.at_ms, one.zone)
    price = sheet.terms.price(one.plan, one.cycle, period.end_ms)
    sheet.say("renewal_ahead", f"{one.id}/{period.number}/{days}", plan=one.plan, camera=one.camera,
              days=left.days, bill_ms=period.end_ms, price_cents=price)  # fmt: skip


def tell_price(sheet: Sheet, one: Subscription) -> None:
    """The next period costs something else than this one did."""
    _said(sheet, one, "price")
    period = one.period
    if period is None or period.end_ms <= sheet.at_ms:
        return
    price = sheet.terms.price(one.plan, one.cycle, period.end_ms)
    sheet.say("price_changes", f"{one.id}/{period.number}", plan=one.plan, cycle=one.cycle.value,
              old_cents=period.cents, new_cents=price, from_ms=period.end_ms)  # fmt: skip


def card_told_ms(care: Care) -> int:
    """When the owner is told that the card expires this month; never again for the same month."""
    card = care.card
    if card is None or not care.subscriptions or care.card_told == _month(card):
        return NEVER
    return month_begins_ms(card.exp_year, card.exp_month, care.zone)


def tell_card(sheet: Sheet) -> None:
    """Unless it has expired already: then a declined charge says it better."""
    card = sheet.care.card
    if card is None:
        return
    sheet.set(card_told=_month(card))
    today = local_date(sheet.at_ms, sheet.care.zone)
    if (today.year, today.month) <= (card.exp_year, card.exp_month):
        sheet.say("card_expires", f"{card.last4}/{_month(card)}", brand=card.brand, last4=card.last4,
                  month=card.exp_month, year=card.exp_year)  # fmt: skip


def _words(one: Subscription, terms: Terms) -> Iterator[tuple[int, str]]:
    if one.status is Status.TRIAL:
        if terms.trial_reminder_days:
            yield (terms.trial_reminder_days, "trial soon")
    elif one.period is not None:
        if one.cycle is Cycle.YEAR:
            yield from ((days, f"{RENEWAL}{days}") for days in terms.renewal_reminder_days)
        if terms.price(one.plan, one.cycle, one.period.end_ms) != one.period.cents:
            yield (PRICE_TOLD_DAYS, "price")


def _nearer_is_due(sheet: Sheet, one: Subscription, bill_ms: int, days: int) -> bool:
    nearer = [other for other in sheet.terms.renewal_reminder_days if other < days]
    return any(days_earlier_ms(bill_ms, other, one.zone) <= sheet.at_ms for other in nearer)


def _said(sheet: Sheet, one: Subscription, word: str) -> None:
    sheet.put(replace(one, said=(*one.said, word)))


def _month(card: CardOnFile) -> str:
    return f"{card.exp_year:04}-{card.exp_month:02}"
