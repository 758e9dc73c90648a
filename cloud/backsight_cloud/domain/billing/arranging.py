"""Which cameras a plan is for: a Plus that moves to another camera, and the cameras that Premium covers."""

from dataclasses import replace

from backsight_cloud.domain.billing.care import PLUS, PREMIUM, Status
from backsight_cloud.domain.billing.charging import endings_of
from backsight_cloud.domain.billing.choosing import covered, tell_pending
from backsight_cloud.domain.billing.events import PlusMoved, SlotsChosen
from backsight_cloud.domain.billing.refusing import (
    earliest_ms,
    refuse_second,
    refuse_stranger,
    the_subscription,
)
from backsight_cloud.domain.billing.settling import end
from backsight_cloud.domain.billing.sheet import Refused, Sheet
from backsight_cloud.domain.billing.slots import filled


def move(sheet: Sheet, wanted: PlusMoved) -> None:
    """To a camera that has none; a Plus that is pending waits for the new camera's day. Raises Refused."""
    one = the_subscription(sheet.care, wanted.subscription)
    if one.camera is None:
        raise Refused("only a Plus belongs to a camera")
    refuse_stranger(sheet.care, wanted.camera)
    refuse_second(sheet.care, wanted.camera)
    moved = replace(one, camera=wanted.camera)
    if one.status is Status.PENDING:
        moved = replace(moved, begins_ms=max(earliest_ms(sheet.care, wanted.camera), sheet.at_ms))
    sheet.put(moved)
    facts = {"from_camera": one.camera, "to_camera": wanted.camera}
    sheet.say("plan_moved", f"{one.id}/{sheet.at_ms}", plan=one.plan, **facts)


def choose_slots(sheet: Sheet, wanted: SlotsChosen) -> None:
    """A Plus of a camera that paid Premium covers now ends with credit. Raises Refused."""
    chosen = tuple(dict.fromkeys(wanted.cameras))
    if len(chosen) > sheet.terms.slots:
        raise Refused(f"Premium covers {sheet.terms.slots} cameras")
    for camera in chosen:
        refuse_stranger(sheet.care, camera)
    sheet.set(slots=chosen)
    fill_slots(sheet)
    _end_needless(sheet)


def fill_slots(sheet: Sheet) -> None:
    """After cameras came, left or were chosen. Where there is Premium, who pays for Plus is passed over."""
    care = sheet.care
    plans = [*care.subscriptions, *(one for charge in care.charges for one in charge.after)]
    is_premium = any(one.plan == PREMIUM for one in plans)
    with_plus = {one.camera for one in plans if one.camera}
    bound = [one.camera for one in care.cameras]
    sheet.set(slots=filled(care.slots, bound, sheet.terms.slots, with_plus if is_premium else ()))


def change_zone(sheet: Sheet, zone: str) -> None:
    """What has begun keeps its bill moments; what is pending begins on the next day in the new zone."""
    sheet.set(zone=zone)
    for one in sheet.care.subscriptions:
        if one.status is Status.PENDING and not sheet.care.is_asked(one.id):
            begins_ms = max(earliest_ms(sheet.care, one.camera), sheet.at_ms)
            moved = replace(one, zone=zone, begins_ms=begins_ms)
            sheet.put(moved)
            if begins_ms != one.begins_ms:
                tell_pending(sheet, moved)


def _end_needless(sheet: Sheet) -> None:
    premium = sheet.care.premium
    needless = covered(sheet.care) if premium and premium.is_paid else []
    if not needless:
        return
    end(sheet, endings_of(sheet, needless, sheet.at_ms, to_card=False), "covered by Premium: unused days")
    cameras = [one.camera for one in needless]
    sheet.say("plan_changed", f"slots/{sheet.at_ms}", from_plan=PLUS, to_plan=PREMIUM, cameras=cameras,
              at_ms=sheet.at_ms, leaves=None)  # fmt: skip
