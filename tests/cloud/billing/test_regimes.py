"""The table of the three regimes: how plans end and change in each of them."""

import pytest

from backsight_cloud.config import RegimeName
from backsight_cloud.domain.calendar import Cycle
from backsight_cloud.domain.regimes import CARD, LEGACY, REGIMES, STORE, AfterFailure, Change, Regime

MONTH, YEAR = Cycle.MONTH, Cycle.YEAR


@pytest.mark.parametrize(
    ("regime", "cycle", "may"),
    [
        (CARD, MONTH, True),
        (CARD, YEAR, True),
        (LEGACY, MONTH, False),
        (LEGACY, YEAR, True),
        (STORE, MONTH, False),
        (STORE, YEAR, False),
    ],
)
def test_who_may_cancel_now_gets_the_unused_days_back(regime: Regime, cycle: Cycle, may: bool) -> None:
    assert regime.cancel_now(cycle) is may
    assert regime.refunds_unused(cycle) is may


@pytest.mark.parametrize(
    ("regime", "cycle", "change"),
    [
        (CARD, MONTH, "now"),
        (CARD, YEAR, "now"),
        (LEGACY, MONTH, "at_end"),
        (LEGACY, YEAR, "now"),
        (STORE, MONTH, "refused"),
        (STORE, YEAR, "refused"),
    ],
)
def test_when_premium_becomes_plus(regime: Regime, cycle: Cycle, change: Change) -> None:
    assert regime.premium_to_plus(cycle) == change


@pytest.mark.parametrize(
    ("regime", "after", "again", "owed"),
    [
        (CARD, AfterFailure.DUNNING, True, False),
        (LEGACY, AfterFailure.ENDS_OWED, True, True),
        (STORE, AfterFailure.ENDS_AT_ONCE, False, False),
    ],
)
def test_what_a_failed_charge_leads_to(regime: Regime, after: AfterFailure, again: bool, owed: bool) -> None:
    assert regime.after_failed_charge is after
    assert (regime.tries_again, regime.stays_owed) == (again, owed)


def test_in_a_store_there_is_no_money_back_and_no_change_of_the_cycle() -> None:
    assert [regime.credits for regime in REGIMES.values()] == [True, True, False]
    assert [regime.changes_cycle for regime in REGIMES.values()] == [True, True, False]


def test_every_name_that_may_be_written_is_a_regime() -> None:
    assert {name.value for name in RegimeName} == set(REGIMES)
