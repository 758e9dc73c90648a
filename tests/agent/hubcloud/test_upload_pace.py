"""A fast link carries several puts at once, a slow one carries one after the other."""

from hypothesis import given
from hypothesis import strategies as st

from backsight_agent.domain.upload_pace import PUTS_AT_ONCE, Pace


def after_puts(*took_s: float) -> Pace:
    pace = Pace()
    for one in took_s:
        pace = pace.after_put(one)
    return pace


def test_it_begins_with_one() -> None:
    assert Pace().at_once == 1


def test_each_quick_put_lets_one_more_go_at_the_same_time() -> None:
    assert [after_puts(*[0.2] * number).at_once for number in range(6)] == [1, 2, 3, 4, 4, 4]


def test_puts_that_take_long_are_sent_one_after_the_other() -> None:
    assert after_puts(0.2, 0.2, 0.2, 40, 40).at_once == 1


def test_puts_that_take_neither_long_nor_short_change_nothing() -> None:
    assert after_puts(0.2, 5, 5, 5).at_once == 2


def test_a_put_that_fails_lets_half_as_many_go_at_the_same_time() -> None:
    assert after_puts(*[0.2] * 3).after_failure().at_once == 2
    assert Pace().after_failure().at_once == 1


def test_a_batch_that_was_sent_in_time_is_followed_by_one_twice_as_large() -> None:
    assert Pace(rows=4).after_batch(offered=4, undone=0, most=32).rows == 8
    assert Pace(rows=32).after_batch(offered=32, undone=0, most=32).rows == 32


def test_a_batch_that_was_not_is_followed_by_one_as_large_as_could_be_sent() -> None:
    assert Pace(rows=32).after_batch(offered=32, undone=29, most=32).rows == 3


def test_a_batch_of_which_nothing_could_be_sent_is_followed_by_one_segment() -> None:
    assert Pace(rows=32).after_batch(offered=4, undone=4, most=32).rows == 1


def test_a_small_backlog_makes_no_smaller_batches() -> None:
    assert Pace(rows=16).after_batch(offered=1, undone=0, most=32).rows == 16


@given(st.lists(st.floats(0, 1000) | st.tuples(st.integers(1, 32), st.integers(0, 32))))
def test_there_is_always_something_and_never_too_much(seen: list[float | tuple[int, int]]) -> None:
    pace = Pace()
    for one in seen:
        pace = pace.after_batch(one[0], min(one), 32) if isinstance(one, tuple) else pace.after_put(one)
        assert 1 <= pace.at_once <= PUTS_AT_ONCE
        assert 1 <= pace.rows <= 32
