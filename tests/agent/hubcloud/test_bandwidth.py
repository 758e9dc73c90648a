"""A limit holds over every stretch of time, and what it allows is really allowed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_agent.domain.bandwidth import BURST_S, LEAST_PIECE, MOST_PIECE, Bucket

sizes = st.lists(st.integers(1, 100_000), min_size=1, max_size=50)
rates = st.floats(1_000, 1e9)


def test_the_first_piece_goes_at_once() -> None:
    _, wait_s = Bucket(1000).take(100, now=50)
    assert wait_s == 0


def test_what_is_more_than_the_rate_gives_waits_for_the_rest() -> None:
    _, wait_s = Bucket(1000).take(1000, now=50)
    assert wait_s == pytest.approx(1 - BURST_S)


def test_the_second_waits_for_the_first() -> None:
    bucket, _ = Bucket(1000).take(1000, now=50)
    _, wait_s = bucket.take(1000, now=50)
    assert wait_s == pytest.approx(2 - BURST_S)


def test_time_that_nobody_used_is_not_saved_up() -> None:
    bucket, _ = Bucket(1000).take(1000, now=50)
    assert bucket.take(1000, now=5000)[1] == pytest.approx(1 - BURST_S)


def test_a_limit_that_lets_nothing_through_is_refused() -> None:
    with pytest.raises(ValueError, match="let something through"):
        Bucket(0)


@given(rates, sizes, st.lists(st.floats(0, 10), min_size=50, max_size=50))
def test_over_no_stretch_of_time_more_goes_than_the_rate_and_a_moment_more(
    rate: float, pieces: list[int], pauses: list[float]
) -> None:
    bucket, now, went = Bucket(rate), 100.0, []
    for size, pause in zip(pieces, pauses, strict=False):
        now += pause
        bucket, wait_s = bucket.take(size, now)
        went.append((now + wait_s, size))
    for first in range(len(went)):
        for last in range(first, len(went)):
            sent = sum(size for _, size in went[first : last + 1])
            # The first of them may have begun to be paid for before it went.
            paid = went[last][0] - went[first][0] + BURST_S + went[first][1] / rate
            assert sent <= rate * paid * (1 + 1e-9) + 1


@given(rates, sizes)
def test_who_always_has_something_to_send_gets_the_whole_rate(rate: float, pieces: list[int]) -> None:
    bucket, now = Bucket(rate), 100.0
    for size in pieces:
        bucket, wait_s = bucket.take(size, now)
        now += wait_s
    assert now - 100.0 <= sum(pieces) / rate + 1e-6


@given(rates)
def test_a_piece_is_neither_tiny_nor_large(rate: float) -> None:
    assert LEAST_PIECE <= Bucket(rate).piece_bytes <= MOST_PIECE
