"""A bill moment is the activation's local time, so many months or years after the activation's day.

Where clocks are changed, it means the first moment at which the local clock shows that time or a later one.
"""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_cloud.domain.calendar import (
    Cycle,
    anchored,
    bill_ms,
    days_later_ms,
    local_date,
    local_time,
    moment_ms,
    month_begins_ms,
    start_of_day_ms,
    start_of_next_day_ms,
)

ZONES = (
    "UTC",
    "Pacific/Apia",  # left out 30 December 2011
    "Asia/Kathmandu",  # five hours and three quarters
    "America/St_Johns",  # until 2011 the clock was set back at one minute past midnight
    "Africa/Casablanca",  # set back for Ramadan
    "Australia/Lord_Howe",  # by half an hour
    "Antarctica/Troll",  # by two hours
    "America/New_York",
    "Europe/Berlin",
    "America/Sao_Paulo",  # until 2019 at midnight, in the southern summer
    "Africa/Cairo",
    "Asia/Beirut",
    "America/Havana",
    "Asia/Tehran",
)
DAY_MS = 86_400_000
WHEN = st.integers(
    round(datetime(1990, 1, 1, tzinfo=UTC).timestamp() * 1000),
    round(datetime(2036, 1, 1, tzinfo=UTC).timestamp() * 1000),
)
WHERE = st.sampled_from(ZONES)
CYCLES = st.sampled_from(Cycle)


def shown(at_ms: int, zone: str) -> str:
    return local_time(at_ms, zone).isoformat(timespec="minutes")


def at(local: str, zone: str) -> int:
    return moment_ms(datetime.fromisoformat(local), zone)


def bills(start: str, zone: str, cycle: Cycle, count: int) -> list[str]:
    anchor = anchored(at(start, zone), zone, cycle)
    return [shown(bill_ms(anchor, number), zone) for number in range(count)]


def test_months_are_counted_from_the_anchor_and_not_from_the_bill_before() -> None:
    assert bills("2026-01-31T10:00", "America/New_York", Cycle.MONTH, 4) == [
        "2026-01-31T10:00",
        "2026-02-28T10:00",
        "2026-03-31T10:00",
        "2026-04-30T10:00",
    ]


def test_a_year_from_29_february_is_28_february_until_the_next_leap_year() -> None:
    days = [moment[:10] for moment in bills("2024-02-29T08:00", "Europe/Berlin", Cycle.YEAR, 5)]
    assert days == ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]


def test_a_time_that_the_clock_leaves_out_moves_to_the_first_moment_that_exists() -> None:
    assert bills("2026-02-08T02:30", "America/New_York", Cycle.MONTH, 3) == [
        "2026-02-08T02:30",
        "2026-03-08T03:00",
        "2026-04-08T02:30",
    ]


def test_of_a_time_that_occurs_twice_it_is_the_first() -> None:
    anchor = anchored(at("2026-10-01T01:30", "America/New_York"), "America/New_York", Cycle.MONTH)
    assert bill_ms(anchor, 1) == at("2026-11-01T01:30", "America/New_York")
    assert datetime.fromtimestamp(bill_ms(anchor, 1) / 1000, UTC).hour == 5  # by summer time, not 6


def test_an_activation_within_the_repeated_hour_is_the_moment_that_it_was() -> None:
    again_ms = round(datetime(2026, 11, 1, 6, 30, tzinfo=UTC).timestamp() * 1000)  # 01:30 for the second time
    assert bill_ms(anchored(again_ms, "America/New_York", Cycle.MONTH), 0) == again_ms


def test_a_day_that_a_zone_left_out_moves_to_the_next() -> None:
    assert bills("2011-11-30T09:00", "Pacific/Apia", Cycle.MONTH, 3) == [
        "2011-11-30T09:00",
        "2011-12-31T00:00",
        "2012-01-30T09:00",
    ]


def test_a_day_begins_after_midnight_where_the_clock_jumps_over_it() -> None:
    zone = "America/Sao_Paulo"
    assert shown(start_of_day_ms(date(2018, 11, 4), zone), zone) == "2018-11-04T01:00"


def test_tomorrow_is_later_even_if_the_clock_is_set_back_over_midnight() -> None:
    zone = "America/St_Johns"  # 7 November 2010, 00:01: it is 23:01 on the 6th again
    first_ms = start_of_day_ms(date(2010, 11, 7), zone)
    again_ms = first_ms + 2 * 60_000
    assert local_date(again_ms, zone) == date(2010, 11, 6)
    assert start_of_next_day_ms(again_ms, zone) == first_ms + 3_600_000


def test_so_many_days_later_keeps_the_local_time_over_a_clock_change() -> None:
    start_ms = at("2026-03-07T10:00", "America/New_York")
    assert shown(days_later_ms(start_ms, 1, "America/New_York"), "America/New_York") == "2026-03-08T10:00"
    assert days_later_ms(start_ms, 1, "America/New_York") - start_ms == DAY_MS - 3_600_000


