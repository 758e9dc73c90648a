"""What is sold is as cloud.toml says, checked at start. A new price has a date."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from backsight_cloud.config import Settings, load
from backsight_cloud.domain.calendar import Cycle
from backsight_cloud.domain.regimes import CARD, LEGACY
from backsight_cloud.domain.terms import Price, PriceStep, Terms
from backsight_shared.settings import BadSettings

DEFAULT = Settings(state=Path("state")).terms
STEP = "{ from = 2027-01-01T00:00:00Z, cents = 3 }"
NEW_YEAR_MS = round(datetime(2027, 1, 1, tzinfo=UTC).timestamp() * 1000)


def terms_of(tmp_path: Path, text: str) -> Terms:
    file = tmp_path / "cloud.toml"
    file.write_text(f'state = "s"\n{text}')
    return load(file).terms


def test_the_defaults_are_the_published_ones() -> None:
    prices = {(plan, cycle.value): price.at(0) for (plan, cycle), price in DEFAULT.prices.items()}
    assert prices == {
        ("plus", "month"): 299,
        ("plus", "year"): 2999,
        ("premium", "month"): 999,
        ("premium", "year"): 9999,
    }
    assert (DEFAULT.regime, DEFAULT.currency) == (CARD, "USD")
    assert (DEFAULT.trial_days, DEFAULT.dunning_days, DEFAULT.slots) == (30, (1, 3, 5, 7), 10)
    assert (DEFAULT.trial_reminder_days, DEFAULT.renewal_reminder_days) == (3, (30, 7))


def test_free_costs_nothing() -> None:
    assert DEFAULT.price("free", Cycle.MONTH, 0) == 0


def test_a_plan_that_there_is_not_has_no_price() -> None:
    with pytest.raises(ValueError, match="'gold' is not a plan: free, plus, premium"):
        DEFAULT.price("gold", Cycle.MONTH, 0)


def test_what_is_not_said_is_as_built_in(tmp_path: Path) -> None:
    terms = terms_of(tmp_path, '[billing]\nregime = "legacy"\nslots = 3\nprices.plus.month = 100\n')
    assert (terms.regime, terms.slots, terms.trial_days) == (LEGACY, 3, 30)
    assert terms.price("plus", Cycle.MONTH, 0) == 100
    assert terms.price("plus", Cycle.YEAR, 0) == 2999
    assert terms.price("premium", Cycle.MONTH, 0) == 999


def test_a_price_changes_at_its_moment(tmp_path: Path) -> None:
    steps = "[{ from = 2026-01-01T00:00:00Z, cents = 299 }, { from = 2027-01-01T00:00:00Z, cents = 349 }]"
    terms = terms_of(tmp_path, f"[billing.prices.plus]\nmonth = {steps}\n")
    moments = (NEW_YEAR_MS - 1, NEW_YEAR_MS, NEW_YEAR_MS + 1)
    assert [terms.price("plus", Cycle.MONTH, at_ms) for at_ms in moments] == [299, 349, 349]


def test_before_its_first_step_a_price_is_the_first_one() -> None:
    assert Price((PriceStep(NEW_YEAR_MS, 349),)).at(0) == 349


def test_an_empty_list_turns_reminders_and_tries_off(tmp_path: Path) -> None:
    terms = terms_of(tmp_path, "[billing]\ndunning_days = []\nrenewal_reminder_days = []\ntrial_days = 0\n")
    assert (terms.dunning_days, terms.renewal_reminder_days, terms.trial_days) == ((), (), 0)


def test_the_clock_moves_only_where_that_is_said(tmp_path: Path) -> None:
    assert not Settings(state=Path("state")).billing.test_mode
    (tmp_path / "cloud.toml").write_text('state = "s"\n[billing]\ntest_mode = true\n')
    assert load(tmp_path / "cloud.toml").billing.test_mode


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('regime = "cash"', ':3: billing.regime must be "card" or "legacy" or "store"'),
        ('currency = "usd"', ":2: billing currency 'usd' is not a currency like USD"),
        ("trial_days = -1", ":2: billing trial_days must be from 0 to 366, not -1"),
        ("trial_days = 1.5", ":3: billing.trial_days must be a whole number, not a number"),
        ("dunning_days = [3, 1]", ":2: billing dunning_days must be days like [1, 3, 5, 7]"),
        ("dunning_days = [0]", ":2: billing dunning_days must be days like [1, 3, 5, 7]"),
        ('dunning_days = ["1"]', ":3: billing.dunning_days[0] must be a whole number"),
        ("renewal_reminder_days = [7, 30]", ":2: billing renewal_reminder_days must be days like [30, 7]"),
        ("slots = 0", ":2: billing slots must be from 1 to 10000, not 0"),
        ("seller = []", ":2: billing seller must be from 1 to 8 lines"),
        ("prises = 3", ":3: billing.prises is not known; is prices meant?"),
        ("prices.gold.month = 3", "billing.prices.gold is not known"),
        ("prices.plus.month = 0", "billing.prices.plus.month must be from 1 to 99999999 cents, not 0"),
        ("prices.plus.month = true", "billing.prices.plus.month must be cents like 299, or steps"),
        ("prices.plus.month = 2.99", "billing.prices.plus.month must be cents like 299, or steps"),
        ('prices.plus.month = "2.99"', "billing.prices.plus.month must be cents like 299, or steps"),
        ("prices.plus.month = []", "billing.prices.plus.month must be cents like 299, or steps"),
        ("prices.plus.month = [{ cents = 3 }]", "billing.prices.plus.month must be cents like 299, or steps"),
        (
            "prices.plus.year = [{ from = 2026-01-01, cents = 3 }]",
            "billing.prices.plus.year must say each `from` with its offset",
        ),
        (
            "prices.plus.year = [{ from = 2026-01-01T00:00:00, cents = 3 }]",
            "billing.prices.plus.year must say each `from` with its offset",
        ),
        (
            'prices.plus.year = [{ from = "2026", cents = 3 }]',
            "billing.prices.plus.year must be cents like 299, or steps",
        ),
        (
            f"prices.plus.year = [{STEP}, {STEP}]",
            "billing.prices.plus.year must have each step's `from` later than the one before",
        ),
    ],
)
def test_a_mistake_names_its_key(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(BadSettings) as refused:
        terms_of(tmp_path, f"[billing]\n{text}\n")
    assert says in str(refused.value)


def test_terms_without_a_price_refuse_to_exist() -> None:
    with pytest.raises(ValueError, match=r"prices\.plus\.month is missing"):
        Terms(DEFAULT.catalogue, {})
