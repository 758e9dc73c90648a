"""What the care endpoints take and give, as pydantic models."""

from typing import Annotated, Literal

from pydantic import Field

from backsight_cloud.domain.billing.care import Care, Status, Subscription
from backsight_cloud.domain.billing.events import (
    Cancelled,
    CycleChanged,
    Downgraded,
    Event,
    PlusMoved,
    Resumed,
    SlotsChosen,
    Subscribed,
    When,
)
from backsight_cloud.domain.billing.outcome import Money
from backsight_cloud.domain.billing.windows import PlanSteps
from backsight_cloud.domain.calendar import Cycle
from backsight_cloud.domain.terms import Terms
from backsight_cloud.services.leaves import Leaving
from backsight_cloud.services.plans import PlanPreview
from backsight_cloud.web.checking import Asked, Shown

CameraId = Annotated[str, Field(pattern="^[0-9a-f]{12}$")]
Name = Annotated[str, Field(min_length=1, max_length=100)]


class Subscribe(Asked):
    """Choose a plan; `camera` says for which one Plus is."""

    kind: Literal["subscribe"]
    plan: Literal["plus", "premium"]
    cycle: Cycle
    camera: CameraId | None = None
    trial: bool = False

    def event(self) -> Event:
        return Subscribed(self.plan, self.cycle, self.camera, self.trial)


class Cancel(Asked):
    """End a subscription now, or with what is paid."""

    kind: Literal["cancel"]
    subscription: Name
    when: When

    def event(self) -> Event:
        return Cancelled(self.subscription, self.when)


class Resume(Asked):
    """Let a subscription go on that was to end."""

    kind: Literal["resume"]
    subscription: Name

    def event(self) -> Event:
        return Resumed(self.subscription)


class Downgrade(Asked):
    """Plus for these cameras in the place of Premium."""

    kind: Literal["downgrade"]
    cameras: Annotated[list[CameraId], Field(min_length=1, max_length=64)]

    def event(self) -> Event:
        return Downgraded(tuple(self.cameras))


class ChangeCycle(Asked):
    """Pay by the month, or by the year, for everything."""

    kind: Literal["change_cycle"]
    cycle: Cycle

    def event(self) -> Event:
        return CycleChanged(self.cycle)


class MovePlus(Asked):
    """A Plus goes to a camera that has none."""

    kind: Literal["move_plus"]
    subscription: Name
    camera: CameraId

    def event(self) -> Event:
        return PlusMoved(self.subscription, self.camera)


class ChooseSlots(Asked):
    """Which cameras Premium covers; free slots go to the next in the order of binding."""

    kind: Literal["choose_slots"]
    cameras: Annotated[list[CameraId], Field(max_length=64)]

    def event(self) -> Event:
        return SlotsChosen(tuple(self.cameras))


AnyChoice = Annotated[
    Subscribe | Cancel | Resume | Downgrade | ChangeCycle | MovePlus | ChooseSlots,
    Field(discriminator="kind"),
]


class PreviewAsked(Asked):
    """The body of POST /v1/care/previews."""

    choice: AnyChoice


class Chosen(Asked):
    """The body of POST /v1/care/choices; `confirm` from the preview where a history becomes shorter."""

    choice: AnyChoice
    confirm: Annotated[str, Field(max_length=4096)] = ""


class CardGiven(Asked):
    """The body of PUT /v1/care/card: the set-up that the browser has completed with the provider."""

    setup: Name


class ShownSetup(Shown):
    """What the browser needs to give a card to the provider; the number never comes here."""

    setup: str
    client_secret: str
    publishable_key: str
    url: str


class ShownCard(Shown):
    brand: str
    last4: str
    exp_month: int
    exp_year: int


class ShownSubscription(Shown):
    """`bill_ms`: when money is due next; `ends_ms`: when it ends, if that is decided."""

    id: str
    plan: str
    camera: str | None
    cycle: Cycle
    status: Status
    renews: bool
    bill_ms: int | None
    ends_ms: int | None
    price_cents: int
    paid_from_ms: int | None
    paid_to_ms: int | None
    next_try_ms: int | None


class ShownPlanStep(Shown):
    from_ms: int
    plan: str


class ShownCameraPlan(Shown):
    """The plan of a camera now, and every change of it that is decided."""

    camera: str
    has_slot: bool
    plans: list[ShownPlanStep]


