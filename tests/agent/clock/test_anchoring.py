"""Where that belongs which was recorded before the time was known: exactly, or as late as can be."""

from hypothesis import assume, given
from hypothesis import strategies as st

from backsight_agent.domain.anchoring import (
    BETWEEN_BOOTS_MS,
    EXACT_MS,
    GOES_ON_MS,
    MOST_NUDGES,
    UNKNOWN_BOOT,
    BootSpan,
    BootTime,
    free_shift,
    is_exact,
    packed,
    places,
)
from backsight_agent.domain.cutting import CLOCK_JUMP_MS, DRIFT_MS
from fakes.clock import NOON_MS

HERE = "here"
lengths = st.integers(0, 10**9)


def test_this_boot_is_where_the_known_time_says() -> None:
    assert places([], HERE, NOON_MS + 0.4) == {HERE: BootTime(NOON_MS)}


@given(st.lists(lengths, max_size=6))
def test_each_earlier_boot_ends_just_before_the_next_begins(ends: list[int]) -> None:
    spans = [BootSpan(str(number), end_ms) for number, end_ms in enumerate(ends)]
    found = places([*spans, BootSpan(HERE, 5)], HERE, NOON_MS)
    zeros = [found[span.boot].zero_ms for span in spans] + [NOON_MS]
    for span, zero_ms, next_ms in zip(spans, zeros, zeros[1:], strict=False):
        assert zero_ms + span.end_ms == next_ms - BETWEEN_BOOTS_MS
        assert not found[span.boot].exact


def test_a_boot_whose_time_became_known_before_it_ended_is_where_it_was() -> None:
    spans = [BootSpan("a", 1_000), BootSpan("b", 2_000, zero_ms=NOON_MS - 10**7), BootSpan("c", 3_000)]
    found = places(spans, HERE, NOON_MS)
    assert found["b"] == BootTime(NOON_MS - 10**7)
    assert found["a"].zero_ms + 1_000 == NOON_MS - 10**7 - BETWEEN_BOOTS_MS
    assert found["c"].zero_ms + 3_000 == NOON_MS - BETWEEN_BOOTS_MS


def test_what_is_of_no_known_boot_has_no_place_among_boots() -> None:
    assert UNKNOWN_BOOT not in places([BootSpan(UNKNOWN_BOOT, 5)], HERE, NOON_MS)


@given(st.lists(st.tuples(lengths, st.integers(1, 10**7)), max_size=6))
def test_of_runs_without_a_boot_the_order_is_kept_and_each_is_as_late_as_it_can_be(
    given_runs: list[tuple[int, int]],
) -> None:
    runs = [(start_ms, start_ms + length) for start_ms, length in sorted(given_runs)]
    moved = [(start + by, end + by) for (start, end), by in zip(runs, packed(runs, NOON_MS), strict=True)]
    begins = [start for start, _ in moved] + [NOON_MS]
    for (_, end_ms), next_ms in zip(moved, begins[1:], strict=True):
        assert end_ms == next_ms - BETWEEN_BOOTS_MS


@given(st.sets(lengths, min_size=1, max_size=20), st.integers(-(10**9), 10**9), st.sets(lengths, max_size=50))
def test_no_segment_ever_comes_to_a_moment_that_is_taken(
    starts: set[int], shift_ms: int, taken: set[int]
) -> None:
    free = free_shift(starts, shift_ms, frozenset(taken))
    assume(free is not None)
    assert free is not None
    assert 0 <= free - shift_ms < MOST_NUDGES
    assert not taken & {start + free for start in starts}
    for nudge in range(free - shift_ms):
        assert taken & {start + shift_ms + nudge for start in starts}


def test_where_everything_is_taken_there_is_no_place() -> None:
    assert free_shift([0], 0, frozenset(range(MOST_NUDGES))) is None


def test_what_any_run_may_be_off_is_not_worth_moving() -> None:
    assert EXACT_MS == CLOCK_JUMP_MS
    assert is_exact(EXACT_MS)
    assert is_exact(-EXACT_MS)
    assert not is_exact(EXACT_MS + 1)


def test_a_run_that_goes_on_is_right_as_long_as_no_rule_ends_it() -> None:
    assert GOES_ON_MS == DRIFT_MS
    assert is_exact(-GOES_ON_MS, goes_on=True)
    assert not is_exact(GOES_ON_MS + 1, goes_on=True)
