"""Erased spans say which time is empty, as few of them as can say it, for as long as they are needed."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from backsight_shared.erased import (
    REACH_MS,
    ErasedSpan,
    Wanted,
    is_erased,
    joined,
    span_to_erase,
    still_needed,
)

HOUR_MS = 3_600_000
NOON_MS = 1_795_521_600_000
HORIZON_MS = NOON_MS - 12 * HOUR_MS
HOUR_AGO = NOON_MS - HOUR_MS

spans = st.lists(
    st.builds(lambda start, length: ErasedSpan(start, start + length), st.integers(0, 60), st.integers(1, 9)),
    max_size=12,
)


def moments_of(some: Sequence[ErasedSpan]) -> set[int]:
    return {moment for span in some for moment in range(span.from_ms, span.to_ms)}


@given(spans)
def test_joining_neither_adds_nor_loses_a_moment(some: list[ErasedSpan]) -> None:
    assert moments_of(joined(some)) == moments_of(some)


@given(spans)
def test_joined_spans_are_in_order_and_do_not_touch(some: list[ErasedSpan]) -> None:
    made = joined(some)
    assert all(earlier.to_ms < later.from_ms for earlier, later in pairwise(made))


@given(spans)
def test_joining_twice_changes_nothing(some: list[ErasedSpan]) -> None:
    assert joined(joined(some)) == joined(some)


@given(spans, st.integers(0, 70), st.integers(1, 9))
def test_what_shares_a_moment_with_a_span_is_erased(some: list[ErasedSpan], start: int, length: int) -> None:
    shown = set(range(start, start + length))
    assert is_erased(some, start, start + length) == bool(shown & moments_of(some))


def test_what_ends_where_a_span_begins_or_begins_where_it_ends_stays() -> None:
    span = ErasedSpan(10, 20)
    assert not is_erased([span], 5, 10)
    assert not is_erased([span], 20, 25)


def test_a_span_is_needed_until_all_that_can_reach_into_it_has_left() -> None:
    span = ErasedSpan(10, 20)
    assert still_needed([span], None) == (span,)
    assert still_needed([span], 20 + REACH_MS - 1) == (span,)
    assert still_needed([span], 20 + REACH_MS) == ()


# ------------------------------------------------------------ what is asked for, and what of it goes


def test_a_span_inside_of_the_history_is_taken_as_it_is() -> None:
    assert span_to_erase(Wanted(HOUR_AGO, NOON_MS), HORIZON_MS, NOON_MS) == ErasedSpan(HOUR_AGO, NOON_MS)


def test_everything_begins_at_the_horizon_and_ends_now() -> None:
    assert span_to_erase(Wanted(), HORIZON_MS, NOON_MS) == ErasedSpan(HORIZON_MS, NOON_MS)


def test_everything_of_a_camera_without_a_horizon_begins_at_the_beginning() -> None:
    assert span_to_erase(Wanted(), None, NOON_MS) == ErasedSpan(0, NOON_MS)


def test_a_span_into_the_future_ends_now() -> None:
    wanted = Wanted(HOUR_AGO, NOON_MS + HOUR_MS)
    assert span_to_erase(wanted, HORIZON_MS, NOON_MS) == ErasedSpan(HOUR_AGO, NOON_MS)


def test_a_span_from_before_the_horizon_begins_at_it() -> None:
    assert span_to_erase(Wanted(0, NOON_MS), HORIZON_MS, NOON_MS) == ErasedSpan(HORIZON_MS, NOON_MS)


def test_a_span_before_the_horizon_or_in_the_future_is_none() -> None:
    assert span_to_erase(Wanted(0, HORIZON_MS), HORIZON_MS, NOON_MS) is None
    assert span_to_erase(Wanted(NOON_MS, NOON_MS + 1), HORIZON_MS, NOON_MS) is None
