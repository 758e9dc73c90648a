"""Motion is what was not there and hangs together; light, noise and what stands still are not."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_agent.domain.blobs import blobs_of, inside
from backsight_agent.domain.motion import CELLS, HEIGHT, WIDTH, Finding, MotionDetector, MotionSettings
from backsight_agent.domain.motion_events import QUIET_MS, MotionEvents, Span

USUAL = [1_000] * 29  # bytes of a quiet GOP's frames


def a_picture(level: int = 100, noise: float = 0.0, seed: int = 0) -> bytearray:
    chance = random.Random(seed)
    return bytearray(_grey(level + chance.gauss(0, noise)) for _ in range(CELLS))


def with_object(picture: bytearray, x: int, y: int, width: int, height: int, by: int = 60) -> bytes:
    for row in range(y, min(y + height, HEIGHT)):
        for column in range(x, min(x + width, WIDTH)):
            picture[row * WIDTH + column] = _grey(picture[row * WIDTH + column] + by)
    return bytes(picture)


def _grey(level: float) -> int:
    return max(0, min(255, round(level)))


def used_to(detector: MotionDetector, noise: float = 1.0, gops: int = 20) -> MotionDetector:
    """A detector that has seen a quiet place for a while."""
    for number in range(gops):
        assert detector.look(bytes(a_picture(noise=noise, seed=number)), USUAL) is None
    return detector


def a_detector(sensitivity: int = 5, **settings: object) -> MotionDetector:
    return MotionDetector(MotionSettings(sensitivity, **settings))  # type: ignore[arg-type]


# ---- what a picture shows


def test_nothing_moves_in_a_quiet_place() -> None:
    used_to(a_detector(), noise=2.0, gops=100)


@pytest.mark.parametrize(("width", "height"), [(2, 3), (8, 25)])
def test_someone_who_was_not_there_is_motion_near_and_far(width: int, height: int) -> None:
    detector = used_to(a_detector())
    found = detector.look(with_object(a_picture(noise=1), 30, 15, width, height), USUAL)
    assert found is not None
    assert found.end == 1.0


def test_a_nearer_one_is_surer() -> None:
    far, near = (
        used_to(a_detector()).look(with_object(a_picture(noise=1), 30, 15, *size), USUAL)
        for size in ((2, 3), (8, 25))
    )
    assert far is not None
    assert near is not None
    assert far.score < near.score


@pytest.mark.parametrize("step", [-70, -30, 30, 70])
def test_light_that_changes_everywhere_is_no_motion(step: int) -> None:
    detector = used_to(a_detector())
    for _ in range(10):
        assert detector.look(bytes(a_picture(100 + step, noise=1)), USUAL) is None


def test_a_lamp_that_lights_half_the_picture_is_no_motion() -> None:
    detector = used_to(a_detector())
    lit = with_object(a_picture(noise=1), 0, 0, WIDTH // 2, HEIGHT, by=70)
    assert [detector.look(lit, USUAL) for _ in range(5)] == [None] * 5


def test_a_sunrise_is_no_motion() -> None:
    detector = used_to(a_detector())
    for level in range(100, 200):
        assert detector.look(bytes(a_picture(level, noise=1, seed=level)), USUAL) is None


def test_strong_noise_is_learned() -> None:
    detector = used_to(a_detector(), gops=1)
    for number in range(30):
        detector.look(bytes(a_picture(noise=7, seed=number)), USUAL)
    found = [detector.look(bytes(a_picture(noise=7, seed=100 + number)), USUAL) for number in range(100)]
    assert found == [None] * 100


def test_what_stands_still_moves_no_more() -> None:
    detector = used_to(a_detector())
    parked = with_object(a_picture(), 30, 15, 10, 8)
    assert detector.look(parked, USUAL) is not None
    assert [detector.look(parked, USUAL) for _ in range(10)] == [None] * 10


def test_what_drives_away_again_is_motion() -> None:
    detector = used_to(a_detector())
    parked = with_object(a_picture(), 30, 15, 10, 8)
    for _ in range(5):
        detector.look(parked, USUAL)
    assert detector.look(bytes(a_picture()), USUAL) is not None


def test_only_zones_are_watched() -> None:
    left = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    detector = used_to(a_detector(zones=(left,)))
    assert detector.look(with_object(a_picture(), 60, 10, 6, 15), USUAL) is None
    detector.look(bytes(a_picture()), USUAL)
    assert detector.look(with_object(a_picture(), 10, 10, 6, 15), USUAL) is not None


@given(st.integers(10, 90), st.integers(1, 10), st.integers(1, 10))
def test_what_a_lower_sensitivity_finds_a_higher_one_finds_too(by: int, width: int, height: int) -> None:
    found = [
        _finds(MotionDetector(MotionSettings(sensitivity)), by, width, height) for sensitivity in (2, 5, 9)
    ]
    assert found == sorted(found)


def _finds(detector: MotionDetector, by: int, width: int, height: int) -> bool:
    for _ in range(3):
        detector.look(bytes(a_picture()), USUAL)
    return detector.look(with_object(a_picture(), 20, 10, width, height, by), USUAL) is not None


@pytest.mark.parametrize("sensitivity", [0, 11, -1])
def test_a_sensitivity_out_of_bounds_is_refused(sensitivity: int) -> None:
    with pytest.raises(ValueError, match="only much"):
        MotionSettings(sensitivity)


# ---- what the sizes of frames show


def test_what_passes_between_two_key_frames_is_seen_by_its_frames_sizes() -> None:
    detector, quiet = used_to(a_detector()), bytes(a_picture(noise=1, seed=3))
    found = detector.look(quiet, [1_000] * 10 + [3_000] * 10 + [1_000] * 9)
    assert found == Finding(10 / 29, 20 / 29, 38)


def test_a_gop_whose_frames_are_all_somewhat_larger_is_busy() -> None:
    """All that a camera with a constant bit rate lets through of somebody who runs past."""
    detector, quiet = used_to(a_detector()), bytes(a_picture(noise=1, seed=3))
    assert detector.look(quiet, [1_200] * 29) == Finding(0.0, 1.0, 25)


def test_a_bit_rate_that_wanders_is_not() -> None:
    detector, quiet = a_detector(), bytes(a_picture())
    rates = [1_000 + 100 * (number % 4) for number in range(60)]
    assert [detector.look(quiet, [rate] * 29) for rate in rates] == [None] * 60


@pytest.mark.parametrize("large", [1, 2, 3])
def test_a_few_large_frames_are_no_motion(large: int) -> None:
    detector, quiet = used_to(a_detector()), bytes(a_picture(noise=1, seed=3))
    assert detector.look(quiet, [1_000] * 10 + [9_000] * large + [1_000] * (19 - large)) is None


def test_sizes_say_nothing_before_the_usual_is_known() -> None:
    detector = a_detector()
    assert detector.look(bytes(a_picture()), [1_000] * 10 + [9_000] * 19) is None


def test_a_picture_that_cannot_be_decoded_leaves_the_sizes() -> None:
    detector = used_to(a_detector())
    assert detector.look(None, USUAL) is None
    assert detector.look(None, [1_000] * 10 + [5_000] * 19) is not None


def test_a_gop_of_one_frame_is_looked_at() -> None:
    detector = used_to(a_detector())
    assert detector.look(with_object(a_picture(), 30, 15, 8, 25), []) is not None


# ---- cells


def test_cells_hang_together_across_corners_and_not_around_the_edge() -> None:
    assert sorted(blobs_of({0, WIDTH + 1, 2 * WIDTH + 2}, WIDTH)) == [3]
    assert sorted(blobs_of({WIDTH - 1, WIDTH}, WIDTH)) == [1, 1]


def test_without_zones_everything_is_watched() -> None:
    assert all(inside((), 4, 4))


def test_two_zones_are_watched_together() -> None:
    left = ((0.0, 0.0), (0.25, 0.0), (0.25, 1.0), (0.0, 1.0))
    right = ((0.75, 0.0), (1.0, 0.0), (1.0, 1.0), (0.75, 1.0))
    assert inside((left, right), 4, 1) == [True, False, False, True]


# ---- events

WHOLE = Finding(0.0, 1.0, 50)


def test_an_event_begins_with_motion_goes_on_and_is_over_when_it_was_quiet() -> None:
    events = MotionEvents()
    assert events.take(None, 0, 2_000) is None
    assert events.take(Finding(0.5, 1.0, 40), 2_000, 4_000) == Span(3_000, 4_000, 40)
    assert events.take(WHOLE, 4_000, 6_000) == Span(3_000, 6_000, 50)
    assert events.take(None, 6_000, 8_000) is None
    over_at = 6_000 + QUIET_MS
    assert events.take(None, over_at, over_at + 2_000) == Span(3_000, 6_000, 50, over=True)
    assert events.take(None, over_at + 2_000, over_at + 4_000) is None


def test_motion_after_a_long_silence_is_another_event() -> None:
    events = MotionEvents()
    events.take(WHOLE, 0, 2_000)
    later = 2_000 + QUIET_MS
    assert events.take(WHOLE, later, later + 2_000) == Span(later, later + 2_000, 50)


def test_what_is_open_at_the_end_is_over() -> None:
    events = MotionEvents()
    events.take(WHOLE, 0, 2_000)
    assert events.close() == Span(0, 2_000, 50, over=True)
    assert events.close() is None
