"""Byte streams are taken apart into NAL units, and key frames carry their parameter sets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_agent.domain.annexb import (
    HELD_LIMIT,
    AccessUnits,
    byte_stream,
    is_key,
    nal_units,
    parameter_sets,
)
from backsight_agent.domain.media import VideoCodec

SPS, PPS, IDR, SLICE, SEI = b"\x67sps", b"\x68pps", b"\x65idr", b"\x41slice", b"\x06sei"
VPS_265, SPS_265, PPS_265, IDR_265, SLICE_265 = (
    b"\x40\x01v",
    b"\x42\x01s",
    b"\x44\x01p",
    b"\x26\x01i",
    b"\x02\x01t",
)

nals = st.lists(
    st.binary(min_size=1, max_size=40).filter(lambda nal: b"\x00\x00" not in nal and nal[-1] != 0), max_size=6
)


@given(nals)
def test_what_was_put_together_comes_apart_again(units: list[bytes]) -> None:
    assert nal_units(byte_stream(units)) == units


@given(nals, st.data())
def test_short_start_codes_and_padding_make_no_difference(units: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(b"\x00" * data.draw(st.integers(2, 5)) + b"\x01" + unit for unit in units)
    assert nal_units(stream) == units


@given(st.binary(max_size=200))
def test_no_bytes_whatever_raise_anything(data: bytes) -> None:
    for codec in ("h264", "hevc"):
        AccessUnits(codec).take(data)  # type: ignore[arg-type]


def test_bytes_that_are_no_annex_b_have_no_nal_units() -> None:
    assert nal_units(b"hello\x00\x00\x01world") == []


@pytest.mark.parametrize(
    ("codec", "units", "expected"),
    [
        ("h264", [SPS, PPS, IDR], True),
        ("h264", [SEI, IDR], True),
        ("h264", [SLICE], False),
        ("h264", [SEI, SLICE], False),
        ("h264", [SPS, PPS], False),
        ("hevc", [VPS_265, SPS_265, PPS_265, IDR_265], True),
        ("hevc", [b"\x2a\x01cra"], True),
        ("hevc", [SLICE_265], False),
    ],
)
def test_a_key_frame_is_known_by_its_first_picture(
    codec: VideoCodec, units: list[bytes], expected: bool
) -> None:
    assert is_key(byte_stream(units), codec) is expected


def test_the_parameter_sets_are_found_each_once() -> None:
    assert parameter_sets(byte_stream([SPS, PPS, SPS, SEI, IDR]), "h264") == (SPS, PPS)
    assert parameter_sets(byte_stream([VPS_265, SPS_265, PPS_265, IDR_265]), "hevc") == (
        VPS_265,
        SPS_265,
        PPS_265,
    )


def test_parameter_sets_that_came_alone_are_put_in_front_of_the_next_picture() -> None:
    whole = AccessUnits("h264")
    assert whole.take(byte_stream([SPS, PPS])) is None
    assert whole.take(byte_stream([IDR])) == (byte_stream([SPS, PPS, IDR]), True)


def test_parameter_sets_that_came_once_are_repeated_for_every_key_frame() -> None:
    whole = AccessUnits("h264")
    whole.take(byte_stream([SPS, PPS, IDR]))
    assert whole.take(byte_stream([IDR])) == (byte_stream([SPS, PPS, IDR]), True)


def test_parameter_sets_from_the_session_description_serve_as_well() -> None:
    whole = AccessUnits("h264", sets=(SPS, PPS))
    assert whole.take(byte_stream([IDR])) == (byte_stream([SPS, PPS, IDR]), True)


def test_a_key_frame_without_any_parameter_sets_cannot_begin_a_run() -> None:
    assert AccessUnits("h264").take(byte_stream([IDR])) == (byte_stream([IDR]), False)


def test_a_camera_that_never_sends_a_picture_does_not_fill_the_memory() -> None:
    whole = AccessUnits("h264")
    for _ in range(100):
        whole.take(byte_stream([SEI + b"x" * 10_000]))
    taken = whole.take(byte_stream([SLICE]))
    assert taken
    assert len(taken[0]) < HELD_LIMIT + 100
