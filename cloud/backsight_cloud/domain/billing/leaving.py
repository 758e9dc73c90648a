"""How subscriptions end: cancelled, with their camera, or with the account; and what money comes back."""

from collections.abc import Sequence
from dataclasses import replace

from backsight_cloud.domain.billing.care import Left, Status, Subscription
from backsight_cloud.domain.billing.charging import endings_of, given_up
from backsight_cloud.domain.billing.events import Cancelled, When
from backsight_cloud.domain.billing.failing import end_unpaid, owed_if_left
from backsight_cloud.domain.billing.refusing import the_subscription
from backsight_cloud.domain.billing.settling import end, give_back
from backsight_cloud.domain.billing.sheet import Book, Document, Item, Refused, Sheet


def cancel(sheet: Sheet, wanted: Cancelled) -> None:
    """Now, or at the end of what is paid. Raises Refused."""
    one = the_subscription(sheet.care, wanted.subscription)
    match one.status:
        case Status.PENDING:
            sheet.drop(one.id)
            _say_cancelled(sheet, one, sheet.at_ms)
        case Status.PAST_DUE:  # what was paid is over
            end_now(sheet, [one], "cancelled")
        case Status.ACTIVE if wanted.when is When.NOW:
            _refuse_now(sheet, one)
            end_now(sheet, [one], "cancelled")
        case _:
            _stop_renewing(sheet, one)


def resume(sheet: Sheet, subscription: str) -> None:
    """Let it go on after all. Raises Refused."""
    one = the_subscription(sheet.care, subscription)
    if one.renews:
        raise Refused("this subscription renews already")
    if one.ends_ms is None or one.ends_ms <= sheet.at_ms:
        raise Refused("this subscription has ended: choose a plan anew")
    sheet.put(replace(one, renews=True, then_plus=()))
    sheet.say("resumed", f"{one.id}/{sheet.at_ms}", plan=one.plan, camera=one.camera, bill_ms=one.bill_ms)


def end_now(sheet: Sheet, ones: Sequence[Subscription], reason: str, as_of_ms: int | None = None) -> None:
    """Unused days come back: to the card when nothing paid remains, else as credit."""
    at_ms = sheet.at_ms if as_of_ms is None else as_of_ms
    gone = {one.id for one in ones}
    remains = any(one.is_paid for one in sheet.care.subscriptions if one.id not in gone)
    active = [one for one in ones if one.status is Status.ACTIVE]
    endings = endings_of(sheet, active, at_ms, to_card=not remains, worth=_is_worth(sheet, active))
    end(sheet, endings, f"{reason}: unused days")
    for one in ones:
        if one.status is Status.PAST_DUE:
            end_unpaid(sheet, one, owed_if_left(sheet, one), reason)
            continue
        sheet.drop(one.id)
        sheet.say("plan_ended", f"{one.id}/{reason}", plan=one.plan, camera=one.camera, reason=reason,
                  leaves=None, owed_cents=0)  # fmt: skip


def remove_camera(sheet: Sheet, camera: str) -> None:
    """Its Plus ends as by a cancel; the slot that it had is another's.

    While a charge for that Plus is on its way, the answer ends it: only then it is known what to give back.
    """
    if sheet.care.camera(camera) is None:
        return
    plus = sheet.care.plus_of(camera)
    sheet.set(
        cameras=tuple(one for one in sheet.care.cameras if one.camera != camera),
        granted=tuple(one for one in sheet.care.granted if one.camera != camera),
    )
    if any(charge.is_for(camera) for charge in sheet.care.charges):
        sheet.set(left=(*sheet.care.left, Left(camera, sheet.at_ms)))
    elif plus:
        end_now(sheet, [plus], "unbound")
    _forget_later_plus(sheet, camera)
    _forget_pending_premium(sheet)


def close(sheet: Sheet) -> None:
    """Everything ends; credit that came from cards goes back to them, as far as they were charged.

    What a charge is on its way for ends with its answer; until then the card is kept, to ask for that answer.
    """
    sheet.set(closed_ms=sheet.at_ms, cameras=(), slots=(), granted=())
    end_what_left(sheet, "")


