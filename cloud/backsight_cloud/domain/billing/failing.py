"""What a declined charge comes to: nothing begins, or a renewal is tried again until its service ends."""

from dataclasses import replace

from backsight_cloud.domain.billing.care import Charge, Status, Subscription, Why
from backsight_cloud.domain.billing.charging import LATE_MS, price_of, renewed, unused_of
from backsight_cloud.domain.billing.sheet import Book, Sheet
from backsight_cloud.domain.calendar import days_later_ms


def declined(sheet: Sheet, key: str, code: str, reason: str) -> None:
    """The money did not come. Said twice, or of nothing that we know, it changes nothing.

    What has left meanwhile is not told of its payment: it ends anyhow.
    """
    charge = sheet.care.charge(key)
    if charge is None:
        return
    sheet.forget(charge)
    if charge.why is Why.RENEW:
        _try_again(sheet, charge, reason or code)
    else:
        _begin_nothing(sheet, charge, reason or code)


def end_unpaid(sheet: Sheet, one: Subscription, owed_cents: int, reason: str = "unpaid") -> None:
    """The service is over. In some regimes what it would have cost stays owed."""
    owed = owed_cents if sheet.terms.regime.stays_owed else 0
    sheet.post("owed", "", (Book.OWED, owed), (Book.REVENUE, -owed))
    sheet.set(owed_cents=sheet.care.owed_cents + owed)
    sheet.drop(one.id)
    facts = {"plan": one.plan, "camera": one.camera, "leaves": None, "owed_cents": owed}
    sheet.say("plan_ended", f"{one.id}/{reason}", reason=reason, **facts)


def owed_if_left(sheet: Sheet, one: Subscription) -> int:
    """Of a bill that is past due when its owner ends the service: as if it had been paid, and then ended."""
    due = renewed(one, sheet.at_ms)
    cents = price_of(sheet, due)
    if due.period is None or not sheet.terms.regime.refunds_unused(one.cycle):
        return cents
    return cents - unused_of(replace(due, period=replace(due.period, cents=cents)), sheet.at_ms).cents


def _begin_nothing(sheet: Sheet, charge: Charge, reason: str) -> None:
    """A declined first charge activates nothing; what was pending or on trial is over, all else stays."""
    first = charge.after[0]
    if not sheet.care.has_gone(first):
        _say_failed(sheet, charge, first, reason, next_try_ms=None, stops_ms=None, attempt=1)
    if not charge.new_card:  # else it is still due, and tried with that one
        _drop_unbegun(sheet, charge)


def _drop_unbegun(sheet: Sheet, charge: Charge) -> None:
    for one in charge.after:
        before = sheet.care.subscription(one.id)
        if before is None or before.is_paid or one.period is None:
            continue
        sheet.drop(one.id)
        if before.status is Status.TRIAL:
            sheet.say("trial_ended", one.id, plan=one.plan, camera=one.camera, leaves=None)


def _try_again(sheet: Sheet, charge: Charge, reason: str) -> None:
    """The renewals that it was for; or the Premium whose owner wanted Plus after it."""
    for after in charge.after:
        one = sheet.care.subscription(after.id)
        if one is not None and not sheet.care.has_gone(one):
            _one_failure(sheet, charge, one, price_of(sheet, after), reason)
    for ending in charge.endings:
        one = sheet.care.subscription(ending.subscription)
        if one is not None and not sheet.care.has_gone(one):
            _one_failure(sheet, charge, one, sum(price_of(sheet, new) for new in charge.after), reason)


def _one_failure(sheet: Sheet, charge: Charge, one: Subscription, cents: int, reason: str) -> None:
    """Full service until the last try has failed. A try outside of the schedule does not count.

    Of tries that were missed while we were away the last is made, not all of them at once.
    """
    bill_ms = one.bill_ms if one.bill_ms is not None else sheet.at_ms
    days = sheet.terms.dunning_days if sheet.terms.regime.tries_again else ()
    since_ms = one.failed_ms if one.failed_ms is not None else _counted_from(bill_ms, sheet.at_ms)
    tries = [days_later_ms(since_ms, day, one.zone) for day in days]
    if charge.is_extra:
        failures, next_ms = one.failures, one.next_try_ms
    else:
        failures, next_ms = one.failures + 1, next((moment for moment in tries if moment > sheet.at_ms), None)
    if charge.new_card:
        next_ms = sheet.at_ms
    stops_ms = tries[-1] if tries else None
    _say_failed(sheet, charge, one, reason, next_try_ms=next_ms, stops_ms=stops_ms, attempt=failures)
    if next_ms is None:
        end_unpaid(sheet, one, cents)
        return
    late = replace(one, status=Status.PAST_DUE, failures=failures, failed_ms=since_ms, next_try_ms=next_ms)
    sheet.put(late)


def _counted_from(due_ms: int, at_ms: int) -> int:
    """The bill moment, whose local time the next tries keep; unless we were away when it came."""
    return due_ms if at_ms - due_ms < LATE_MS else at_ms


def _say_failed(
    sheet: Sheet,
    charge: Charge,
    one: Subscription,
    reason: str,
    *,
    next_try_ms: int | None,
    stops_ms: int | None,
    attempt: int,
) -> None:
    sheet.say(
        "charge_failed",
        f"{charge.key}/{one.id}",
        plan=one.plan,
        camera=one.camera,
        cents=charge.card_cents,
        attempt=attempt,
        next_try_ms=next_try_ms,
        stops_ms=stops_ms,
        reason=reason,
    )
