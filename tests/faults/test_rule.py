"""The rule of retention, written a second time for the checker, says the same as the product's."""

from hypothesis import given
from hypothesis import strategies as st

from backsight_shared.window import WindowStep, expires_at, horizon
from faulting.rule import horizon_ms, leaves_ms

MOMENTS = st.integers(0, 2_000)
STEPS = st.lists(st.tuples(MOMENTS, st.integers(1, 800)), min_size=1, max_size=5, unique_by=lambda s: s[0])


@given(STEPS, MOMENTS)
def test_both_horizons_are_the_same(given_steps: list[tuple[int, int]], now_ms: int) -> None:
    steps = sorted(given_steps)
    ours = horizon([WindowStep(*step) for step in steps], None, now_ms)
    assert horizon_ms(steps, now_ms) == (-1 if ours is None else ours)


@given(STEPS, MOMENTS)
def test_what_ends_leaves_at_the_same_moment(given_steps: list[tuple[int, int]], end_ms: int) -> None:
    steps = sorted(given_steps)
    assert leaves_ms(steps, end_ms) == expires_at([WindowStep(*step) for step in steps], None, end_ms, 0)
