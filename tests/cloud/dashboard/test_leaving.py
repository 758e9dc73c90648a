"""What left is told by day and reason, in an owner's words and the owner's time."""

from backsight_cloud.domain.ledger import Reason
from backsight_cloud.domain.records import Erasure, Extent
from backsight_cloud.web.leaving import SHOWN, LeftLine, form_around, left_lines, local_moment, question, why
from fakes.clock import NOON_MS
from fakes.household import ANNA, DAY_MS, DOOR, HOUR_MS, MINUTE_MS

BERLIN = "Europe/Berlin"  # an hour ahead of UTC in November


def a_line(at_ms: int, reason: str = "expired", count: int = 360) -> Erasure:
    """An hour, twelve hours before it left."""
    began = at_ms - 12 * HOUR_MS
    return Erasure(DOOR, ANNA, at_ms, reason, began, began + HOUR_MS, count, count * 2_500_000)


def test_the_lines_of_a_day_and_reason_are_told_as_one() -> None:
    lines = left_lines([a_line(NOON_MS), a_line(NOON_MS - HOUR_MS)], NOON_MS, BERLIN)
    assert lines == [
        LeftLine(
            "Today",
            "About 2 hours of video (1.8 GB), from 00:00 to 02:00",
            "Older than the plan keeps",
        )
    ]


def test_days_and_reasons_stay_apart_newest_first() -> None:
    some = [a_line(NOON_MS, "owner"), a_line(NOON_MS), a_line(NOON_MS - DAY_MS)]
    lines = left_lines(some, NOON_MS, BERLIN)
    assert [(line.when, line.why) for line in lines] == [
        ("Today", "Erased by you"),
        ("Today", "Older than the plan keeps"),
        ("23 Nov", "Older than the plan keeps"),
    ]


def test_a_day_is_one_of_the_owners_zone() -> None:
    midnight = NOON_MS - 13 * HOUR_MS  # in Berlin
    lines = left_lines([a_line(midnight), a_line(midnight - 1)], NOON_MS, BERLIN)
    assert [line.when for line in lines] == ["Today", "23 Nov"]


def test_only_so_many_are_told() -> None:
    assert len(left_lines([a_line(NOON_MS - at * DAY_MS) for at in range(20)], NOON_MS, BERLIN)) == SHOWN


def test_every_reason_has_its_words_and_so_has_one_that_is_not_known_yet() -> None:
    assert all(" " in why(reason) for reason in Reason)
    assert why("eaten_by_cat") == "Eaten by cat"


def test_a_question_names_the_span_that_really_goes() -> None:
    extent = Extent(7, 900_000, NOON_MS - 5_000, NOON_MS + 65_000, 1)
    asked = question(extent, NOON_MS, NOON_MS + MINUTE_MS, NOON_MS + HOUR_MS, BERLIN)
    assert asked.span == "12:59:55 to 13:01:05"
    assert asked.goes == "About 1 minute of video (900 kB)"
    assert asked.events == "1 event"


def test_a_question_about_a_time_of_which_nothing_is_here_says_so() -> None:
    asked = question(Extent(), NOON_MS, NOON_MS + MINUTE_MS, NOON_MS, BERLIN)
    assert (asked.span, asked.goes, asked.events) == ("13:00:00 to 13:01:00", "No video that is here", "")


def test_the_form_holds_the_last_hour() -> None:
    form = form_around(NOON_MS, BERLIN)
    assert (form.from_text, form.to_text) == ("2026-11-24T12:00", "2026-11-24T13:00")


def test_a_field_is_a_moment_of_the_owners_zone() -> None:
    assert local_moment("2026-11-24T13:00", BERLIN, last=False) == NOON_MS
    assert local_moment("yesterday", BERLIN, last=False) is None


def test_in_the_hour_that_comes_twice_a_span_covers_both() -> None:
    text = "2026-10-25T02:30"
    first, last = (local_moment(text, BERLIN, last=last) for last in (False, True))
    assert first is not None
    assert last == first + HOUR_MS
