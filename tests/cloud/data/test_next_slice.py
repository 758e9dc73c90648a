"""What leaves next, how much of it at once, and why: by its age, or because the plan changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_cloud.services.expiring import EXPIRED, PLAN_CHANGED, SLICE_MS, Slice, next_slice, true_due_ms
from backsight_shared.window import WindowStep, compact, expired, horizon

HOUR = 3_600_000
DAY = 24 * HOUR
NOW = 100 * DAY

LONG = (WindowStep(0, 30 * DAY),)
SHRUNK = (*LONG, WindowStep(NOW, 12 * HOUR))
GROWN = (WindowStep(0, 12 * HOUR), WindowStep(NOW, 30 * DAY))


def test_nothing_leaves_before_its_time() -> None:
    assert next_slice(LONG, None, NOW - 30 * DAY + 1, NOW) is None


def test_what_has_reached_the_horizon_leaves_by_its_age() -> None:
    assert next_slice(LONG, None, NOW - 30 * DAY, NOW) == Slice(NOW - 30 * DAY, EXPIRED)


def test_without_steps_nothing_leaves() -> None:
    assert next_slice((), None, 0, NOW) is None


@pytest.mark.parametrize("steps", [SHRUNK, compact(SHRUNK, NOW)])
def test_what_a_smaller_plan_leaves_outside_leaves_because_of_the_plan(steps: tuple[WindowStep, ...]) -> None:
    assert next_slice(steps, None, NOW - 29 * DAY, NOW) == Slice(NOW - 29 * DAY + SLICE_MS, PLAN_CHANGED)
    assert next_slice(steps, None, NOW - 13 * HOUR, NOW) == Slice(NOW - 12 * HOUR, PLAN_CHANGED)


def test_what_was_overdue_under_the_plan_before_left_by_its_age() -> None:
    assert next_slice(SHRUNK, None, NOW - 30 * DAY - 1, NOW) == Slice(NOW - 30 * DAY, EXPIRED)


def test_after_a_change_what_leaves_later_leaves_by_its_age() -> None:
    later = NOW + HOUR
    assert next_slice(SHRUNK, None, later - 12 * HOUR, later) == Slice(later - 12 * HOUR, EXPIRED)


def test_a_larger_plan_takes_nothing() -> None:
    assert next_slice(GROWN, None, NOW - 12 * HOUR + 1, NOW) is None


def test_what_was_outside_before_a_larger_plan_leaves_by_its_age() -> None:
    assert next_slice(GROWN, None, NOW - 12 * HOUR, NOW + HOUR) == Slice(NOW - 12 * HOUR, EXPIRED)


def test_a_long_stretch_leaves_in_slices() -> None:
    first = next_slice(LONG, None, NOW - 40 * DAY, NOW)
    assert first == Slice(NOW - 40 * DAY + SLICE_MS, EXPIRED)


def test_due_is_the_true_moment_also_when_it_has_passed() -> None:
    assert true_due_ms(LONG, NOW - 40 * DAY) == NOW - 10 * DAY
    assert true_due_ms(SHRUNK, NOW - 13 * HOUR) == NOW
    assert true_due_ms((), 5) is None


_STEPS = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 40)), min_size=1, max_size=5, unique_by=lambda step: step[0]
).map(lambda steps: tuple(WindowStep(at * HOUR, window * HOUR) for at, window in sorted(steps)))


@given(_STEPS, st.integers(0, 60), st.lists(st.integers(1, 60), min_size=1, max_size=20))
def test_slices_take_exactly_what_has_expired(
    steps: tuple[WindowStep, ...], now_h: int, ends_h: list[int]
) -> None:
    now, ends = now_h * HOUR, sorted(end * HOUR for end in ends_h)
    left = list(ends)
    while left and (part := next_slice(steps, None, left[0], now)):
        assert left[0] <= part.until_ms, "a slice that takes nothing would go on for ever"
        left = [end for end in left if end > part.until_ms]
    assert left == [end for end in ends if not expired(end, horizon(steps, None, now))]


@given(_STEPS, st.integers(0, 60), st.integers(1, 60))
def test_due_agrees_with_having_expired(steps: tuple[WindowStep, ...], now_h: int, end_h: int) -> None:
    now, end = now_h * HOUR, end_h * HOUR
    due = true_due_ms(steps, end)
    if now >= end:  # before its end a segment does not exist
        assert expired(end, horizon(steps, None, now)) == (due is not None and due <= now)
