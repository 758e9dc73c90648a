"""What random owners, operators and banks do. Pure: the same dice, the same decisions; nothing here acts.

A simulation asks `decision` for what an account does next, `pause_ms` for when, and its bank's `Temper` for
what becomes of a charge. What is decided may be refused: owners ask for what they cannot have, too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from backsight_cloud.domain.billing.care import PLUS, PREMIUM, CardOnFile, Care, Subscription
from backsight_cloud.domain.billing.events import (
    CameraAdded,
    CameraRemoved,
    Cancelled,
    CardSaved,
    Closed,
    CreditGiven,
    CycleChanged,
    Downgraded,
    Event,
    PlanGranted,
    PlusMoved,
    RefundGiven,
    Resumed,
    SlotsChosen,
    Subscribed,
    When,
    ZoneChanged,
)
from backsight_cloud.domain.calendar import Cycle

MINUTE_MS = 60_000
DAY_MS = 86_400_000
MOST_CAMERAS = 14  # more than Premium covers
ZONES = ("America/New_York", "Europe/Berlin", "Asia/Tokyo", "Pacific/Auckland", "America/St_Johns", "UTC")
NEVER_EXPIRES = 2099

Decide = Callable[[Random, Care], Event | None]


@dataclass(frozen=True, slots=True)
class Temper:
    """How a bank is: the chances, from 0 to 1, of what it does with a charge or a refund."""

    declines: float = 0.1
    is_late: float = 0.2  # answers later than at once
    repeats: float = 0.3  # says the same once more, later
    refuses_refunds: float = 0.02
    takes_back: float = 0.01  # a charge that was made, later


GOOD = Temper(declines=0.02)
POOR = Temper(declines=0.6, is_late=0.4)
TEMPERS = (GOOD, Temper(), POOR)


def decision(dice: Random, care: Care) -> Event | None:
    """What an owner, or an operator for them, does now; None for nothing."""
    decide = dice.choices([one for one, _ in _DECISIONS], [weight for _, weight in _DECISIONS])[0]
    return decide(dice, care)


def pause_ms(dice: Random) -> int:
    """Until the next decision: some follow within minutes, most after weeks, some after a year."""
    longest = dice.choices([10 * MINUTE_MS, DAY_MS, 20 * DAY_MS, 60 * DAY_MS, 400 * DAY_MS], [2, 2, 4, 4, 1])
    return dice.randint(0, longest[0])


def answer_after_ms(dice: Random, temper: Temper) -> int:
    """How long a bank takes to answer."""
    if dice.random() >= temper.is_late:
        return dice.randint(0, 2_000)
    return dice.randint(0, dice.choice([MINUTE_MS, DAY_MS, 9 * DAY_MS]))


def _add_camera(dice: Random, care: Care) -> Event | None:
    names = [f"camera{number}" for number in range(MOST_CAMERAS)]
    free = [name for name in names if care.camera(name) is None]
    return CameraAdded(dice.choice(free)) if free else None


def _remove_camera(dice: Random, care: Care) -> Event | None:
    camera = _camera(dice, care)
    return CameraRemoved(camera) if camera else None


def _subscribe_plus(dice: Random, care: Care) -> Event | None:
    camera = _camera(dice, care)
    return Subscribed(PLUS, _cycle(dice, care), camera, trial=dice.random() < 0.2) if camera else None


def _subscribe_premium(dice: Random, care: Care) -> Event | None:
    return Subscribed(PREMIUM, _cycle(dice, care), trial=dice.random() < 0.2)


def _cancel(dice: Random, care: Care) -> Event | None:
    one = _subscription(dice, care)
    return Cancelled(one.id, dice.choice(list(When))) if one else None


def _resume(dice: Random, care: Care) -> Event | None:
    ending = [one for one in care.subscriptions if not one.renews]
    return Resumed(dice.choice(ending).id) if ending else None


def _downgrade(dice: Random, care: Care) -> Event | None:
    cameras = [one.camera for one in care.cameras]
    return Downgraded(_some(dice, cameras)) if care.premium and cameras else None


def _change_cycle(dice: Random, care: Care) -> Event | None:
    other = Cycle.MONTH if care.cycle is Cycle.YEAR else Cycle.YEAR
    return CycleChanged(other) if care.subscriptions else None


def _move(dice: Random, care: Care) -> Event | None:
    one, camera = _subscription(dice, care), _camera(dice, care)
    return PlusMoved(one.id, camera) if one and camera else None


def _choose_slots(dice: Random, care: Care) -> Event | None:
    cameras = [one.camera for one in care.cameras]
    return SlotsChosen(_some(dice, cameras)) if cameras else None


def _save_card(dice: Random, care: Care) -> Event | None:
    number = dice.randint(0, 9999)
    year = dice.choice([2026, 2027, 2029, NEVER_EXPIRES])
    return CardSaved(CardOnFile(f"card{number}", "visa", f"{number:04}", dice.randint(1, 12), year))


def _change_zone(dice: Random, care: Care) -> Event | None:
    return ZoneChanged(dice.choice(ZONES))


def _give_credit(dice: Random, care: Care) -> Event | None:
    return CreditGiven(dice.choice([1, 49, 260, 299, 1000, 12_000]))


def _give_refund(dice: Random, care: Care) -> Event | None:
    if not care.paid:
        return None
    paid = dice.choice(care.paid)
    return RefundGiven(paid.key, dice.randint(1, paid.left_cents))


def _grant(dice: Random, care: Care) -> Event | None:
    camera = _camera(dice, care)
    return PlanGranted(camera, dice.choice(["free", PLUS, PREMIUM])) if camera else None


def _close(dice: Random, care: Care) -> Event | None:
    return Closed() if dice.random() < 0.3 else None


_DECISIONS: Sequence[tuple[Decide, int]] = (
    (_add_camera, 14),
    (_remove_camera, 8),
    (_subscribe_plus, 22),
    (_subscribe_premium, 8),
    (_cancel, 9),
    (_resume, 5),
    (_downgrade, 5),
    (_change_cycle, 7),
    (_move, 5),
    (_choose_slots, 4),
    (_save_card, 9),
    (_change_zone, 2),
    (_give_credit, 3),
    (_give_refund, 2),
    (_grant, 2),
    (_close, 1),
)


def _camera(dice: Random, care: Care) -> str | None:
    return dice.choice(care.cameras).camera if care.cameras else None


def _subscription(dice: Random, care: Care) -> Subscription | None:
    return dice.choice(care.subscriptions) if care.subscriptions else None


def _cycle(dice: Random, care: Care) -> Cycle:
    """Mostly the one that the account has."""
    return care.cycle if care.cycle and dice.random() < 0.9 else dice.choice(list(Cycle))


def _some(dice: Random, cameras: Sequence[str]) -> tuple[str, ...]:
    return tuple(dice.sample(cameras, dice.randint(1, len(cameras))))
