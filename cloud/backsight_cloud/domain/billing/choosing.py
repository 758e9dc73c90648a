"""What owners choose: a plan, a trial, another plan, another cycle. One function for each rule."""

from dataclasses import replace

from backsight_cloud.domain.billing.care import PLUS, PREMIUM, Care, Ending, Status, Subscription, Why
from backsight_cloud.domain.billing.charging import LATE_MS, begun, charge_for, endings_of
from backsight_cloud.domain.billing.events import Downgraded, Subscribed
from backsight_cloud.domain.billing.refusing import (
    earliest_ms,
    refuse_cameras,
    refuse_cycle,
    refuse_what_cannot_be,
)
from backsight_cloud.domain.billing.settling import ask
from backsight_cloud.domain.billing.sheet import Refused, Sheet
from backsight_cloud.domain.calendar import Cycle, bill_ms, days_later_ms


def subscribe(sheet: Sheet, wanted: Subscribed) -> None:
    """Begin a plan: on trial, on the day after the set-up, or now. Raises Refused."""
    refuse_what_cannot_be(sheet, wanted)
    new = Subscription(
        id=sheet.name("s"),
        plan=wanted.plan,
        cycle=wanted.cycle,
        status=Status.PENDING,
        zone=sheet.care.zone,
        begins_ms=earliest_ms(sheet.care, wanted.camera),
        camera=wanted.camera,
    )
    if wanted.trial:
        _begin_trial(sheet, new)
    elif new.begins_ms > sheet.at_ms:
        sheet.put(new)
        tell_pending(sheet, new)
    else:
        _begin_paying(sheet, new, sheet.at_ms)


def begin_planned(sheet: Sheet, new: Subscription) -> None:
    """At the planned moment, though we look a little later; unless we were away for long."""
    planned_ms = new.bill_ms if new.bill_ms is not None else sheet.at_ms
    is_late = not 0 <= sheet.at_ms - planned_ms < LATE_MS
    _begin_paying(sheet, new, sheet.at_ms if is_late else planned_ms)


def downgrade(sheet: Sheet, wanted: Downgraded) -> None:
    """Plus for these cameras in the place of Premium. Raises Refused."""
    premium = sheet.care.premium
    if premium is None or not premium.is_paid:
        raise Refused("there is no paid Premium to change: choose Plus for the cameras that shall have it")
    refuse_cameras(sheet.care, wanted.cameras)
    when = sheet.terms.regime.premium_to_plus(premium.cycle)
    if when == "refused":
        raise Refused("cancel Premium, then choose Plus when it has ended")
    if when == "at_end" and premium.status is Status.ACTIVE:
        sheet.put(replace(premium, renews=False, then_plus=wanted.cameras))
        sheet.say("cancelled", f"{premium.id}/{sheet.at_ms}", plan=PREMIUM, camera=None,
                  ends_ms=premium.bill_ms, leaves=None)  # fmt: skip
        return
    endings = endings_of(sheet, [premium], sheet.at_ms, to_card=False)
    after = [_plus(sheet, premium.cycle, camera, sheet.at_ms) for camera in wanted.cameras]
    ask(sheet, charge_for(sheet, Why.CHANGE, after, endings))


def go_on_with_plus(sheet: Sheet, premium: Subscription, *, extra: bool = False) -> None:
    """Premium is over; what its owner had decided for then is paid like a renewal, and begins where it ended.

    Premium stays until the answer: its cameras have the window of Plus already, and never less.
    """
    cameras = [one for one in premium.then_plus if sheet.care.camera(one) and not sheet.care.plus_of(one)]
    if not cameras:
        end_over(sheet, premium)
        return
    ended_ms = premium.bill_ms if premium.bill_ms is not None else sheet.at_ms
    passed = bill_ms(replace(premium, begins_ms=ended_ms).anchor, 1) <= sheet.at_ms
    since_ms = sheet.at_ms if passed else ended_ms
    after = [_plus(sheet, premium.cycle, camera, since_ms) for camera in cameras]
    endings = endings_of(sheet, [premium], sheet.at_ms, to_card=False, worth=False)
    ask(sheet, charge_for(sheet, Why.RENEW, after, endings, extra=extra))