def test_no_days_later_is_the_moment_itself() -> None:
    again_ms = round(datetime(2026, 11, 1, 6, 30, tzinfo=UTC).timestamp() * 1000)
    assert days_later_ms(again_ms, 0, "America/New_York") == again_ms


def test_a_month_begins_at_its_first_local_midnight() -> None:
    assert shown(month_begins_ms(2026, 5, "Asia/Kathmandu"), "Asia/Kathmandu") == "2026-05-01T00:00"


@pytest.mark.parametrize("zone", ["", "Mars", "../UTC", "America", "localtime", "right/UTC", "posix/UTC"])
def test_what_is_no_time_zone_of_everybody_is_refused_by_name(zone: str) -> None:
    with pytest.raises(ValueError, match="is not a time zone like"):
        local_date(0, zone)


def test_a_bill_has_no_negative_number() -> None:
    with pytest.raises(ValueError, match="from 0 on, not -1"):
        bill_ms(anchored(0, "UTC", Cycle.MONTH), -1)


def test_days_later_are_not_days_earlier() -> None:
    with pytest.raises(ValueError, match="from 0 on, not -1"):
        days_later_ms(0, -1, "UTC")


@pytest.mark.parametrize("cycle", Cycle)
def test_the_calendar_has_an_end(cycle: Cycle) -> None:
    with pytest.raises(ValueError, match="beyond the calendar"):
        bill_ms(anchored(0, "UTC", cycle), 12 * 10_000)


@pytest.mark.parametrize("at_ms", [10**15, -(10**15)])
def test_a_moment_outside_of_the_calendar_is_refused(at_ms: int) -> None:
    with pytest.raises(ValueError, match="beyond the calendar"):
        local_date(at_ms, "UTC")


def test_a_local_time_with_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="no offset of its own"):
        moment_ms(datetime(2026, 1, 1, tzinfo=UTC), "UTC")


@given(WHEN, WHERE, CYCLES)
def test_the_first_bill_is_the_activation_to_the_millisecond(at_ms: int, zone: str, cycle: Cycle) -> None:
    assert bill_ms(anchored(at_ms, zone, cycle), 0) == at_ms


@given(WHEN, WHERE, CYCLES, st.integers(0, 60))
def test_bill_moments_only_ever_increase(at_ms: int, zone: str, cycle: Cycle, number: int) -> None:
    anchor = anchored(at_ms, zone, cycle)
    assert bill_ms(anchor, number) < bill_ms(anchor, number + 1)


@given(WHEN, WHERE, CYCLES, st.integers(1, 60))
def test_a_bill_is_at_the_local_time_or_at_the_first_moment_after_it(
    at_ms: int, zone: str, cycle: Cycle, number: int
) -> None:
    anchor = anchored(at_ms, zone, cycle)
    due_ms = bill_ms(anchor, number)
    there = local_time(due_ms, zone)
    if there.time() == anchor.local.time():
        last_of_month = (there + timedelta(days=1)).month != there.month
        assert there.day == anchor.local.day or (last_of_month and there.day < anchor.local.day)
    else:  # left out: a millisecond before it is not yet that late
        wanted = datetime.combine(local_time(due_ms - 1, zone).date(), anchor.local.time())
        assert local_time(due_ms - 1, zone) < min(wanted, there)
        assert there - local_time(due_ms - 1, zone) > timedelta(milliseconds=1)


@given(WHEN, WHERE)
def test_a_day_begins_where_the_date_first_is_reached(at_ms: int, zone: str) -> None:
    day = local_date(at_ms, zone)
    begins_ms = start_of_day_ms(day, zone)
    assert begins_ms <= at_ms
    assert local_date(begins_ms, zone) == day
    assert local_date(begins_ms - 1, zone) < day


@given(WHEN, WHERE)
def test_tomorrow_is_after_now_and_within_two_days(at_ms: int, zone: str) -> None:
    begins_ms = start_of_next_day_ms(at_ms, zone)
    assert at_ms < begins_ms <= at_ms + 27 * 3_600_000
    assert local_date(begins_ms, zone) > local_date(at_ms, zone)


@given(WHEN, WHERE, st.integers(0, 400))
def test_so_many_days_later_is_later_with_every_day(at_ms: int, zone: str, days: int) -> None:
    there_ms = days_later_ms(at_ms, days, zone)
    assert there_ms < days_later_ms(at_ms, days + 1, zone)
    assert abs(there_ms - at_ms - days * DAY_MS) <= 25 * 3_600_000


@given(WHEN, WHERE)
def test_a_local_time_is_reached_at_its_moment_and_not_before(at_ms: int, zone: str) -> None:
    local = local_time(at_ms, zone)
    first_ms = moment_ms(local, zone)
    assert first_ms <= at_ms
    assert local_time(first_ms, zone) == local


@given(st.datetimes(datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2036-01-01")), WHERE)
def test_any_local_time_has_a_moment_and_before_it_the_clock_shows_less(local: datetime, zone: str) -> None:
    local = local.replace(microsecond=local.microsecond // 1000 * 1000)
    first_ms = moment_ms(local, zone)
    assert local_time(first_ms, zone) >= local > local_time(first_ms - 1, zone)
