"""A run's sound is one unbroken line of samples: silence where none came, nothing twice."""

from hypothesis import given
from hypothesis import strategies as st

from backsight_agent.domain.media import AudioChunk
from backsight_agent.domain.sound import LATE_S, TOLERANCE_S, SoundLine

SECOND_US = 1_000_000
BLOCK_US = 60_000


def block(pts_us: int, size: int = 480) -> AudioChunk:
    return AudioChunk(b"\x01" * size, pts_us, "mulaw")


def test_sound_that_comes_as_it_should_is_passed_on() -> None:
    line = SoundLine(0, "mulaw", 8000)
    assert line.take([block(n * BLOCK_US) for n in range(33)], 2 * SECOND_US) == b"\x01" * (33 * 480)


def test_sound_that_begins_later_than_the_picture_comes_at_its_moment() -> None:
    line = SoundLine(0, "mulaw", 8000)
    assert line.take([block(100_000)], 2 * SECOND_US).startswith(b"\xff" * 800 + b"\x01" * 480)


def test_a_hole_is_filled_with_silence_of_its_law() -> None:
    line = SoundLine(0, "alaw", 8000)
    taken = line.take([block(0), block(SECOND_US)], 2 * SECOND_US)
    assert taken == b"\x01" * 480 + b"\xd5" * 7520 + b"\x01" * 480


def test_jitter_leaves_no_trace() -> None:
    line = SoundLine(0, "mulaw", 8000)
    jittered = [block(n * BLOCK_US + (90_000 if n % 2 else -90_000) * (n > 0)) for n in range(33)]
    assert line.take(jittered, 2 * SECOND_US) == b"\x01" * (33 * 480)


def test_sound_that_stops_for_good_becomes_silence_and_nobody_waits_for_it() -> None:
    line = SoundLine(0, "mulaw", 8000)
    line.take([block(0)], 2 * SECOND_US)
    for gop in range(2, 10):
        assert line.take([], gop * 2 * SECOND_US) == b"\xff" * 16_000


def test_the_last_gop_is_filled_to_its_end() -> None:
    line = SoundLine(0, "mulaw", 8000)
    assert len(line.take([block(0)], 2 * SECOND_US, last=True)) == 16_000


def test_sound_that_overlaps_what_was_filled_is_not_heard_twice() -> None:
    line = SoundLine(0, "mulaw", 8000)
    filled = len(line.take([block(0)], 4 * SECOND_US))
    assert filled == (4 - LATE_S) * 8000
    assert line.take([block(round(2.5 * SECOND_US), 8000)], 4 * SECOND_US) == b"\x01" * 4000


@given(
    st.lists(st.tuples(st.integers(-(10**10), 10**10), st.integers(0, 2000)), max_size=30),
    st.lists(st.integers(1, 4 * SECOND_US), min_size=1, max_size=10),
)
def test_whatever_comes_the_line_stays_near_the_picture(wild: list[tuple[int, int]], gops: list[int]) -> None:
    line, written, end_us = SoundLine(0, "mulaw", 8000), 0, 0
    for number, gop_us in enumerate(gops):
        end_us += gop_us
        chunks = [block(pts_us, size) for pts_us, size in wild[number * 3 : number * 3 + 3]]
        written += len(line.take(chunks, end_us))
        assert written >= end_us * 8000 // SECOND_US - LATE_S * 8000
        assert written <= end_us * 8000 // SECOND_US + TOLERANCE_S * 8000 + 2000