def end_over(sheet: Sheet, one: Subscription) -> None:
    """What was not to be renewed has reached its end."""
    sheet.drop(one.id)
    sheet.say("plan_ended", f"{one.id}/cancelled", plan=one.plan, camera=one.camera, reason="cancelled",
              leaves=None, owed_cents=0)  # fmt: skip


def change_cycle(sheet: Sheet, cycle: Cycle) -> None:
    """All subscriptions at once, each anew from now: cancelled and created in one step. Raises Refused."""
    refuse_cycle(sheet, cycle)
    waiting = [replace(one, cycle=cycle) for one in sheet.care.subscriptions if not one.is_paid]
    paid = [one for one in sheet.care.subscriptions if one.is_paid]
    if not paid:
        sheet.put(*waiting)
        next_bill_ms = min((one.bill_ms for one in waiting if one.bill_ms is not None), default=None)
        sheet.say("cycle_changed", str(sheet.at_ms), cycle=cycle.value, next_bill_ms=next_bill_ms)
        return
    to_card = cycle is Cycle.MONTH  # yearly to monthly refunds; monthly to yearly is credited
    endings = endings_of(sheet, paid, sheet.at_ms, to_card=to_card)
    anew = [replace(one, id=sheet.name("s"), cycle=cycle) for one in paid]
    after = [begun(one, sheet.at_ms, sheet.care.zone) for one in anew]
    ask(sheet, charge_for(sheet, Why.CHANGE, (*after, *waiting), endings))


def covered(care: Care) -> list[Subscription]:
    """The Plus subscriptions that Premium makes needless."""
    return [one for one in care.subscriptions if one.plan == PLUS and one.camera in care.slots]


def tell_pending(sheet: Sheet, new: Subscription) -> None:
    """When it begins, and what it costs."""
    price = sheet.terms.price(new.plan, new.cycle, new.begins_ms)
    sheet.say("plan_pending", f"{new.id}/{new.begins_ms}", plan=new.plan, camera=new.camera,
              starts_ms=new.begins_ms, price_cents=price)  # fmt: skip


def _begin_paying(sheet: Sheet, new: Subscription, since_ms: int) -> None:
    """Activation and first charge in one step. Premium ends the Plus that it covers, with credit."""
    after = begun(new, since_ms, sheet.care.zone)
    endings: list[Ending] = []
    if new.plan == PREMIUM:
        endings = endings_of(sheet, covered(sheet.care), sheet.at_ms, to_card=False)
    why = Why.CHANGE if any(one.order for one in endings) else Why.BEGIN
    ask(sheet, charge_for(sheet, why, [after], endings))


def _begin_trial(sheet: Sheet, new: Subscription) -> None:
    """At once, and with the window of the plan that it becomes."""
    replaced = covered(sheet.care) if new.plan == PREMIUM else []
    if any(one.is_paid for one in replaced):
        raise Refused("a trial is for what you do not pay for already")
    ends_ms = days_later_ms(sheet.at_ms, sheet.terms.trial_days, sheet.care.zone)
    trial = replace(new, status=Status.TRIAL, begins_ms=sheet.at_ms, trial_ends_ms=ends_ms)
    for one in replaced:  # waits for the day after the set-up: the trial takes its place
        sheet.drop(one.id)
        sheet.say("cancelled", f"{one.id}/{sheet.at_ms}", plan=one.plan, camera=one.camera,
                  ends_ms=sheet.at_ms, leaves=None)  # fmt: skip
    sheet.put(trial)
    sheet.set(trial_used=True)
    price = sheet.terms.price(new.plan, new.cycle, ends_ms)
    sheet.say("trial_started", trial.id, plan=new.plan, camera=new.camera, ends_ms=ends_ms,
              cycle=new.cycle.value, price_cents=price)  # fmt: skip


def _plus(sheet: Sheet, cycle: Cycle, camera: str, since_ms: int) -> Subscription:
    zone = sheet.care.zone
    new = Subscription(sheet.name("s"), PLUS, cycle, Status.PENDING, zone, since_ms, camera)
    return begun(new, since_ms, zone)
