"""Deleting needs a clock that was proved, and that has run steadily since."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_agent.domain.trusted_time import (
    JUMP_MS,
    MADE_MS,
    SETTLE_S,
    SLACK_MS,
    Belief,
    Look,
    TrustedTime,
    looked,
    told,
    trusts,
    why_not,
)
from fakes.clock import NOON_MS, FakeClock

HOUR_MS = 3_600_000
DAY_S = 86_400.0


class Ntp:
    """Whether the system says that its clock is synchronised."""

    def __init__(self, synchronised: bool) -> None:
        self.synchronised = synchronised

    def __call__(self) -> bool:
        return self.synchronised


def a_hub(clock: FakeClock, *, synchronised: bool = True, paired: bool = False) -> tuple[TrustedTime, Ntp]:
    ntp = Ntp(synchronised)
    return TrustedTime(clock, ntp, paired=paired), ntp


def test_a_synchronised_clock_is_trusted() -> None:
    time, _ = a_hub(FakeClock())
    assert time.trusted_now_ms() == NOON_MS
    assert time.text == ""


def test_a_clock_that_nobody_vouches_for_is_not_trusted_and_says_why() -> None:
    time, _ = a_hub(FakeClock(), synchronised=False)
    assert time.trusted_now_ms() is None
    assert "waiting to be synchronised" in time.text
    assert "nothing is deleted" in time.text


@pytest.mark.parametrize(
    ("off_ms", "trusted"), [(0, True), (JUMP_MS, True), (-JUMP_MS, True), (JUMP_MS + 1, False)]
)
def test_the_cloud_proves_a_clock_that_agrees_with_it_within_a_minute(off_ms: int, trusted: bool) -> None:
    time, _ = a_hub(FakeClock(), synchronised=False)
    time.confirm(NOON_MS + off_ms)
    assert (time.trusted_now_ms() is not None) is trusted


def test_a_clock_that_the_cloud_contradicts_is_not_trusted_whatever_ntp_says() -> None:
    time, _ = a_hub(FakeClock())
    time.confirm(NOON_MS - 3 * HOUR_MS)
    assert time.trusted_now_ms() is None
    assert "3 hours ahead of the cloud's" in time.text


def test_the_cloud_may_change_its_mind() -> None:
    time, _ = a_hub(FakeClock())
    time.confirm(NOON_MS - 3 * HOUR_MS)
    time.confirm(NOON_MS)
    assert time.trusted_now_ms() == NOON_MS


async def test_a_proved_clock_stays_proved_through_weeks_without_ntp_and_cloud() -> None:
    clock = FakeClock()
    time, ntp = a_hub(clock)
    ntp.synchronised = False
    await clock.advance(30 * DAY_S)
    assert time.trusted_now_ms() == clock.now_ms()


@pytest.mark.parametrize("jump_ms", [JUMP_MS + 1, HOUR_MS, -JUMP_MS - 1, -HOUR_MS])
def test_a_jump_of_more_than_a_minute_either_way_suspends_trust(jump_ms: int) -> None:
    clock = FakeClock()
    time, _ = a_hub(clock, paired=True)
    clock.jump(jump_ms)
    assert time.trusted_now_ms() is None
    assert "jumped" in time.text


@pytest.mark.parametrize("jump_ms", [JUMP_MS, -JUMP_MS, 500, -500])
def test_a_smaller_step_does_not(jump_ms: int) -> None:
    clock = FakeClock()
    time, _ = a_hub(clock, paired=True)
    clock.jump(jump_ms)
    assert time.trusted_now_ms() == clock.now_ms()


def test_small_steps_add_up() -> None:
    clock = FakeClock()
    time, _ = a_hub(clock, paired=True)
    clock.jump(40_000)
    assert time.trusted_now_ms() is not None
    clock.jump(40_000)
    assert time.trusted_now_ms() is None


async def test_after_a_jump_a_paired_hub_waits_for_the_cloud_however_long() -> None:
    clock = FakeClock()
    time, _ = a_hub(clock, paired=True)
    clock.jump(HOUR_MS)
    assert time.trusted_now_ms() is None
    await clock.advance(7 * DAY_S)
    assert time.trusted_now_ms() is None
    time.confirm(clock.now_ms())
    assert time.trusted_now_ms() == clock.now_ms()


async def test_after_a_jump_a_hub_without_a_cloud_trusts_ntp_again_once_the_clock_was_steady() -> None:
    clock = FakeClock()
    time, _ = a_hub(clock)
    clock.jump(HOUR_MS)
    assert time.trusted_now_ms() is None
    await clock.advance(SETTLE_S - 1)
    assert time.trusted_now_ms() is None
    await clock.advance(1)
    assert time.trusted_now_ms() == clock.now_ms()


async def test_a_step_while_it_settles_starts_the_settling_anew() -> None:
    clock = FakeClock()
    time, _ = a_hub(clock)
    clock.jump(HOUR_MS)
    time.trusted_now_ms()
    await clock.advance(SETTLE_S - 1)
    clock.jump(-HOUR_MS)
    assert time.trusted_now_ms() is None
    await clock.advance(SETTLE_S - 1)
    assert time.trusted_now_ms() is None


async def test_a_clock_settles_only_while_it_is_synchronised() -> None:
    clock = FakeClock()
    time, ntp = a_hub(clock)
    clock.jump(HOUR_MS)
    ntp.synchronised = False
    await clock.advance(SETTLE_S)
    assert time.trusted_now_ms() is None
    ntp.synchronised = True
    await clock.advance(1)
    assert time.trusted_now_ms() is None


async def test_a_pi_that_boots_in_1970_is_trusted_ten_minutes_after_ntp_set_it_even_without_its_cloud() -> (
    None
):
    clock = FakeClock(now_ms=0)
    time, ntp = a_hub(clock, synchronised=False, paired=True)
    assert time.trusted_now_ms() is None
    clock.jump(NOON_MS)
    ntp.synchronised = True
    assert time.trusted_now_ms() is None
    await clock.advance(SETTLE_S)
    assert time.trusted_now_ms() == clock.now_ms()


def test_a_date_from_before_this_product_is_never_trusted() -> None:
    time, _ = a_hub(FakeClock(now_ms=MADE_MS - SLACK_MS - 1))
    assert time.trusted_now_ms() is None
    assert "a time that has passed" in time.text


def test_a_clock_behind_a_time_that_has_passed_is_not_trusted_until_the_cloud_says_so() -> None:
    time, _ = a_hub(FakeClock())
    time.at_least(NOON_MS + SLACK_MS + 1)
    assert time.trusted_now_ms() is None
    time.confirm(NOON_MS)
    assert time.trusted_now_ms() == NOON_MS


def test_a_document_of_a_moment_ago_takes_no_trust_away() -> None:
    time, _ = a_hub(FakeClock())
    time.at_least(NOON_MS + SLACK_MS)
    time.at_least(NOON_MS - HOUR_MS)
    assert time.trusted_now_ms() == NOON_MS


def test_changed_is_set_when_trust_goes_and_when_it_comes_and_not_otherwise() -> None:
    clock = FakeClock()
    time, _ = a_hub(clock, paired=True)
    time.trusted_now_ms()
    time.confirm(NOON_MS)
    assert not time.changed.is_set()
    clock.jump(HOUR_MS)
    time.trusted_now_ms()
    assert time.changed.is_set()
    time.changed.clear()
    time.confirm(clock.now_ms())
    assert time.changed.is_set()


happenings = st.lists(
    st.one_of(
        st.tuples(st.just("pass"), st.integers(0, 3_600_000)),
        st.tuples(st.just("jump"), st.integers(-7_200_000, 7_200_000)),
        st.tuples(st.just("ntp"), st.booleans()),
        st.tuples(st.just("cloud"), st.integers(-120_000, 120_000)),
    ),
    max_size=30,
)


@given(happenings, st.booleans(), st.booleans())
def test_trust_always_rests_on_a_proof_since_the_last_jump(
    happening: list[tuple[str, int]], synchronised: bool, paired: bool
) -> None:
    wall, monotonic = NOON_MS, 0
    belief = looked(Belief(Look(wall, 0.0, synchronised), has_cloud=paired), Look(wall, 0.0, synchronised))
    proved = synchronised  # by anyone, since the last jump or contradiction
    for what, value in happening:
        line_wall, line_monotonic = wall, monotonic
        if what == "pass":
            wall, monotonic = wall + value, monotonic + value
        elif what == "jump":
            wall += value
        elif what == "ntp":
            synchronised = bool(value)
        look = Look(wall, monotonic / 1000, synchronised)
        belief = looked(belief, look)
        if what == "cloud":
            belief = told(belief, look, wall + value)
            proved = abs(value) <= JUMP_MS
        elif abs((wall - line_wall) - (monotonic - line_monotonic)) > 2 * JUMP_MS:
            proved = False
        proved = proved or synchronised
        assert not trusts(belief, look) or proved
        assert bool(why_not(belief, look)) is not trusts(belief, look)
        assert not trusts(belief, look) or look.now_ms >= belief.passed_ms - SLACK_MS


@given(st.integers(JUMP_MS + 1, 10**12), st.integers(0, 10**9), st.booleans())
def test_a_paired_hub_never_deletes_by_a_clock_that_leapt_ahead(
    jump_ms: int, later_ms: int, synchronised: bool
) -> None:
    before = Look(NOON_MS, 0.0, True)
    belief = looked(Belief(before, has_cloud=True), before)
    leapt = Look(NOON_MS + jump_ms, 0.0, synchronised)
    belief = looked(belief, leapt)
    assert not trusts(belief, leapt)
    later = Look(leapt.now_ms + later_ms, later_ms / 1000, synchronised)
    assert not trusts(looked(belief, later), later)
