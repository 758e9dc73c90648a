"""What is sold, at which price and by which rules: everything that billing asks and an operator decides."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from backsight_cloud.domain.calendar import Cycle
from backsight_cloud.domain.money import CURRENCIES
from backsight_cloud.domain.plans import PLANS, Catalogue
from backsight_cloud.domain.regimes import CARD, Regime

MOST_CENTS = 99_999_999  # card networks take eight digits
MOST_DAYS = 366
MOST_SLOTS = 10_000
MOST_SELLER_LINES = 8

_HOW = "must be cents like 299, or steps like [{ from = 2026-01-01T00:00:00Z, cents = 299 }]"


@dataclass(frozen=True, slots=True)
class PriceStep:
    """A price from a moment on."""

    from_ms: int
    cents: int

    def __post_init__(self) -> None:
        if not 1 <= self.cents <= MOST_CENTS:
            raise ValueError(f"must be from 1 to {MOST_CENTS} cents, not {self.cents}")


@dataclass(frozen=True, slots=True)
class Price:
    """What a plan costs, and from when. Before its first step it is the first's."""

    steps: tuple[PriceStep, ...]

    def __post_init__(self) -> None:
        moments = [step.from_ms for step in self.steps]
        if not moments:
            raise ValueError(_HOW)
        if any(later <= earlier for earlier, later in pairwise(moments)):
            raise ValueError("must have each step's `from` later than the one before")

    @classmethod
    def flat(cls, cents: int) -> "Price":
        """The same always."""
        return cls((PriceStep(0, cents),))

    @classmethod
    def from_value(cls, value: object) -> "Price":
        """As cloud.toml says it: cents, or steps. Raises ValueError."""
        if type(value) is int:
            return cls.flat(value)
        if not isinstance(value, list):
            raise ValueError(_HOW)  # noqa: TRY004 - what is wrong in a settings file is a ValueError
        return cls(tuple(_step(one) for one in value))

    def at(self, at_ms: int) -> int:
        """Cents, for what begins at this moment."""
        begun = [step for step in self.steps if step.from_ms <= at_ms]
        return (begun[-1] if begun else self.steps[0]).cents


@dataclass(frozen=True, slots=True)
class Terms:
    """The catalogue, the regime and the numbers. A period's price is that of its start."""

    catalogue: Catalogue
    prices: Mapping[tuple[str, Cycle], Price]
    regime: Regime = CARD
    currency: str = "USD"
    trial_days: int = 30  # 0: there is no trial
    dunning_days: tuple[int, ...] = (1, 3, 5, 7)  # after the bill moment
    slots: int = 10  # cameras that Premium covers
    trial_reminder_days: int = 3  # before the trial ends; 0: no reminder
    renewal_reminder_days: tuple[int, ...] = (30, 7)  # before a yearly renewal
    least_card_cents: int = 50  # providers charge no less (Stripe, USD)
    seller: tuple[str, ...] = ("Backsight",)  # on invoices: name and address, line by line

    def __post_init__(self) -> None:
        check_numbers(
            currency=self.currency,
            trial_days=self.trial_days,
            dunning_days=self.dunning_days,
            slots=self.slots,
            trial_reminder_days=self.trial_reminder_days,
            renewal_reminder_days=self.renewal_reminder_days,
            least_card_cents=self.least_card_cents,
            seller=self.seller,
        )
        for plan in PLANS[1:]:
            for cycle in Cycle:
                if (plan, cycle) not in self.prices:
                    raise ValueError(f"prices.{plan}.{cycle} is missing")

    def price(self, plan: str, cycle: Cycle, at_ms: int) -> int:
        """Cents for a period that starts at this moment. Raises ValueError."""
        if plan not in PLANS:
            raise ValueError(f"{plan!r} is not a plan: {', '.join(PLANS)}")
        return 0 if plan == "free" else self.prices[plan, cycle].at(at_ms)


def check_numbers(**numbers: object) -> None:
    """Raises ValueError that names the first one that makes no sense; None is a number that was not given."""
    for name, number in numbers.items():
        fault = _FAULTS[name](number) if number is not None else ""
        if fault:
            raise ValueError(f"{name} {fault}")


def _step(value: object) -> PriceStep:
    if not isinstance(value, dict) or set(value) != {"from", "cents"} or type(value["cents"]) is not int:
        raise ValueError(_HOW)
    return PriceStep(_moment(value["from"]), value["cents"])


def _moment(value: object) -> int:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return round(value.timestamp() * 1000)
    in_a_zone = "must say each `from` with its offset, like 2026-01-01T00:00:00Z"
    raise ValueError(in_a_zone if isinstance(value, date) else _HOW)


def _currency_fault(currency: str) -> str:
    return "" if currency in CURRENCIES else f"{currency!r} is not a currency like USD"


def _between(least: int, most: int, number: int) -> str:
    return "" if least <= number <= most else f"must be from {least} to {most}, not {number}"


def _seller_fault(lines: Sequence[str]) -> str:
    fits = 1 <= len(lines) <= MOST_SELLER_LINES and all(line.strip() and len(line) <= 100 for line in lines)
    return "" if fits else f"must be from 1 to {MOST_SELLER_LINES} lines, none empty or over 100 characters"


def _rising(days: Sequence[int]) -> str:
    fits = all(1 <= day <= MOST_DAYS for day in days) and list(days) == sorted(set(days))
    return "" if fits else f"must be days like [1, 3, 5, 7]: rising, none over {MOST_DAYS}"


def _falling(days: Sequence[int]) -> str:
    fits = all(1 <= day <= MOST_DAYS for day in days) and list(days) == sorted(set(days), reverse=True)
    return "" if fits else f"must be days like [30, 7]: falling, none over {MOST_DAYS}"


_FAULTS: Mapping[str, Callable[[Any], str]] = {
    "currency": _currency_fault,
    "trial_days": lambda number: _between(0, MOST_DAYS, number),
    "dunning_days": _rising,
    "slots": lambda number: _between(1, MOST_SLOTS, number),
    "trial_reminder_days": lambda number: _between(0, MOST_DAYS, number),
    "renewal_reminder_days": _falling,
    "least_card_cents": lambda number: _between(1, 10_000, number),
    "seller": _seller_fault,
}
