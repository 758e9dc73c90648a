"""Puts together what is to be paid, and what of a period comes back when it ends early."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from backsight_cloud.domain.billing.care import Charge, Ending, PaidPeriod, Status, Subscription, Why
from backsight_cloud.domain.billing.sheet import Sheet
from backsight_cloud.domain.calendar import bill_ms
from backsight_cloud.domain.proration import period_days, prorated, unused_days

LATE_MS = 12 * 3_600_000  # what is done later than planned by more than this is counted from when it is done


@dataclass(frozen=True, slots=True)
class Unused:
    """Of a paid period, what is left when it ends."""

    days: int
    of_days: int
    cents: int


def unused_of(subscription: Subscription, at_ms: int) -> Unused:
    """Whole days from tomorrow on; nothing of a period that is over or was never paid."""
    period = subscription.period
    if period is None or at_ms >= period.end_ms:
        return Unused(0, 0, 0)
    days = period_days(period.start_ms, period.end_ms, subscription.zone)
    left = min(unused_days(period.end_ms, at_ms, subscription.zone), days)
    return Unused(left, days, prorated(period.cents, left, days))


def endings_of(
    sheet: Sheet, ones: Iterable[Subscription], at_ms: int, *, to_card: bool, worth: bool = True
) -> list[Ending]:
    """What was paid by credit goes back to credit, the rest to the card, or all of it to credit.

    Never more comes back than is left of the charge: an operator or a bank may have returned some of it.
    Nothing does in a regime without credits, nor where the unused days are not `worth` anything.
    """
    left = Counter({paid.key: paid.left_cents for paid in sheet.care.paid})
    is_worth = worth and sheet.terms.regime.credits
    endings = []
    for one in ones:
        unused = unused_of(one, at_ms)
        ending = _ending(one, unused.days, unused.of_days)
        if one.period and is_worth:
            ending = _worth(ending, one.period, unused.cents, left, to_card=to_card)
        endings.append(ending)
    return endings


def given_up(sheet: Sheet, one: Subscription, period: PaidPeriod) -> Ending:
    """A period that was charged for nothing comes back whole, in every regime, the way it was paid."""
    days = period_days(period.start_ms, period.end_ms, one.zone)
    left = Counter({paid.key: paid.left_cents for paid in sheet.care.paid})
    return _worth(_ending(one, days, days), period, period.cents, left, to_card=True)


def begun(subscription: Subscription, at_ms: int, zone: str) -> Subscription:
    """Active from this moment on, which anchors its bill moments; still to be paid."""
    fresh = replace(
        subscription,
        status=Status.ACTIVE,
        zone=zone,
        begins_ms=at_ms,
        period=None,
        trial_ends_ms=None,
        failures=0,
        failed_ms=None,
        next_try_ms=None,
        said=(),
    )
    return _with_period(fresh, 0)


def renewed(subscription: Subscription, at_ms: int) -> Subscription:
    """In its next period. One that passed while nobody could bill it (we were away) is never billed."""
    number = subscription.period.number + 1 if subscription.period else 0
    while bill_ms(subscription.anchor, number + 1) <= at_ms:
        number += 1
    after = replace(subscription, status=Status.ACTIVE, failures=0, failed_ms=None, next_try_ms=None, said=())
    return _with_period(after, number)


def charge_for(
    sheet: Sheet,
    why: Why,
    after: Sequence[Subscription],
    endings: Sequence[Ending] = (),
    *,
    extra: bool = False,
) -> Charge:
    """The charge that brings these subscriptions about: credit pays first, what is owed is paid along.

    Two charges that are on their way at once never count on the same credit, nor pay the same debt.
    """
    care = sheet.care
    prices = [price_of(sheet, one) for one in after]
    owed = care.free_owed_cents
    total = sum(prices) + owed
    credit = min(care.free_credit_cents + sum(one.credit_cents for one in endings), total)
    rest = total - credit
    card = rest if rest >= sheet.terms.least_card_cents else 0  # less is carried to the next bill
    key = sheet.name("o")
    return Charge(
        key=key,
        why=why,
        at_ms=sheet.at_ms,
        after=_paid(after, prices, max(credit - owed, 0), key, by_card=card > 0),
        endings=tuple(endings),
        owed_cents=owed,
        credit_cents=credit,
        card_cents=card,
        carried_cents=rest - card,
        is_extra=extra,
        card=care.card.token if care.card else "",
    )


def price_of(sheet: Sheet, one: Subscription) -> int:
    """Of its period, by the price at the period's start; of what has none (a trial goes on), nothing."""
    return sheet.terms.price(one.plan, one.cycle, one.period.start_ms) if one.period else 0


def _ending(one: Subscription, days: int, of_days: int) -> Ending:
    order = one.period.order if one.period else ""
    return Ending(one.id, one.plan, one.camera, days, of_days, credit_cents=0, refund_cents=0, order=order)


def _worth(ending: Ending, period: PaidPeriod, cents: int, left: Counter[str], *, to_card: bool) -> Ending:
    by_credit = min(cents, period.cents - period.card_cents)  # or carried to a later bill
    by_card = min(cents - by_credit, left[period.order])
    left[period.order] -= by_card
    if to_card:
        return replace(ending, credit_cents=by_credit, refund_cents=by_card)
    return replace(ending, credit_cents=by_credit + by_card)


def _paid(
    after: Sequence[Subscription], prices: Sequence[int], credit: int, key: str, *, by_card: bool
) -> tuple[Subscription, ...]:
    """Credit pays the first lines; of each line it is known by what it was paid."""
    made = []
    for one, cents in zip(after, prices, strict=True):
        by_credit = min(credit, cents)
        credit -= by_credit
        card = cents - by_credit if by_card else 0
        if one.period:
            period = replace(one.period, cents=cents, credit_cents=by_credit, card_cents=card, order=key)
            one = replace(one, period=period)
        made.append(one)
    return tuple(made)


def _with_period(subscription: Subscription, number: int) -> Subscription:
    anchor = subscription.anchor
    start, end = bill_ms(anchor, number), bill_ms(anchor, number + 1)
    return replace(subscription, period=PaidPeriod(number, start, end, 0, 0, 0, ""))
