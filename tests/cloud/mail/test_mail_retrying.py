"""A mail is tried again after 1, 5, 15 and 60 minutes, then more rarely, and given up after three days."""

from backsight_cloud.domain.mail_retrying import GIVEN_UP_AFTER_MS, next_try_ms
from fakes.clock import NOON_MS
from fakes.household import HOUR_MS, MINUTE_MS


def lived(wanted_ms: int) -> list[int]:
    """The pauses until it is given up, when every try fails at once."""
    pauses, now_ms, tries = [], wanted_ms, 1
    while (due_ms := next_try_ms(tries, wanted_ms, now_ms)) is not None:
        pauses.append(due_ms - now_ms)
        now_ms, tries = due_ms, tries + 1
    return pauses


def test_the_first_pauses_are_short() -> None:
    assert [pause // MINUTE_MS for pause in lived(NOON_MS)[:4]] == [1, 5, 15, 60]


def test_pauses_never_become_shorter_nor_longer_than_six_hours() -> None:
    pauses = lived(NOON_MS)
    assert pauses == sorted(pauses)
    assert max(pauses) == 6 * HOUR_MS


def test_it_is_tried_for_nearly_three_days_and_no_longer() -> None:
    assert GIVEN_UP_AFTER_MS - 6 * HOUR_MS < sum(lived(NOON_MS)) <= GIVEN_UP_AFTER_MS
