"""Everything that can happen to an account's billing: what owners ask, providers answer, and time brings."""

from dataclasses import dataclass
from enum import StrEnum

from backsight_cloud.domain.billing.care import CardOnFile
from backsight_cloud.domain.calendar import Cycle


class When(StrEnum):
    """When a subscription that is cancelled ends."""

    NOW = "now"
    AT_END = "at_end"


@dataclass(frozen=True, slots=True)
class CameraAdded:
    """A camera was set up."""

    camera: str


@dataclass(frozen=True, slots=True)
class CameraRemoved:
    """A camera left the account."""

    camera: str


@dataclass(frozen=True, slots=True)
class CardSaved:
    """A card is on file now, in the place of any other."""

    card: CardOnFile


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The owner chose a plan. Premium takes over the Plus of the cameras that it covers."""

    plan: str
    cycle: Cycle
    camera: str | None = None
    trial: bool = False


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The owner ends a subscription."""

    subscription: str
    when: When


@dataclass(frozen=True, slots=True)
class Resumed:
    """The owner lets a subscription go on that was to end."""

    subscription: str


@dataclass(frozen=True, slots=True)
class Downgraded:
    """The owner wants Plus for these cameras in the place of Premium."""

    cameras: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CycleChanged:
    """The owner wants to pay by the month, or by the year."""

    cycle: Cycle


@dataclass(frozen=True, slots=True)
class PlusMoved:
    """The owner moves a Plus to a camera that has none."""

    subscription: str
    camera: str


@dataclass(frozen=True, slots=True)
class SlotsChosen:
    """The owner says which cameras Premium covers."""

    cameras: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ZoneChanged:
    """The owner lives by another time. What has begun keeps its bill moments."""

    zone: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The owner closes the account."""


@dataclass(frozen=True, slots=True)
class ChargeMade:
    """The provider charged the card."""

    key: str
    charge: str


@dataclass(frozen=True, slots=True)
class ChargeDeclined:
    """The provider, or the bank, said no."""

    key: str
    code: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RefundMade:
    """The provider gave the money back."""

    key: str


@dataclass(frozen=True, slots=True)
class RefundRefused:
    """The card takes no money back."""

    key: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CreditGiven:
    """An operator's kindness."""

    cents: int


@dataclass(frozen=True, slots=True)
class RefundGiven:
    """An operator refunds some of a charge."""

    charge: str
    cents: int


@dataclass(frozen=True, slots=True)
class PlanGranted:
    """An operator gives a camera a plan that nobody pays for; "free" takes it back."""

    camera: str
    plan: str


@dataclass(frozen=True, slots=True)
class MoneyTakenBack:
    """The owner's bank took the money of a charge back: a dispute, or a debit that failed after all."""

    charge: str
    cents: int


@dataclass(frozen=True, slots=True)
class RefundReturned:
    """A refund that was made did not arrive: the money is with us again, and is the owner's as credit."""

    key: str
    cents: int


@dataclass(frozen=True, slots=True)
class TimePassed:
    """What is due by now."""


Event = (
    CameraAdded
    | CameraRemoved
    | CardSaved
    | Subscribed
    | Cancelled
    | Resumed
    | Downgraded
    | CycleChanged
    | PlusMoved
    | SlotsChosen
    | ZoneChanged
    | Closed
    | ChargeMade
    | ChargeDeclined
    | RefundMade
    | RefundRefused
    | CreditGiven
    | RefundGiven
    | PlanGranted
    | MoneyTakenBack
    | RefundReturned
    | TimePassed
)
