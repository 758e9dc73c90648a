"""The one rule of both sides: the horizon is the largest `t - window(t)` so far, and never moves back.

The model walks time in whole milliseconds. A step holds up to the very moment at which the next begins.
"""

from collections.abc import Sequence

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from backsight_shared.window import WindowStep, compact, expired, expires_at, horizon, in_force

Steps = tuple[WindowStep, ...]

MOMENTS = st.integers(0, 60)
WINDOWS = st.integers(0, 40)
STEPS: st.SearchStrategy[Steps] = st.lists(st.builds(WindowStep, MOMENTS, WINDOWS), max_size=5).map(
    lambda steps: tuple(sorted(steps, key=lambda step: step.from_ms))
)
REACHED = st.none() | st.integers(-40, 60)


def holding(steps: Sequence[WindowStep], moment: int) -> set[int]:
    """The windows that hold at a moment: just before it, and from it on."""
    before = [step.window_ms for step in steps if step.from_ms < moment]
    now = [step.window_ms for step in steps if step.from_ms <= moment]
    return {*before[-1:], *now[-1:]}


def walked(steps: Sequence[WindowStep], reached: int | None, now: int) -> int | None:
    """The horizon, by walking from the beginning of time to now."""
    for moment in range(now + 1):
        for window in holding(steps, moment):
            reached = moment - window if reached is None else max(reached, moment - window)
    return reached


@given(STEPS, REACHED, MOMENTS)
@example((WindowStep(0, 40), WindowStep(5, 0), WindowStep(5, 40)), None, 9)
def test_the_horizon_is_what_walking_finds(steps: Steps, reached: int | None, now: int) -> None:
    assert horizon(steps, reached, now) == walked(steps, reached, now)


@given(STEPS, REACHED, MOMENTS, st.integers(0, 60))
def test_the_horizon_never_moves_back(steps: Steps, reached: int | None, now: int, later: int) -> None:
    before, after = horizon(steps, reached, now), horizon(steps, reached, now + later)
    assert before is None or (after is not None and after >= before)


@given(STEPS, REACHED, MOMENTS, MOMENTS)
def test_to_remember_the_horizon_changes_nothing(
    steps: Steps, reached: int | None, now: int, later: int
) -> None:
    """A pruner that acts at some moments and one that acts at all of them agree."""
    assert horizon(steps, horizon(steps, reached, now), now + later) == horizon(steps, reached, now + later)


@given(STEPS, REACHED, MOMENTS, st.integers(-40, 120))
def test_a_segment_expires_at_the_first_moment_that_stepping_finds(
    steps: Steps, reached: int | None, now: int, end: int
) -> None:
    found = expires_at(steps, reached, end, now)
    horizon_then = (walked(steps, reached, moment) for moment in range(now, 250))
    first = next((now + n for n, limit in enumerate(horizon_then) if expired(end, limit)), None)
    assert found == first


@given(STEPS, MOMENTS, REACHED, st.integers(0, 60))
def test_compacting_changes_no_horizon_now_or_later(
    steps: Steps, now: int, reached: int | None, later: int
) -> None:
    fewer = compact(steps, now)
    assert set(fewer) <= set(steps)
    assert horizon(fewer, reached, now + later) == horizon(steps, reached, now + later)


@given(STEPS, MOMENTS)
def test_compacting_twice_is_compacting_once(steps: Steps, now: int) -> None:
    assert compact(compact(steps, now), now) == compact(steps, now)


@given(STEPS, MOMENTS)
def test_the_step_in_force_is_the_last_that_has_begun(steps: Steps, now: int) -> None:
    found = in_force(steps, now)
    begun = [step for step in steps if step.from_ms <= now]
    assert found == (begun[-1] if begun else None)


@given(REACHED, MOMENTS)
def test_what_no_step_limits_nobody_deletes(reached: int | None, now: int) -> None:
    assert horizon((), reached, now) == reached
    assert horizon((WindowStep(now + 1, 0),), reached, now) == reached


