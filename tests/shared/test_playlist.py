"""Playlists and clips: what follows on each other is played on, what does not is marked."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from backsight_shared.playlist import Addresses, media_playlist, unbroken
from backsight_shared.segment import Segment

CAMERA, NOON_MS = "74fece010203", 1_795_521_600_000
ADDRESSES = Addresses(init=lambda run_ms: f"runs/{run_ms}.mp4", segment=lambda start_ms: f"{start_ms}.m4s")


def a_segment(number: int, *, run: int = 0, sequence: int | None = None, length_ms: int = 10_000) -> Segment:
    start_ms = NOON_MS + number * 10_000
    place = number if sequence is None else sequence
    return Segment(CAMERA, start_ms, start_ms + length_ms, NOON_MS + run, place, 1)


def lines(*segments: Segment, ended: bool = True) -> list[str]:
    return media_playlist(segments, ADDRESSES, ended=ended).splitlines()


def test_a_playlist_of_one_run_in_full() -> None:
    assert lines(a_segment(0), a_segment(1, length_ms=10_534)) == [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-TARGETDURATION:11",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        f'#EXT-X-MAP:URI="runs/{NOON_MS}.mp4"',
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-24T12:00:00.000Z",
        "#EXTINF:10.000,",
        f"{NOON_MS}.m4s",
        "#EXT-X-PROGRAM-DATE-TIME:2026-11-24T12:00:10.000Z",
        "#EXTINF:10.534,",
        f"{NOON_MS + 10_000}.m4s",
        "#EXT-X-ENDLIST",
    ]


def test_a_playlist_that_grows_has_no_end_yet() -> None:
    found = lines(a_segment(0), ended=False)
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in found
    assert "#EXT-X-ENDLIST" not in found


def test_an_empty_playlist_is_one() -> None:
    assert lines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-TARGETDURATION:1",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        "#EXT-X-ENDLIST",
    ]


def test_another_run_is_a_discontinuity_with_an_init_of_its_own() -> None:
    found = lines(a_segment(0), a_segment(1, run=10_000, sequence=0))
    place = found.index("#EXT-X-DISCONTINUITY")
    assert found[place + 1] == f'#EXT-X-MAP:URI="runs/{NOON_MS + 10_000}.mp4"'
    assert found.count("#EXT-X-DISCONTINUITY") == 1


def test_a_missing_segment_is_a_discontinuity_too() -> None:
    assert lines(a_segment(0), a_segment(2)).count("#EXT-X-DISCONTINUITY") == 1


def test_milliseconds_are_exact_in_a_date() -> None:
    segment = Segment(CAMERA, NOON_MS + 7, NOON_MS + 1000, NOON_MS, 0, 1)
    assert "#EXT-X-PROGRAM-DATE-TIME:2026-11-24T12:00:00.007Z" in lines(segment)


SEGMENTS = st.lists(
    st.tuples(st.integers(0, 2), st.booleans(), st.integers(1, 20_000)), min_size=1, max_size=20
)


@st.composite
def recordings(draw: st.DrawFn) -> list[Segment]:
    """Runs one after the other, with holes in them."""
    found, at_ms, sequence, run_ms = [], NOON_MS, 0, NOON_MS
    for gap, new_run, length_ms in draw(SEGMENTS):
        at_ms += gap * 10_000
        sequence += gap
        if new_run:
            sequence, run_ms = 0, at_ms
        found.append(Segment(CAMERA, at_ms, at_ms + length_ms, run_ms, sequence, 1))
        at_ms, sequence = at_ms + length_ms, sequence + 1
    return found


@given(recordings())
def test_parts_are_everything_in_order_and_each_is_without_a_break(segments: list[Segment]) -> None:
    parts = unbroken(segments)
    assert [segment for part in parts for segment in part] == segments
    for part in parts:
        assert len({segment.run_ms for segment in part}) == 1
        assert [segment.sequence - part[0].sequence for segment in part] == list(range(len(part)))


@given(recordings())
def test_two_parts_that_follow_each_other_could_not_be_one(segments: list[Segment]) -> None:
    parts = unbroken(segments)
    for before, after in pairwise(parts):
        same_run = before[-1].run_ms == after[0].run_ms
        assert not (same_run and before[-1].sequence + 1 == after[0].sequence)


@given(recordings())
def test_no_segment_is_longer_than_the_target_duration_says(segments: list[Segment]) -> None:
    found = lines(*segments)
    target = int(next(line for line in found if "TARGETDURATION" in line).partition(":")[2])
    lengths = [float(line[8:-1]) for line in found if line.startswith("#EXTINF:")]
    assert len(lengths) == len(segments)
    assert max(lengths) <= target
