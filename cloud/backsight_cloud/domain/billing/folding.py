"""Billing as a fold: the account and an event give the account as it is then, and everything that follows.

It survives an event that is repeated and one that arrives late: an answer to a charge that nobody waits for
changes nothing, and time that has passed already brings nothing.
"""

from dataclasses import replace

from backsight_cloud.domain.billing.arranging import change_zone, choose_slots, fill_slots, move
from backsight_cloud.domain.billing.care import BoundCamera, CardOnFile, Care
from backsight_cloud.domain.billing.choosing import change_cycle, downgrade, subscribe
from backsight_cloud.domain.billing.due import pass_time, try_new_card
from backsight_cloud.domain.billing.events import (
    CameraAdded,
    CameraRemoved,
    Cancelled,
    CardSaved,
    ChargeDeclined,
    ChargeMade,
    Closed,
    CreditGiven,
    CycleChanged,
    Downgraded,
    Event,
    MoneyTakenBack,
    PlanGranted,
    PlusMoved,
    RefundGiven,
    RefundMade,
    RefundRefused,
    RefundReturned,
    Resumed,
    SlotsChosen,
    Subscribed,
    TimePassed,
    ZoneChanged,
)
from backsight_cloud.domain.billing.failing import declined
from backsight_cloud.domain.billing.giving import give_credit, give_refund, grant
from backsight_cloud.domain.billing.leaving import cancel, close, end_what_left, remove_camera, resume
from backsight_cloud.domain.billing.refusing import refuse_closed, refuse_meanwhile
from backsight_cloud.domain.billing.settling import (
    made,
    refund_refused,
    refund_returned,
    refunded,
    taken_back,
)
from backsight_cloud.domain.billing.sheet import Folded, Refused, Sheet
from backsight_cloud.domain.calendar import zone_named
from backsight_cloud.domain.terms import Terms

_OWNERS = (Subscribed, Cancelled, Resumed, Downgraded, CycleChanged, PlusMoved, SlotsChosen)


def after(care: Care, event: Event, at_ms: int, terms: Terms) -> Folded:
    """What this event, at this moment, makes of the account. Raises Refused for what may not be done."""
    sheet = Sheet(care, at_ms, terms)
    if isinstance(event, _OWNERS):
        refuse_meanwhile(care)
    _fold(sheet, event)
    if sheet.care.closed_ms is None:
        fill_slots(sheet)
    return sheet.folded()


def _fold(sheet: Sheet, event: Event) -> None:  # noqa: C901 - one line for each event
    match event:
        case TimePassed():
            pass_time(sheet)
        case ChargeMade() | ChargeDeclined():
            _take_answer(sheet, event)
        case RefundMade(key):
            refunded(sheet, key)
        case RefundRefused(key):
            refund_refused(sheet, key)
        case Subscribed():
            subscribe(sheet, event)
        case Cancelled():
            cancel(sheet, event)
        case Resumed(subscription):
            resume(sheet, subscription)
        case Downgraded():
            downgrade(sheet, event)
        case CycleChanged(cycle):
            change_cycle(sheet, cycle)
        case PlusMoved():
            move(sheet, event)
        case SlotsChosen():
            choose_slots(sheet, event)
        case CameraAdded(camera):
            _add_camera(sheet, camera)
        case CameraRemoved(camera):
            remove_camera(sheet, camera)
        case CardSaved(card):
            _save_card(sheet, card)
        case ZoneChanged(zone):
            _change_zone(sheet, zone)
        case CreditGiven(cents):
            give_credit(sheet, cents)
        case RefundGiven(charge, cents):
            give_refund(sheet, charge, cents)
        case PlanGranted(camera, plan):
            grant(sheet, camera, plan)
        case MoneyTakenBack(charge, cents):
            taken_back(sheet, charge, cents)
        case RefundReturned(key, cents):
            refund_returned(sheet, key, cents)
        case Closed():
            _close(sheet)


def _take_answer(sheet: Sheet, answer: ChargeMade | ChargeDeclined) -> None:
    """The first counts; what left while it was awaited ends with it."""
    if sheet.care.charge(answer.key) is None:
        return
    match answer:
        case ChargeMade(key, charge):
            made(sheet, key, charge)
        case ChargeDeclined(key, code, reason):
            declined(sheet, key, code, reason)
    end_what_left(sheet, answer.key)


def _add_camera(sheet: Sheet, camera: str) -> None:
    refuse_closed(sheet.care)
    if sheet.care.camera(camera) is None:
        sheet.set(cameras=(*sheet.care.cameras, BoundCamera(camera, sheet.at_ms)))


def _change_zone(sheet: Sheet, zone: str) -> None:
    try:
        zone_named(zone)
    except ValueError as error:
        raise Refused(str(error)) from error
    change_zone(sheet, zone)


def _save_card(sheet: Sheet, card: CardOnFile) -> None:
    """It replaces the old one at once; what could not be paid with that is tried with this."""
    refuse_closed(sheet.care)
    charges = tuple(replace(one, new_card=True) for one in sheet.care.charges)
    sheet.set(card=card, card_told="", charges=charges)
    sheet.say("card_saved", f"{card.last4}/{sheet.at_ms}", brand=card.brand, last4=card.last4)
    try_new_card(sheet)


def _close(sheet: Sheet) -> None:
    refuse_closed(sheet.care)
    close(sheet)
