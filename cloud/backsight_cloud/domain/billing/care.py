"""What an account pays for, as a value: its cameras, subscriptions, card, credit, and money on its way."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from backsight_cloud.domain.calendar import Anchor, Cycle, anchored

PLUS, PREMIUM, FREE = "plus", "premium", "free"


class Status(StrEnum):
    """Where a subscription stands."""

    PENDING = "pending"  # chosen on the day of the set-up: begins, and is charged, on the day after
    TRIAL = "trial"
    ACTIVE = "active"
    PAST_DUE = "past_due"  # its renewal was declined, and is tried again; full service


class Why(StrEnum):
    """What a charge is for."""

    BEGIN = "begin"  # the first of a subscription: declined, it begins nothing
    RENEW = "renew"
    CHANGE = "change"  # of plan or cycle: declined, everything stays as it was


@dataclass(frozen=True, slots=True)
class BoundCamera:
    """A camera of the account."""

    camera: str
    set_up_ms: int


@dataclass(frozen=True, slots=True)
class CardOnFile:
    """What is known of the card; its number never was."""

    token: str = field(repr=False)
    brand: str
    last4: str
    exp_month: int
    exp_year: int


@dataclass(frozen=True, slots=True)
class PaidPeriod:
    """A period that was paid for."""

    number: int  # since the anchor; 0 is the first
    start_ms: int
    end_ms: int
    cents: int  # what its invoice came to before credit
    credit_cents: int  # what of that was paid by credit
    card_cents: int  # and what by card: the most that can go back to it
    order: str  # the key of the charge


@dataclass(frozen=True, slots=True)
class Subscription:
    """A paying relation to one plan: Plus for one camera, or Premium."""

    id: str
    plan: str
    cycle: Cycle
    status: Status
    zone: str  # of the account when it began: its bill moments stay at that local time
    begins_ms: int  # pending: when it will; else when it did: the anchor of its bill moments
    camera: str | None = None  # Plus: which
    period: PaidPeriod | None = None  # the newest that is paid
    trial_ends_ms: int | None = None
    renews: bool = True
    then_plus: tuple[str, ...] = ()  # cameras that go on with Plus when this one ends
    failures: int = 0  # of the renewal that is due
    failed_ms: int | None = None  # from when the next tries are counted
    next_try_ms: int | None = None
    said: tuple[str, ...] = ()  # reminders of this period that were sent

    @property
    def anchor(self) -> Anchor:
        return anchored(self.begins_ms, self.zone, self.cycle)

    @property
    def is_paid(self) -> bool:
        return self.status in (Status.ACTIVE, Status.PAST_DUE)

    @property
    def serves(self) -> bool:
        """Whether it gives its window now."""
        return self.status is not Status.PENDING

    @property
    def ends_ms(self) -> int | None:
        """When it ends, as far as that is decided."""
        if self.renews or self.status is Status.PENDING:
            return None
        return self.trial_ends_ms if self.period is None else self.period.end_ms

    @property
    def bill_ms(self) -> int | None:
        """When money is due next, if it goes on."""
        match self.status:
            case Status.PENDING:
                return self.begins_ms
            case Status.TRIAL:
                return self.trial_ends_ms
            case _:
                return self.period.end_ms if self.period else None


@dataclass(frozen=True, slots=True)
class Ending:
    """A subscription that ends before its paid time is over."""

    subscription: str
    plan: str
    camera: str | None
    unused_days: int
    period_days: int
    credit_cents: int  # what goes to the account's credit
    refund_cents: int  # what goes back to the card
    order: str  # the key of the charge that paid for it


@dataclass(frozen=True, slots=True)
class Charge:
    """Money that is to come from the card, and what is true once it has."""

    key: str  # the provider is asked with it, however often: the money moves once
    why: Why
    at_ms: int
    after: tuple[Subscription, ...]  # as they will be, their periods paid; they replace those of the same id
    endings: tuple[Ending, ...] = ()
    owed_cents: int = 0  # of a service that ended unpaid, paid along with this
    credit_cents: int = 0
    card_cents: int = 0
    carried_cents: int = 0  # too little for a card: owed, and paid with the next bill
    is_extra: bool = False  # a new card was tried at once: no try of the schedule
    new_card: bool = False  # another card came while this was on its way: declined, that one is tried at once
    card: str = field(default="", repr=False)  # the token of the card that is charged, whichever comes later

    @property
    def drawn_cents(self) -> int:
        """What it takes of the credit that there is, beyond what its own endings bring."""
        return max(self.credit_cents - sum(one.credit_cents for one in self.endings), 0)

    def is_about(self, subscription: str) -> bool:
        """Whether this subscription begins, goes on or ends by it."""
        return subscription in self._ids

    def is_for(self, camera: str) -> bool:
        """Whether it is about a Plus of this camera."""
        cameras = {one.camera for one in self.after} | {one.camera for one in self.endings}
        return camera in cameras

    @property
    def _ids(self) -> set[str]:
        return {one.id for one in self.after} | {one.subscription for one in self.endings}


@dataclass(frozen=True, slots=True)
class Refund:
    """Money that is to go back to the card."""

    key: str
    charge: str  # the key of the charge
    cents: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Paid:
    """A charge that was made, and how much of it was not refunded yet."""

    key: str
    charge: str  # the provider's name for it
    left_cents: int


@dataclass(frozen=True, slots=True)
class Left:
    """A camera that left while a charge for its Plus was on its way: the answer ends the Plus, as of then."""

    camera: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Grant:
    """A plan that an operator gave a camera; nobody pays for it."""

    camera: str
    plan: str


@dataclass(frozen=True, slots=True)
class Care:
    """An account, as billing knows it."""

    account: str
    zone: str
    cameras: tuple[BoundCamera, ...] = ()  # in the order in which they were bound
    slots: tuple[str, ...] = ()  # cameras that Premium covers, or would
    subscriptions: tuple[Subscription, ...] = ()
    granted: tuple[Grant, ...] = ()
    card: CardOnFile | None = None
    trial_used: bool = False
    credit_cents: int = 0
    gift_cents: int = 0  # how much of the credit an operator gave: it is spent first, and never paid out
    owed_cents: int = 0
    charges: tuple[Charge, ...] = ()  # asked for and not answered yet
    refunds: tuple[Refund, ...] = ()
    paid: tuple[Paid, ...] = ()  # charges of which something may still be refunded, the newest last
    count: int = 0  # of names given out
    card_told: str = ""  # the month in which its expiry was told
    closed_ms: int | None = None
    left: tuple[Left, ...] = ()

    def camera(self, camera: str | None) -> BoundCamera | None:
        return next((one for one in self.cameras if one.camera == camera), None)

    def subscription(self, subscription: str) -> Subscription | None:
        return next((one for one in self.subscriptions if one.id == subscription), None)

    @property
    def premium(self) -> Subscription | None:
        return next((one for one in self.subscriptions if one.plan == PREMIUM), None)

    def plus_of(self, camera: str) -> Subscription | None:
        return next((one for one in self.subscriptions if one.camera == camera), None)

    @property
    def cycle(self) -> Cycle | None:
        """The one cycle of all its subscriptions; None without any."""
        return next((one.cycle for one in self.subscriptions), None)

    def charge(self, key: str) -> Charge | None:
        return next((one for one in self.charges if one.key == key), None)

    def is_asked(self, subscription: str) -> bool:
        """Whether a charge about it is on its way."""
        return any(charge.is_about(subscription) for charge in self.charges)

    def has_gone(self, one: Subscription) -> bool:
        """Whether what it was for has left while money was on its way."""
        return self.closed_ms is not None or any(left.camera == one.camera for left in self.left)

    @property
    def free_credit_cents(self) -> int:
        """What no charge on its way counts on."""
        return self.credit_cents - sum(charge.drawn_cents for charge in self.charges)

    @property
    def free_owed_cents(self) -> int:
        """What no charge on its way pays."""
        return self.owed_cents - sum(charge.owed_cents for charge in self.charges)

    def with_subscriptions(self, *changed: Subscription) -> "Care":
        """These in the place of those with the same identity; new ones come last."""
        new = {one.id: one for one in changed}
        kept = [new.pop(one.id, one) for one in self.subscriptions]
        return replace(self, subscriptions=(*kept, *new.values()))

    def without(self, ids: Iterable[str]) -> "Care":
        gone = frozenset(ids)
        return replace(self, subscriptions=tuple(one for one in self.subscriptions if one.id not in gone))

    def named(self, kind: str) -> tuple["Care", str]:
        """A new name for an order or a subscription, never given before."""
        count = self.count + 1
        return replace(self, count=count), f"{self.account}-{kind}{count}"
