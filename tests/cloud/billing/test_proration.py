"""What is unused of a period is its whole calendar days from tomorrow on, and its share of what was paid."""

from datetime import date, datetime, timedelta
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_cloud.domain.calendar import Cycle, anchored, bill_ms, moment_ms, start_of_day_ms
from backsight_cloud.domain.proration import period_days, prorated, unused_days

ZONE = "America/New_York"
DAYS = st.dates(date(2000, 1, 1), date(2036, 1, 1))
ZONES = st.sampled_from(
    ["UTC", ZONE, "America/St_Johns", "Africa/Casablanca", "Antarctica/Troll", "Asia/Kathmandu"]
)


def at(local: str) -> int:
    return moment_ms(datetime.fromisoformat(local), ZONE)


def test_today_counts_as_used_and_the_next_bill_date_belongs_to_the_next_period() -> None:
    assert unused_days(at("2026-03-05T10:00"), at("2026-03-02T00:00"), ZONE) == 2  # the 3rd and the 4th


def test_the_time_of_day_makes_no_difference() -> None:
    early = unused_days(at("2026-03-05T10:00"), at("2026-03-02T00:00"), ZONE)
    late = unused_days(at("2026-03-05T00:00"), at("2026-03-02T23:59"), ZONE)
    assert early == late


@pytest.mark.parametrize(
    "on", ["2026-03-04T09:00", "2026-03-05T09:00", "2026-03-05T11:00", "2027-01-01T00:00"]
)
def test_on_the_last_day_and_after_it_nothing_is_unused(on: str) -> None:
    assert unused_days(at("2026-03-05T10:00"), at(on), ZONE) == 0


def test_a_day_of_23_hours_is_a_day() -> None:
    assert period_days(at("2026-03-07T12:00"), at("2026-03-09T12:00"), ZONE) == 2


def test_a_period_without_a_day_is_refused() -> None:
    with pytest.raises(ValueError, match="end on a later day"):
        period_days(at("2026-03-07T12:00"), at("2026-03-07T23:00"), ZONE)


@pytest.mark.parametrize(
    ("paid", "unused", "days", "cents"),
    [(1, 1, 2, 1), (3, 1, 2, 2), (299, 1, 4, 75), (100, 1, 3, 33), (101, 2, 3, 67)],
)
def test_half_a_cent_is_rounded_up(paid: int, unused: int, days: int, cents: int) -> None:
    assert prorated(paid, unused, days) == cents


@pytest.mark.parametrize(("paid", "unused", "days"), [(-1, 1, 2), (1, 3, 2), (1, -1, 2), (1, 0, 0)])
def test_nonsense_is_refused(paid: int, unused: int, days: int) -> None:
    with pytest.raises(ValueError, match=r"no sense|less than nothing"):
        prorated(paid, unused, days)


@given(st.integers(0, 10**9), st.integers(0, 366), st.integers(1, 366))
def test_it_is_the_exact_share_rounded_half_up_and_never_over_what_was_paid(
    paid: int, unused: int, days: int
) -> None:
    unused = min(unused, days)
    assert prorated(paid, unused, days) == floor(Fraction(paid * unused, days) + Fraction(1, 2)) <= paid


@given(st.integers(0, 10**6), st.integers(1, 366), st.data())
def test_a_day_more_is_never_worth_less(paid: int, days: int, data: st.DataObject) -> None:
    unused = data.draw(st.integers(0, days - 1))
    assert prorated(paid, unused, days) <= prorated(paid, unused + 1, days)


@given(DAYS, st.integers(1, 400), st.integers(0, 400), ZONES)
def test_days_are_those_of_the_calendar_whatever_the_clocks_do(
    start: date, length: int, used: int, zone: str
) -> None:
    end, on = start + timedelta(days=length), start + timedelta(days=used)
    start_ms, end_ms, on_ms = (start_of_day_ms(day, zone) for day in (start, end, on))
    assert period_days(start_ms, end_ms, zone) == length
    assert unused_days(end_ms, on_ms, zone) == max(length - used - 1, 0)


@given(
    st.integers(946_684_800_000, 2_000_000_000_000),
    ZONES,
    st.sampled_from(Cycle),
    st.integers(0, 40),
    st.data(),
)
def test_within_a_period_fewer_days_are_unused_than_it_has(
    begun_ms: int, zone: str, cycle: Cycle, number: int, data: st.DataObject
) -> None:
    anchor = anchored(begun_ms, zone, cycle)
    start_ms, end_ms = bill_ms(anchor, number), bill_ms(anchor, number + 1)
    on_ms = data.draw(st.integers(start_ms, end_ms))
    assert 0 <= unused_days(end_ms, on_ms, zone) < period_days(start_ms, end_ms, zone)
