"""What owners cannot have, and what they can do instead."""

from collections.abc import Sequence

from backsight_cloud.domain.billing.care import PLUS, PREMIUM, Care, Subscription
from backsight_cloud.domain.billing.events import Subscribed
from backsight_cloud.domain.billing.sheet import Refused, Sheet
from backsight_cloud.domain.calendar import Cycle, local_date, start_of_next_day_ms


def refuse_meanwhile(care: Care) -> None:
    """A change while money is on its way could be paid for twice, or not at all. Raises Refused."""
    refuse_closed(care)
    if care.charges:
        raise Refused("a payment is being made: try again in a moment")


def refuse_closed(care: Care) -> None:
    """Raises Refused."""
    if care.closed_ms is not None:
        raise Refused("this account is closed")


def the_subscription(care: Care, subscription: str) -> Subscription:
    """Raises Refused."""
    one = care.subscription(subscription)
    if one is None:
        raise Refused(f"the account has no subscription {subscription}")
    return one


def earliest_ms(care: Care, camera: str | None) -> int:
    """The day after the set-up, of Plus's camera, or of the account's first for Premium. Raises Refused."""
    if camera is None and not care.cameras:
        raise Refused("set up a camera first")
    counts = care.camera(camera) if camera is not None else care.cameras[0]
    if counts is None:
        raise Refused("say for which camera of the account Plus is meant")
    return start_of_next_day_ms(counts.set_up_ms, care.zone)


def refuse_what_cannot_be(sheet: Sheet, wanted: Subscribed) -> None:
    """Raises Refused."""
    care = sheet.care
    _refuse_plan(care, wanted)
    if care.card is None:
        raise Refused("save a payment card first")
    if care.cycle is not None and care.cycle is not wanted.cycle:
        raise Refused(f"the account pays by the {care.cycle.value}: choose that, or change its cycle")
    if wanted.trial and not sheet.terms.trial_days:
        raise Refused("there is no free trial")
    if wanted.trial and care.trial_used:
        raise Refused("the account has had its free trial")
    if wanted.plan == PREMIUM and care.premium:
        raise Refused("the account has Premium already")
    if wanted.camera is not None:
        refuse_second(care, wanted.camera)


def refuse_second(care: Care, camera: str) -> None:
    """Nobody pays twice for one camera. Raises Refused."""
    if care.plus_of(camera):
        raise Refused(f"camera {camera} has Plus already")
    if care.premium and camera in care.slots:
        raise Refused(f"Premium covers camera {camera} already")


def refuse_cameras(care: Care, cameras: Sequence[str]) -> None:
    """Of those that shall have Plus after Premium. Raises Refused."""
    if not cameras or len(set(cameras)) < len(cameras):
        raise Refused("name each camera that shall have Plus, once; to have none, cancel Premium")
    for camera in cameras:
        refuse_stranger(care, camera)
        if care.plus_of(camera):
            raise Refused(f"camera {camera} has Plus already")


def refuse_stranger(care: Care, camera: str) -> None:
    """Raises Refused."""
    if care.camera(camera) is None:
        raise Refused(f"the account has no camera {camera}")


def refuse_cycle(sheet: Sheet, cycle: Cycle) -> None:
    """Raises Refused. What is to end must not be bought anew by a change of the cycle."""
    care = sheet.care
    if not care.subscriptions:
        raise Refused("there is no subscription whose cycle could change")
    if care.cycle is cycle:
        raise Refused(f"the account pays by the {cycle.value} already")
    if not sheet.terms.regime.changes_cycle:
        raise Refused("cancel, then choose the other cycle when the period has ended")
    for one in care.subscriptions:
        if one.is_paid and one.ends_ms is not None:
            day = local_date(one.ends_ms, care.zone)
            raise Refused(f"{one.id} ends on {day}: resume it first, cancel it now, or wait until then")


def _refuse_plan(care: Care, wanted: Subscribed) -> None:
    if wanted.plan not in (PLUS, PREMIUM):
        raise Refused("choose plus or premium")
    if wanted.plan == PREMIUM and wanted.camera is not None:
        raise Refused("Premium is for the account: leave out the camera")
    if wanted.plan == PLUS and (wanted.camera is None or care.camera(wanted.camera) is None):
        raise Refused("say for which camera of the account Plus is meant")
    if not care.cameras:
        raise Refused("set up a camera first")
