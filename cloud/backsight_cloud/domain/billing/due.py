"""What time brings: the moment at which something is due next, and doing what is due."""

from collections.abc import Iterator, Sequence

from backsight_cloud.domain.billing.care import PREMIUM, Care, Status, Subscription, Why
from backsight_cloud.domain.billing.charging import charge_for, renewed
from backsight_cloud.domain.billing.choosing import begin_planned, covered, end_over, go_on_with_plus
from backsight_cloud.domain.billing.reminding import (
    NEVER,
    RENEWAL,
    card_told_ms,
    reminders,
    tell_card,
    tell_price,
    tell_renewal,
    tell_trial,
)
from backsight_cloud.domain.billing.settling import ask
from backsight_cloud.domain.billing.sheet import Sheet
from backsight_cloud.domain.terms import Terms

_RENEW, _TRY_AGAIN, _END, _BEGIN = "renew", "try again", "end", "begin"


def due_ms(care: Care, terms: Terms) -> int | None:
    """The next moment at which time brings something; None when nothing is to come.

    What waits for a provider's answer is not due: the answer is what happens next.
    """
    moments = [moment for one in _free(care) for moment, _ in _agenda(one, terms)]
    moments.append(card_told_ms(care))
    found = min(moments)
    return None if found == NEVER else found


def pass_time(sheet: Sheet) -> None:
    """Everything that is due by now, in its order."""
    while next_up := _next_up(sheet):
        what, ones = next_up
        _act(sheet, what, ones)
    if card_told_ms(sheet.care) <= sheet.at_ms:
        tell_card(sheet)


def try_new_card(sheet: Sheet) -> None:
    """What is past due, and not being paid just now, is tried at once, besides the schedule."""
    late = [one for one in _free(sheet.care) if one.status is Status.PAST_DUE]
    _renew(sheet, late, extra=True)


def _next_up(sheet: Sheet) -> tuple[str, list[Subscription]] | None:
    """What is due first. Bills that are due at the same moment are one bill: one charge, one invoice."""
    agenda = [
        (moment, what, one.plan != PREMIUM, one.id, one)
        for one in _free(sheet.care)
        for moment, what in _agenda(one, sheet.terms)
        if moment <= sheet.at_ms
    ]
    if not agenda:
        return None
    agenda.sort(key=lambda item: item[:4])
    moment, what, _, _, first = agenda[0]
    if what not in (_RENEW, _TRY_AGAIN):
        return what, [first]
    return what, [one for at_ms, its, _, _, one in agenda if (at_ms, its) == (moment, what)]


def _act(sheet: Sheet, what: str, ones: Sequence[Subscription]) -> None:
    one = ones[0]
    match what:
        case "renew" | "try again":
            _renew(sheet, ones)
        case "end":
            _end(sheet, one)
        case "begin":
            begin_planned(sheet, one)
        case "trial soon":
            tell_trial(sheet, one)
        case "price":
            tell_price(sheet, one)
        case _:
            tell_renewal(sheet, one, int(what.removeprefix(RENEWAL)))


def _free(care: Care) -> list[Subscription]:
    """Those of which no charge is on its way. Premium begins when it is known what it is to take over."""
    return [one for one in care.subscriptions if not care.is_asked(one.id) and not _waits(care, one)]


def _waits(care: Care, one: Subscription) -> bool:
    begins = one.plan == PREMIUM and not one.is_paid
    return begins and any(care.is_asked(plus.id) for plus in covered(care))


def _agenda(one: Subscription, terms: Terms) -> Iterator[tuple[int, str]]:
    """What this subscription brings by itself, and when."""
    bill_ms = one.bill_ms
    if bill_ms is None:
        return
    if one.status is Status.PAST_DUE:
        yield (bill_ms if one.next_try_ms is None else one.next_try_ms, _TRY_AGAIN)
    elif one.ends_ms is not None:
        yield (one.ends_ms, _END)
    else:
        yield (bill_ms, _RENEW if one.period else _BEGIN)
        yield from reminders(one, terms, bill_ms)


def _end(sheet: Sheet, one: Subscription) -> None:
    if one.status is Status.TRIAL:
        sheet.drop(one.id)
        sheet.say("trial_ended", one.id, plan=one.plan, camera=one.camera, leaves=None)
    elif one.then_plus:
        go_on_with_plus(sheet, one)
    else:
        end_over(sheet, one)


def _renew(sheet: Sheet, ones: Sequence[Subscription], *, extra: bool = False) -> None:
    going_on = [renewed(one, sheet.at_ms) for one in ones if not one.then_plus]
    if going_on:
        ask(sheet, charge_for(sheet, Why.RENEW, going_on, extra=extra))
    for one in ones:
        if one.then_plus:
            go_on_with_plus(sheet, one, extra=extra)
