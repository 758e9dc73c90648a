"""Says where the billing regimes differ: one value that is asked, and nobody else compares names."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from backsight_cloud.domain.calendar import Cycle

Change = Literal["now", "at_end", "refused"]


class AfterFailure(StrEnum):
    """What a failed renewal leads to."""

    DUNNING = "dunning"  # tried again with full service; then the service ends, and nothing is owed
    ENDS_OWED = "ends_owed"  # tried again too; then the service ends, and its price stays owed
    ENDS_AT_ONCE = "ends_at_once"


@dataclass(frozen=True, slots=True)
class Regime:
    """How plans end and change."""

    name: str
    ends_at_once: frozenset[Cycle]  # what may be cancelled now
    downgrade: Mapping[Cycle, Change]  # Premium to Plus
    after_failed_charge: AfterFailure
    credits: bool  # whether there is any money back: credit, or a refund
    changes_cycle: bool  # in one step; else: cancel, and choose anew when it has ended

    def cancel_now(self, cycle: Cycle) -> bool:
        """Whether a subscription may end before its period does."""
        return cycle in self.ends_at_once

    def refunds_unused(self, cycle: Cycle) -> bool:
        """Whether the unused days of one that ends now are given back, as a refund or as credit."""
        return self.credits and cycle in self.ends_at_once

    def premium_to_plus(self, cycle: Cycle) -> Change:
        """When Premium becomes Plus, with the unused days as credit if that is now."""
        return self.downgrade[cycle]

    @property
    def tries_again(self) -> bool:
        """Whether a failed renewal is tried again on the dunning days."""
        return self.after_failed_charge is not AfterFailure.ENDS_AT_ONCE

    @property
    def stays_owed(self) -> bool:
        """Whether the price of a renewal that failed to the last is still owed."""
        return self.after_failed_charge is AfterFailure.ENDS_OWED


def _downgrade(month: Change, year: Change) -> Mapping[Cycle, Change]:
    return MappingProxyType({Cycle.MONTH: month, Cycle.YEAR: year})


CARD = Regime(  # the public FAQ's
    name="card",
    ends_at_once=frozenset(Cycle),
    downgrade=_downgrade("now", "now"),
    after_failed_charge=AfterFailure.DUNNING,
    credits=True,
    changes_cycle=True,
)
LEGACY = Regime(  # to 2020
    name="legacy",
    ends_at_once=frozenset({Cycle.YEAR}),
    downgrade=_downgrade("at_end", "now"),
    after_failed_charge=AfterFailure.ENDS_OWED,
    credits=True,
    changes_cycle=True,
)
STORE = Regime(  # bought in an app shop
    name="store",
    ends_at_once=frozenset(),
    downgrade=_downgrade("refused", "refused"),
    after_failed_charge=AfterFailure.ENDS_AT_ONCE,
    credits=False,
    changes_cycle=False,
)
REGIMES = MappingProxyType({regime.name: regime for regime in (CARD, LEGACY, STORE)})
