"""Answers a support question with the engine's own rules: why each camera has its window, and until when."""

from dataclasses import dataclass

from backsight_cloud.domain.billing.care import PLUS, PREMIUM, Care, Status, Subscription
from backsight_cloud.domain.billing.windows import PlanSteps, plan_steps
from backsight_cloud.domain.calendar import local_time
from backsight_cloud.domain.records import Camera
from backsight_cloud.domain.terms import Terms
from backsight_cloud.ports import Transaction
from backsight_cloud.services.billing import Billing
from backsight_shared.window import in_force


@dataclass(frozen=True, slots=True)
class Change:
    """Of a camera's window, decided already."""

    from_ms: int
    plan: str
    window_ms: int


@dataclass(frozen=True, slots=True)
class Explained:
    """Why a camera has the window that it has."""

    camera: str
    name: str
    plan: str
    window_ms: int | None  # in force; None while nothing limits its history
    why: str
    changes: tuple[Change, ...]  # that are decided
    agrees: bool  # whether the window in force is what is paid for


async def explain(tx: Transaction, billing: Billing, account: str, now_ms: int) -> list[Explained]:
    """Each camera of the account, in the order in which they were bound. Raises OwnerMissing."""
    kept = await billing.kept(tx, account)
    plans = plan_steps(kept.care, now_ms)
    found = []
    for camera in await tx.cameras.of_account(account):
        step = in_force(await tx.cameras.steps(camera.id), now_ms)
        window_ms = None if step is None else step.window_ms
        found.append(_explained(kept.care, camera, plans.get(camera.id, ()), window_ms, billing.terms))
    return found


def _explained(
    care: Care, camera: Camera, steps: PlanSteps, window_ms: int | None, terms: Terms
) -> Explained:
    plan = steps[0][1] if steps else camera.plan
    paid_ms = terms.catalogue.window_ms(plan, camera.model)
    agrees = window_ms == paid_ms or plan == camera.plan == "free"
    catalogue = terms.catalogue
    changes = tuple(Change(ms, after, catalogue.window_ms(after, camera.model)) for ms, after in steps[1:])
    why = _why(care, camera, plan, terms)
    return Explained(camera.id, camera.name, plan, window_ms, why, changes, agrees)


def _why(care: Care, camera: Camera, plan: str, terms: Terms) -> str:
    given = next((one for one in care.granted if one.camera == camera.id), None)
    if given is not None and given.plan == plan:
        return f"an operator gave it {plan}"
    if plan == PREMIUM and care.premium:
        slots = f"one of the {terms.slots} slots of Premium {care.premium.id}"
        return f"it has {slots}, which {_standing(care.premium, care.zone)}"
    own = care.plus_of(camera.id)
    if plan == PLUS and own:
        return f"it has Plus {own.id}, which {_standing(own, care.zone)}"
    return _why_free(care, camera, terms, own)


def _why_free(care: Care, camera: Camera, terms: Terms, own: Subscription | None) -> str:
    model = camera.model or "a model that is not known yet"
    free = f"the free window of {model}" + ("" if terms.catalogue.knows(camera.model) else " (the longest)")
    if own:
        return f"its Plus {own.id} {_standing(own, care.zone)}; until then it has {free}"
    if care.premium and care.premium.serves and camera.id not in care.slots:
        return f"all {terms.slots} slots of Premium are taken by other cameras, and it has no Plus: {free}"
    return f"no plan covers it: {free}"


def _standing(one: Subscription, zone: str) -> str:
    """And when that changes."""
    bill = _on(one.bill_ms, zone)
    match one.status:
        case Status.PENDING:
            return f"begins, and is charged, on {bill}: the day after its set-up"
        case Status.TRIAL:
            return f"is on trial until {bill}, and then {'paid for' if one.renews else 'over'}"
        case Status.PAST_DUE:
            tried = _on(one.next_try_ms, zone)
            return f"is past due since {bill}: its renewal was declined, and is tried again on {tried}"
        case _:
            return f"is paid until {bill}, and then {'renewed' if one.renews else 'over'}"


def _on(moment_ms: int | None, zone: str) -> str:
    if moment_ms is None:
        return "a day that is not known"
    return f"{local_time(moment_ms, zone):%Y-%m-%d %H:%M} ({zone})"
