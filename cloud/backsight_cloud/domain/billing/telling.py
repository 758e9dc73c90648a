"""Tells the owner what a charge that was made has begun or changed."""

from backsight_cloud.domain.billing.care import Charge, Why
from backsight_cloud.domain.billing.sheet import Sheet


def tell_begun(sheet: Sheet, charge: Charge) -> None:
    """By what ended and what began. A renewal has its receipt, and needs no more words."""
    if charge.endings:
        _tell_change(sheet, charge)
    elif charge.why is Why.BEGIN:
        _tell_start(sheet, charge)


def _tell_start(sheet: Sheet, charge: Charge) -> None:
    for one in charge.after:
        if not sheet.care.has_gone(one):
            sheet.say("plan_started", one.id, plan=one.plan, camera=one.camera, cycle=one.cycle.value,
                      next_bill_ms=one.bill_ms)  # fmt: skip


def _tell_change(sheet: Sheet, charge: Charge) -> None:
    begun = [one for one in charge.after if one.period]
    before, now = {one.plan for one in charge.endings}, {one.plan for one in begun}
    if before == now:
        facts = {"cycle": begun[0].cycle.value, "next_bill_ms": begun[0].bill_ms}
        sheet.say("cycle_changed", charge.key, **facts)
        return
    named = {one.camera for one in charge.endings} | {one.camera for one in begun}
    cameras = sorted(one for one in named if one)
    sheet.say("plan_changed", charge.key, from_plan=min(before), to_plan=min(now), cameras=cameras,
              at_ms=sheet.at_ms, leaves=None)  # fmt: skip