def end_what_left(sheet: Sheet, answered: str) -> None:
    """What left while a charge was on its way ends; what that has paid, for nothing, comes back whole."""
    for left in sheet.care.left:
        if not any(charge.is_for(left.camera) for charge in sheet.care.charges):
            sheet.set(left=tuple(one for one in sheet.care.left if one != left))
            plus = [one for one in sheet.care.subscriptions if one.camera == left.camera]
            _end_left(sheet, plus, answered, "unbound", left.at_ms)
    closed_ms = sheet.care.closed_ms
    if closed_ms is not None:
        free = [one for one in sheet.care.subscriptions if not sheet.care.is_asked(one.id)]
        _end_left(sheet, free, answered, "closed", closed_ms)
        if not sheet.care.charges:
            _pay_out(sheet)


def _end_left(sheet: Sheet, ones: Sequence[Subscription], answered: str, reason: str, left_ms: int) -> None:
    for_nothing = [
        (one, one.period) for one in ones if answered and one.period and one.period.order == answered
    ]
    end(sheet, [given_up(sheet, one, period) for one, period in for_nothing], f"{answered}: for nothing")
    end_now(sheet, [one for one in ones if sheet.care.subscription(one.id)], reason, left_ms)
    for one, _ in for_nothing:
        sheet.say("plan_ended", f"{one.id}/{reason}", plan=one.plan, camera=one.camera, reason=reason,
                  leaves=None, owed_cents=0)  # fmt: skip


def _pay_out(sheet: Sheet) -> None:
    """Credit first pays what is owed. Gifts lapse; what no card can take back stays, for an operator."""
    owed, credit = sheet.care.owed_cents, sheet.care.credit_cents
    paid = min(owed, credit)
    sheet.post("owed, paid by credit", "", (Book.CREDIT, paid), (Book.OWED, -paid))
    gift = min(max(sheet.care.gift_cents - paid, 0), credit - paid)
    sheet.post("credit lapsed", "", (Book.CREDIT, gift), (Book.KINDNESS, -gift))
    sheet.set(credit_cents=credit - paid - gift, gift_cents=0, owed_cents=owed - paid, card=None)
    _let_go_of_owed(sheet)
    for one in reversed(sheet.care.paid):
        cents = min(one.left_cents, sheet.care.credit_cents)
        if cents:
            sheet.post("credit paid out", "", (Book.CREDIT, cents), (Book.REFUNDS, -cents))
            sheet.set(credit_cents=sheet.care.credit_cents - cents)
            give_back(sheet, one.key, cents)
            sheet.documents.append(Document("credit_note", one.key, (Item("credit", None, cents),), 0, cents))


def _let_go_of_owed(sheet: Sheet) -> None:
    """Where nothing stays owed, this was only too little for a card."""
    owed = 0 if sheet.terms.regime.stays_owed else sheet.care.owed_cents
    sheet.post("let go", "", (Book.KINDNESS, owed), (Book.OWED, -owed))
    sheet.set(owed_cents=sheet.care.owed_cents - owed)


def _forget_later_plus(sheet: Sheet, camera: str) -> None:
    premium = sheet.care.premium
    if premium and camera in premium.then_plus and not sheet.care.is_asked(premium.id):
        sheet.put(replace(premium, then_plus=tuple(one for one in premium.then_plus if one != camera)))


def _forget_pending_premium(sheet: Sheet) -> None:
    """With the last camera goes what has not begun: nobody begins to pay for none."""
    premium = sheet.care.premium
    if premium is None or premium.status is not Status.PENDING or sheet.care.cameras:
        return
    if not sheet.care.is_asked(premium.id):
        sheet.drop(premium.id)
        _say_cancelled(sheet, premium, sheet.at_ms)


def _stop_renewing(sheet: Sheet, one: Subscription) -> None:
    if not one.renews and not one.then_plus:
        raise Refused("this subscription ends already, and does not renew")
    sheet.put(replace(one, renews=False, then_plus=()))
    _say_cancelled(sheet, one, one.bill_ms)


def _refuse_now(sheet: Sheet, one: Subscription) -> None:
    if not sheet.terms.regime.cancel_now(one.cycle):
        raise Refused("this subscription can only end with its period: cancel it at_end")


def _is_worth(sheet: Sheet, ones: Sequence[Subscription]) -> bool:
    """All of an account are of one cycle."""
    return all(sheet.terms.regime.refunds_unused(one.cycle) for one in ones)


def _say_cancelled(sheet: Sheet, one: Subscription, ends_ms: int | None) -> None:
    sheet.say("cancelled", f"{one.id}/{sheet.at_ms}", plan=one.plan, camera=one.camera, ends_ms=ends_ms,
              leaves=None)  # fmt: skip
