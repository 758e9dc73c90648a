"""Segments, runs and camera identities refuse to exist when they are wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_shared.segment import Run, Segment, camera_id

CAMERA = "74fece010203"


@pytest.mark.parametrize(
    "mac",
    [
        "74:FE:CE:01:02:03",
        "74-fe-ce-01-02-03",
        "74fe.ce01.0203",
        "74FECE010203",
        " 74 fe ce 01 02 03\n",
    ],
)
def test_a_mac_is_the_same_camera_however_it_is_written(mac: str) -> None:
    assert camera_id(mac) == CAMERA


@pytest.mark.parametrize(
    "mac", ["", "74:FE:CE:01:02", "74:FE:CE:01:02:03:04", "74:FE:CE:01:02:0G", "٧٤fece010203"]
)
def test_what_is_no_mac_is_refused_with_an_example(mac: str) -> None:
    with pytest.raises(ValueError, match="74:FE:CE"):
        camera_id(mac)


@given(st.text(max_size=30))
def test_any_text_is_a_camera_or_refused(text: str) -> None:
    try:
        camera = camera_id(text)
    except ValueError:
        return
    assert len(camera) == 12
    assert camera_id(camera) == camera


@pytest.mark.parametrize(
    "camera", ["", "74:FE:CE:01:02:03", "74FECE010203", "../../../etc", "74fece010203\n"]
)
def test_only_an_identity_names_a_camera(camera: str) -> None:
    with pytest.raises(ValueError, match="identity"):
        Run(camera, 0)
    with pytest.raises(ValueError, match="identity"):
        Segment(camera, 0, 1, 0, 0, 1)


@pytest.mark.parametrize(("start", "end"), [(10, 10), (10, 9)])
def test_a_segment_ends_after_it_starts(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="end after"):
        Segment(CAMERA, start, end, 0, 0, 1)


@pytest.mark.parametrize(("sequence", "size"), [(0, 0), (0, -1), (-1, 1)])
def test_a_segment_has_bytes_and_a_place_in_its_run(sequence: int, size: int) -> None:
    with pytest.raises(ValueError, match="no bytes or no place"):
        Segment(CAMERA, 0, 1, 0, sequence, size)


def test_a_run_does_not_begin_before_1970() -> None:
    with pytest.raises(ValueError, match="1970"):
        Run(CAMERA, -1)


@given(st.lists(st.tuples(st.sampled_from([CAMERA, "0000deadbeef"]), st.integers(0, 99)), unique=True))
def test_segments_sort_by_camera_and_time(keys: list[tuple[str, int]]) -> None:
    segments = sorted(Segment(camera, start, start + 1, 0, 0, 1) for camera, start in keys)
    assert [(segment.camera, segment.start_ms) for segment in segments] == sorted(keys)