class ShownCare(Shown):
    """How the account stands with its plans and its money."""

    currency: str
    cycle: Cycle | None
    subscriptions: list[ShownSubscription]
    cameras: list[ShownCameraPlan]
    card: ShownCard | None
    credit_cents: int
    owed_cents: int
    payment_on_its_way: bool
    trial_days: int  # 0: none, or it was used
    version: int


class ShownLeaves(Shown):
    """What leaves a camera's history, and when."""

    camera: str
    name: str
    count: int
    hours: float
    size_bytes: int
    from_ms: int | None
    to_ms: int | None
    at_ms: int


class ShownChange(Shown):
    camera: str
    name: str
    before: list[ShownPlanStep]
    after: list[ShownPlanStep]


class ShownMoney(Shown):
    """What moves at once, in cents."""

    charged_cents: int
    by_credit_cents: int
    credited_cents: int
    refunded_cents: int
    carried_cents: int


class ShownPreview(Shown):
    """What a choice would do. With `confirm` it is done just so; without one it needs none."""

    cameras: list[ShownChange]
    leaves: list[ShownLeaves]
    money: ShownMoney
    confirm: str
    confirm_until_ms: int | None


class ShownPrice(Shown):
    plan: str
    cycle: Cycle
    cents: int
    window_ms: int


class ShownPlans(Shown):
    """What is sold."""

    currency: str
    prices: list[ShownPrice]
    trial_days: int
    slots: int


def shown_care(care: Care, plans: dict[str, PlanSteps], version: int, terms: Terms, now_ms: int) -> ShownCare:
    card = care.card
    return ShownCare(
        currency=terms.currency,
        cycle=care.cycle,
        subscriptions=[_subscription(one, terms, now_ms) for one in care.subscriptions],
        cameras=[
            ShownCameraPlan(camera=camera, has_slot=camera in care.slots, plans=_steps(steps))
            for camera, steps in plans.items()
        ],
        card=ShownCard(brand=card.brand, last4=card.last4, exp_month=card.exp_month, exp_year=card.exp_year)
        if card
        else None,
        credit_cents=care.credit_cents,
        owed_cents=care.owed_cents,
        payment_on_its_way=bool(care.charges),
        trial_days=0 if care.trial_used else terms.trial_days,
        version=version,
    )


def shown_preview(preview: PlanPreview) -> ShownPreview:
    return ShownPreview(
        cameras=[
            ShownChange(camera=one.camera, name=one.name, before=_steps(one.before), after=_steps(one.after))
            for one in preview.cameras
        ],
        leaves=[shown_leaves(one) for one in preview.leaving],
        money=shown_money(preview.money),
        confirm=preview.confirm,
        confirm_until_ms=preview.confirm_until_ms,
    )


def shown_leaves(leaving: Leaving) -> ShownLeaves:
    return ShownLeaves(**leaving.told())


def shown_money(money: Money) -> ShownMoney:
    return ShownMoney(
        charged_cents=money.charged,
        by_credit_cents=money.by_credit,
        credited_cents=money.credited,
        refunded_cents=money.refunded,
        carried_cents=money.carried,
    )


def shown_plans(terms: Terms, now_ms: int) -> ShownPlans:
    windows = {"plus": terms.catalogue.plus, "premium": terms.catalogue.premium}
    return ShownPlans(
        currency=terms.currency,
        prices=[
            ShownPrice(plan=plan, cycle=cycle, cents=terms.price(plan, cycle, now_ms), window_ms=window_ms)
            for plan, window_ms in windows.items()
            for cycle in Cycle
        ],
        trial_days=terms.trial_days,
        slots=terms.slots,
    )


def _subscription(one: Subscription, terms: Terms, now_ms: int) -> ShownSubscription:
    at_ms = one.bill_ms if one.bill_ms is not None else now_ms
    return ShownSubscription(
        id=one.id,
        plan=one.plan,
        camera=one.camera,
        cycle=one.cycle,
        status=one.status,
        renews=one.renews,
        bill_ms=one.bill_ms if one.renews else None,
        ends_ms=one.ends_ms,
        price_cents=terms.price(one.plan, one.cycle, at_ms),
        paid_from_ms=one.period.start_ms if one.period else None,
        paid_to_ms=one.period.end_ms if one.period else None,
        next_try_ms=one.next_try_ms,
    )


def _steps(steps: PlanSteps) -> list[ShownPlanStep]:
    return [ShownPlanStep(from_ms=from_ms, plan=plan) for from_ms, plan in steps]
