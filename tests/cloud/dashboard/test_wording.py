"""Pages say numbers and moments as an owner would, in the account's own zone."""

import pytest

from backsight_cloud.web.wording import ago, duration, moment, plan_badge, reach, size, zone_name

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
NOW = 1_795_440_600_000  # 2026-11-23T13:30:00Z, 14:30 in Berlin
BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("at_ms", "zone", "said"),
    [
        (NOW - 27 * MINUTE, BERLIN, "14:03"),
        (NOW - 14 * DAY, BERLIN, "9 Nov 14:30"),
        (NOW - 340 * DAY, BERLIN, "18 Dec 2025 14:30"),
        (NOW - 15 * HOUR, BERLIN, "22 Nov 23:30"),
        (NOW - 15 * HOUR, "UTC", "22 Nov 22:30"),
        (NOW - 13 * HOUR, "America/New_York", "22 Nov 19:30"),
        (NOW - 60 * DAY, BERLIN, "24 Sep 15:30"),  # summer time held then
    ],
)
def test_a_moment_is_said_as_short_as_it_is_clear(at_ms: int, zone: str, said: str) -> None:
    assert moment(at_ms, zone, NOW) == said


@pytest.mark.parametrize(
    ("span_ms", "said"),
    [
        (12 * HOUR, "12 hours"),
        (2 * DAY, "2 days"),
        (DAY, "24 hours"),
        (30 * DAY, "30 days"),
        (36 * HOUR, "36 hours"),
        (90 * SECOND, "90 seconds"),
        (45 * SECOND, "45 seconds"),
        (MINUTE, "1 minute"),
        (1500, "1 second"),
    ],
)
def test_a_window_is_said_in_the_largest_unit_that_divides_it(span_ms: int, said: str) -> None:
    assert duration(span_ms) == said


@pytest.mark.parametrize(
    ("window_ms", "span", "bound_ms", "said"),
    [
        (14 * DAY, (NOW - 14 * DAY, NOW - 5_000), NOW - 90 * DAY, "14 days, back to 9 Nov 14:30"),
        (12 * HOUR, (NOW - 12 * HOUR - 8_000, NOW), NOW - 90 * DAY, "12 hours, back to 02:30"),
        (14 * DAY, (NOW - 6 * DAY - HOUR, NOW), NOW - 6 * DAY, "6 of 14 days: new camera, still filling"),
        (14 * DAY, (NOW - 7 * HOUR, NOW), NOW - 8 * HOUR, "7 hours of 14 days: new camera, still filling"),
        (2 * DAY, (NOW - 2 * DAY, NOW - 70 * MINUTE), NOW - 90 * DAY, "2 days, gap since 13:20"),
        (14 * DAY, (NOW - 2 * DAY, NOW), NOW - 90 * DAY, "2 of 14 days, back to 21 Nov 14:30"),
        (40 * SECOND, (NOW - 48_000, NOW - 3_000), NOW - HOUR, "40 seconds, back to 14:29:20"),
        (2 * DAY, None, NOW, "Nothing recorded yet; the plan keeps 2 days"),
        (None, (NOW - 2 * DAY, NOW), NOW, "Back to 21 Nov 14:30"),
        (None, None, NOW, "Nothing recorded yet"),
    ],
)
def test_the_reach_says_the_number_that_matters(
    window_ms: int | None, span: tuple[int, int] | None, bound_ms: int, said: str
) -> None:
    assert reach(window_ms, span, bound_ms, NOW, BERLIN, uploads=True).text == said


def test_a_camera_that_uploads_nothing_is_said_to_be_kept_on_the_hub() -> None:
    assert reach(2 * DAY, None, NOW, NOW, BERLIN, uploads=False).text == "Kept on the hub only"


def test_the_bar_ends_now_and_is_filled_as_far_as_the_history_goes() -> None:
    filled = reach(14 * DAY, (NOW - 7 * DAY, NOW), NOW, NOW, BERLIN, uploads=True)
    assert (filled.bar_from, filled.bar_to) == (50.0, 100.0)


def test_a_gap_leaves_the_end_of_the_bar_empty() -> None:
    filled = reach(2 * DAY, (NOW - 2 * DAY, NOW - 12 * HOUR), NOW, NOW, BERLIN, uploads=True)
    assert (filled.bar_from, filled.bar_to) == (0.0, 75.0)


@pytest.mark.parametrize(
    ("plan", "window_ms", "said"),
    [("free", 12 * HOUR, "Free, 12 hours"), ("free", None, "Free"), ("plus", 14 * DAY, "Plus")],
)
def test_a_free_plan_says_what_free_means_for_this_camera(
    plan: str, window_ms: int | None, said: str
) -> None:
    assert plan_badge(plan, window_ms) == said


@pytest.mark.parametrize(
    ("size_bytes", "said"), [(212_400_000_000, "212 GB"), (4_200_000_000, "4.2 GB"), (900_000, "900 kB")]
)
def test_a_size_is_said_as_disks_are_sold(size_bytes: int, said: str) -> None:
    assert size(size_bytes) == said


def test_an_age_is_said_in_one_unit() -> None:
    assert [ago(NOW - age, NOW) for age in (100, 12_400, 3 * DAY)] == [
        "just now",
        "12 seconds ago",
        "3 days ago",
    ]


def test_a_zone_is_named_with_its_letters_where_it_has_some() -> None:
    names = [zone_name(zone, NOW) for zone in (BERLIN, "America/Sao_Paulo", "UTC")]
    assert names == ["Europe/Berlin (CET)", "America/Sao_Paulo", "UTC"]
