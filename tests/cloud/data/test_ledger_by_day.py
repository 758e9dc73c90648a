"""The ledger's old lines are kept by day: nothing that left is forgotten, and none is counted twice."""

from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from backsight_cloud.domain.ledger import BY_HOUR_MS, DAY_MS, Place, by_day, kept_by_day_before
from backsight_cloud.domain.records import Erasure
from fakes.clock import NOON_MS
from fakes.household import ANNA, BERT, DOOR, HOUR_MS, YARD

BEFORE_MS = NOON_MS // DAY_MS * DAY_MS

moments = st.integers(BEFORE_MS - 3 * DAY_MS, BEFORE_MS + DAY_MS)
lines = st.builds(
    Erasure,
    camera=st.sampled_from([DOOR, YARD]),
    account=st.sampled_from([ANNA, BERT]),
    at_ms=moments,
    reason=st.sampled_from(["expired", "owner"]),
    from_ms=moments,
    to_ms=moments,
    count=st.integers(1, 100),
    size_bytes=st.integers(1, 10**9),
)


def sums(of: Iterable[Erasure]) -> dict[tuple[str, str, str], tuple[int, int]]:
    made: dict[tuple[str, str, str], tuple[int, int]] = {}
    for line in of:
        count, size = made.get((line.camera, line.account, line.reason), (0, 0))
        key = (line.camera, line.account, line.reason)
        made[key] = (count + line.count, size + line.size_bytes)
    return made


@given(st.lists(lines, max_size=40))
def test_counts_and_bytes_stay_the_same(some: list[Erasure]) -> None:
    assert sums(by_day(some, BEFORE_MS)) == sums(some)


@given(st.lists(lines, max_size=40))
def test_an_old_day_has_one_line_for_each_camera_account_and_reason(some: list[Erasure]) -> None:
    kept = by_day(some, BEFORE_MS)
    days = [
        (one.camera, one.account, one.reason, one.at_ms // DAY_MS) for one in kept if one.at_ms < BEFORE_MS
    ]
    assert len(days) == len(set(days))


@given(st.lists(lines, max_size=40))
def test_doing_it_twice_changes_nothing(some: list[Erasure]) -> None:
    once = by_day(some, BEFORE_MS)
    assert by_day(once, BEFORE_MS) == once


def test_a_days_line_spans_what_left_on_it() -> None:
    early = Erasure(DOOR, ANNA, BEFORE_MS - DAY_MS, "expired", 10, 20, 1, 100)
    late = Erasure(DOOR, ANNA, BEFORE_MS - HOUR_MS, "expired", 5, 30, 2, 200)
    assert by_day([early, late], BEFORE_MS) == [replace(late, from_ms=5, to_ms=30, count=3, size_bytes=300)]


def test_lines_of_the_last_three_months_stay_by_hour() -> None:
    before_ms = kept_by_day_before(NOON_MS)
    assert before_ms % DAY_MS == 0
    assert NOON_MS - BY_HOUR_MS - DAY_MS < before_ms <= NOON_MS - BY_HOUR_MS


@given(lines)
def test_a_readers_place_is_written_and_read_back(line: Erasure) -> None:
    assert Place.from_text(str(Place.of(line))) == Place.of(line)


@given(st.text(max_size=40))
def test_what_is_no_place_is_none(text: str) -> None:
    place = Place.from_text(text)
    assert place is None or str(place).lstrip("0") == text.lstrip("0")
