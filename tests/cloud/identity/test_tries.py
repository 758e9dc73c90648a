"""So many tries at once, one more after each while, and never memory without bound."""

from backsight_cloud.domain.limits import MOST_KEYS, Limit, Tries


def tries() -> Tries:
    return Tries(Limit(burst=3, seconds=10.0))


def test_a_burst_is_allowed_and_then_refused_with_the_time_to_wait() -> None:
    limited = tries()
    assert [limited.take("a", 0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 10.0]


def test_one_more_is_allowed_after_each_while() -> None:
    limited = tries()
    for _ in range(3):
        limited.take("a", 0.0)
    assert 0 < limited.take("a", 9.0) < 1.001
    assert limited.take("a", 10.0) == 0.0
    assert limited.take("a", 10.0) == 10.0


def test_waiting_long_saves_up_no_more_than_a_burst() -> None:
    limited = tries()
    assert [limited.take("a", 1e6) for _ in range(4)] == [0.0, 0.0, 0.0, 10.0]


def test_keys_do_not_share() -> None:
    limited = tries()
    for _ in range(3):
        limited.take("a", 0.0)
    assert limited.take("b", 0.0) == 0.0


def test_a_try_that_is_given_back_does_not_count() -> None:
    limited = tries()
    for _ in range(50):
        assert limited.take("a", 0.0) == 0.0
        limited.give_back("a", 0.0)


def test_memory_is_bounded_and_the_newest_are_remembered() -> None:
    limited = tries()
    for _ in range(3):
        limited.take("newest", 0.0)
    for number in range(MOST_KEYS - 1):
        limited.take(str(number), 0.0)
    assert limited.take("newest", 0.0) > 0
    assert len(limited._buckets) <= MOST_KEYS