@given(st.lists(st.integers(-100, 200), max_size=10), STEPS, MOMENTS)
def test_expiry_does_not_depend_on_the_order_in_which_segments_came(
    ends: list[int], steps: Steps, now: int
) -> None:
    limit = horizon(steps, None, now)
    kept = {end for end in ends if not expired(end, limit)}
    assert kept == {end for end in reversed(ends) if limit is None or end > limit}


def test_a_segment_that_ends_exactly_at_the_horizon_has_expired() -> None:
    assert expired(100, 100)
    assert not expired(101, 100)
    assert not expired(0, None)


def test_a_segment_from_the_future_is_kept() -> None:
    assert not expired(2_000, horizon([WindowStep(0, 0)], None, 1_000))


def test_a_segment_is_kept_not_a_millisecond_less_than_its_window() -> None:
    steps = [WindowStep(0, 500)]
    assert expires_at(steps, None, end_ms=1_000, now_ms=1_200) == 1_500
    assert not expired(1_000, horizon(steps, None, 1_499))
    assert expired(1_000, horizon(steps, None, 1_500))


def test_an_upgrade_brings_nothing_back() -> None:
    steps = [WindowStep(0, 500), WindowStep(2_000, 10_000)]
    assert horizon(steps, None, 2_100) == 1_500


def test_a_downgrade_works_from_its_moment_on() -> None:
    steps = [WindowStep(0, 10_000), WindowStep(20_000, 500)]
    assert horizon(steps, None, 19_999) == 9_999
    assert horizon(steps, None, 20_000) == 19_500


def test_an_end_that_is_known_ahead_is_when_a_segment_expires() -> None:
    steps = [WindowStep(0, 10_000), WindowStep(20_000, 500)]
    assert expires_at(steps, None, end_ms=19_000, now_ms=19_500) == 20_000


def test_a_step_that_is_replaced_at_once_decides_nothing() -> None:
    steps = [WindowStep(0, 10_000), WindowStep(20_000, 0), WindowStep(20_000, 10_000)]
    assert horizon(steps, None, 20_000) == 10_000
    assert expires_at(steps, None, end_ms=15_000, now_ms=19_000) == 25_000


def test_a_negative_window_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        WindowStep(0, -1)


class Life(RuleBasedStateMachine):
    """A camera's life: plans change, time passes, segments come, a pruner acts and forgets steps."""

    @initialize(window=WINDOWS)
    def begin(self, window: int) -> None:
        self.now = 0
        self.steps: Steps = (WindowStep(0, window),)
        self.kept_steps: Steps = self.steps  # what a compacting side holds
        self.reached: int | None = None
        self.segments: set[int] = set()
        self.gone: set[int] = set()
        self.shown: int | None = None

    @rule(seconds=st.integers(1, 20))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    @rule(window=WINDOWS)
    def the_plan_changes(self, window: int) -> None:
        """Each later than the one before, as entitlements are."""
        assume(self.now > self.steps[-1].from_ms)
        step = WindowStep(self.now, window)
        self.steps, self.kept_steps = (*self.steps, step), (*self.kept_steps, step)

    @rule(end=st.integers(-30, 30))
    def a_segment_is_finished(self, end: int) -> None:
        """Also late ones, and ones from the future; what is already outside is never taken in."""
        moment = self.now + end
        assume(not expired(moment, walked(self.steps, None, self.now)))
        self.segments.add(moment)

    @rule()
    def the_pruner_acts(self) -> None:
        self.reached = horizon(self.kept_steps, self.reached, self.now)
        leaving = {end for end in self.segments if expired(end, self.reached)}
        self.segments -= leaving
        self.gone |= leaving

    @rule()
    def the_steps_are_compacted(self) -> None:
        self.kept_steps = compact(self.kept_steps, self.now)

    @invariant()
    def what_is_shown_is_what_the_model_says(self) -> None:
        limit = walked(self.steps, None, self.now)
        assert horizon(self.kept_steps, self.reached, self.now) == limit
        assert all(expired(end, limit) for end in self.gone)

    @invariant()
    def nothing_shown_was_ever_outside(self) -> None:
        limit = horizon(self.kept_steps, self.reached, self.now)
        assert self.shown is None or (limit is not None and limit >= self.shown)
        self.shown = limit


TestLife = Life.TestCase
