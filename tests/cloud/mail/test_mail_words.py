"""In a mail a name is one line that shows all of itself, and moments and sizes are said clearly."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_cloud.domain.mail_words import LONGEST_NAME, counted, day, hours, moment, plain, size
from fakes.clock import NOON_MS


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Front door", "Front door"),
        ("  Front \t door ", "Front door"),
        ("Küche", "Küche"),
        ("子供部屋", "子供部屋"),
        ("👩‍🌾 garden", "👩‍🌾 garden"),
        ("a\r\nb", "a b"),
        ("a\u2028b", "a b"),
        ("a\x00\x1bb", "a b"),
        ("a\u202eb\u2066c\u200fd", "abcd"),
        ("", "(no name)"),
        ("\u200b\u202e", "(no name)"),
    ],
)
def test_a_name_shows_all_of_itself(name: str, shown: str) -> None:
    assert plain(name) == shown


@given(st.text())
def test_no_name_has_a_line_end_or_turns_what_follows(name: str) -> None:
    kinds = {unicodedata.category(letter) for letter in plain(name) if letter not in "\u200d\u2060"}
    assert not kinds & {"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"}


@given(st.text(max_size=2000))
def test_no_name_is_longer_than_one_can_read(name: str) -> None:
    assert len(plain(name).replace("\u2060", "")) <= LONGEST_NAME


def test_letters_are_not_piled_up() -> None:
    assert plain("z" + "\u0335" * 50) == "z" + "\u0335" * 3


@pytest.mark.parametrize(
    "name", ["evil.example", "https://evil.example/x", "www.evil.example", "a@evil.example"]
)
def test_a_name_is_no_link_and_looks_as_it_was_typed(name: str) -> None:
    assert name not in plain(name)
    assert plain(name).replace("\u2060", "") == name


def test_a_number_with_a_point_reads_as_before() -> None:
    assert plain("v2.0").replace("\u2060", "") == "v2.0"


def test_a_moment_has_its_day_its_zone_and_its_distance_from_utc() -> None:
    assert moment(NOON_MS, "Europe/Berlin") == "Tuesday, 24 November 2026, 13:00 (Europe/Berlin, UTC+1)"


def test_utc_is_said_once() -> None:
    assert moment(NOON_MS, "UTC") == "Tuesday, 24 November 2026, 12:00 (UTC)"


def test_a_day_is_that_of_the_zone() -> None:
    assert day(NOON_MS, "Pacific/Kiritimati") == "25 November 2026"


def test_sizes_hours_and_numbers_are_said_as_people_do() -> None:
    assert (size(999), size(1_234_000), size(3_450_000_000)) == ("1.0 kB", "1.2 MB", "3.5 GB")
    assert (hours(0.2), hours(1), hours(12.54), hours(712.4)) == (
        "less than an hour",
        "1 hour",
        "12.5 hours",
        "712 hours",
    )
    assert (counted(1, "clip"), counted(1234, "clip")) == ("1 clip", "1,234 clips")
