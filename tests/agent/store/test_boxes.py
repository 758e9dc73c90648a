"""What is read of MP4 boxes: our header, where whole fragments end, how long they last."""

import io

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_agent.adapters.muxer import AvMuxers
from backsight_agent.domain.boxes import (
    HEADER_BYTES,
    SegmentHeader,
    fragments_ms,
    make_header,
    parse_header,
    video_track,
    whole_fragments_end,
)
from backsight_agent.domain.media import Gop, VideoUnit
from fakes.clock import NOON_MS
from fakes.fmp4 import film, frames_in

HEADER = SegmentHeader("74fece010203", NOON_MS, NOON_MS + 10_000, 1)


@given(
    st.builds(
        SegmentHeader,
        camera=st.binary(min_size=6, max_size=6).map(bytes.hex),
        run_ms=st.integers(0, 2**62),
        start_ms=st.integers(0, 2**62),
        sequence=st.integers(0, 2**32 - 1),
    )
)
def test_a_header_is_read_as_it_was_written(header: SegmentHeader) -> None:
    assert parse_header(make_header(header) + b"more") == header


@given(st.binary(max_size=100))
def test_bytes_that_are_no_header_are_none(data: bytes) -> None:
    assert parse_header(data) is None


def test_a_header_of_another_version_is_none() -> None:
    data = bytearray(make_header(HEADER))
    data[24] = 2
    assert parse_header(bytes(data)) is None


def test_a_player_skips_the_header() -> None:
    init, fragments = film(2)
    assert frames_in(init + make_header(HEADER) + b"".join(fragments)) == 30


def test_whole_fragments_end_with_the_last_byte_of_the_last_one() -> None:
    _, fragments = film(3)
    data = make_header(HEADER) + b"".join(fragments)
    assert whole_fragments_end(data) == len(data)


@given(st.integers(0, 2**32))
def test_a_torn_fragment_is_cut_off_and_whole_ones_stay(place: int) -> None:
    _, fragments = film(3)
    data = make_header(HEADER) + b"".join(fragments)
    cut = HEADER_BYTES + place % (len(data) - HEADER_BYTES)
    ends = [HEADER_BYTES + sum(map(len, fragments[:count])) for count in (1, 2, 3)]
    assert whole_fragments_end(data[:cut]) == max([0, *(end for end in ends if end <= cut)])


def test_without_a_whole_fragment_there_is_no_end() -> None:
    assert whole_fragments_end(make_header(HEADER)) == 0
    assert whole_fragments_end(b"") == 0


@pytest.mark.parametrize("seconds", [1, 2, 3])
def test_fragments_last_as_long_as_their_video(seconds: int) -> None:
    init, fragments = film(3)
    track = video_track(init)
    assert track is not None
    assert fragments_ms(make_header(HEADER) + b"".join(fragments[3 - seconds :]), track) == seconds * 1000


async def test_the_recorders_own_fragments_are_read_too() -> None:
    init, fragments = film(1)
    unit = VideoUnit(_annexb(init, fragments[0]), 0, is_key=True)
    gop = Gop((unit,), (), 66_667)
    async with AvMuxers().open(gop) as muxer:
        data = await muxer.write(gop, None)
        track = video_track(muxer.init)
    assert track is not None
    assert fragments_ms(data, track) == 67
    assert whole_fragments_end(data) == len(data)


@given(st.binary(max_size=300))
def test_garbage_is_no_track_and_no_fragment_and_never_an_error(data: bytes) -> None:
    init, _ = film(1)
    track = video_track(init)
    assert track is not None
    assert video_track(data) is None
    assert fragments_ms(data, track) is None
    assert whole_fragments_end(data) <= len(data)


@given(st.data())
def test_damaged_fragments_never_raise(data: st.DataObject) -> None:
    init, fragments = film(1)
    track = video_track(init)
    assert track is not None
    damaged = bytearray(fragments[0])
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, 200))] = data.draw(st.integers(0, 255))
    length = fragments_ms(bytes(damaged), track)
    assert length is None or length > 0
    damaged_init = bytearray(init)
    damaged_init[data.draw(st.integers(0, len(init) - 1))] = data.draw(st.integers(0, 255))
    video_track(bytes(damaged_init))


def _annexb(init: bytes, fragment: bytes) -> bytes:
    """The first frame as a camera sends it."""
    with av.open(io.BytesIO(init + fragment), "r") as container:
        packet = next(container.demux(video=0))
        filtered = av.BitStreamFilterContext("h264_mp4toannexb", container.streams.video[0]).filter(packet)
        return bytes(filtered[0])
