"""The Kasa stream is read the same however its bytes are cut; what is no such stream is named."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_agent.domain.multipart import (
    CHUNK_LINE_LIMIT,
    HEAD_LIMIT,
    PART_HEAD_LIMIT,
    PART_LIMIT,
    MultipartReader,
    Part,
)
from backsight_agent.domain.unusable import Unusable

HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=data-boundary--\r\n"
FRAMINGS = ["plain", "minus-one", "chunked"]

parts_lists = st.lists(
    st.builds(
        Part,
        st.sampled_from(["video/x-h264", "audio/g711u"]),
        st.binary(max_size=300),
        st.one_of(st.none(), st.integers(0, 4 * 10**15)),
    ),
    max_size=8,
)


def wire(parts: list[Part], framing: str = "plain", chunk: int = 100) -> bytes:
    body = b"".join(part_bytes(part) for part in parts)
    if framing == "minus-one":
        return HEAD + b"Content-Length: -1\r\n\r\n" + body
    if framing == "plain":
        return HEAD + b"\r\n" + body
    pieces = [body[start : start + chunk] for start in range(0, len(body), chunk)]
    chunks = b"".join(b"%X\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks


def part_bytes(part: Part) -> bytes:
    stamp = b"" if part.stamp_us is None else b"X-Timestamp: %.6f\r\n" % (part.stamp_us / 1e6)
    length = b"Content-Length: %d\r\n" % len(part.body)
    head = b"--data-boundary--\r\nContent-Type: " + part.kind.encode() + b"\r\n" + length + stamp + b"\r\n"
    return head + part.body + b"\r\n"


def read(pieces: list[bytes]) -> list[Part]:
    reader = MultipartReader()
    return [part for piece in pieces for part in reader.feed(piece)]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@pytest.mark.parametrize("framing", FRAMINGS)
@given(parts=parts_lists, places=st.lists(st.integers(0, 10**6), max_size=30), chunk=st.integers(1, 400))
def test_any_cut_of_the_bytes_gives_the_same_parts(
    framing: str, parts: list[Part], places: list[int], chunk: int
) -> None:
    assert read(cut(wire(parts, framing, chunk), places)) == parts


@pytest.mark.parametrize("framing", FRAMINGS)
def test_bytes_that_come_one_by_one_give_the_same_parts(framing: str) -> None:
    parts = [Part("video/x-h264", b"\r\n--data-boundary--\r\n", 1_000_000), Part("audio/g711u", b"", None)]
    data = wire(parts, framing, chunk=7)
    assert read([data[place : place + 1] for place in range(len(data))]) == parts


@given(
    st.binary(max_size=3000), st.lists(st.integers(0, 3000), max_size=10), st.sampled_from(["", *FRAMINGS])
)
def test_random_bytes_are_refused_or_waited_for_and_never_anything_else(
    noise: bytes, places: list[int], behind: str
) -> None:
    start = wire([Part("video/x-h264", b"x", 1)], behind) if behind else b""
    with suppress(Unusable):
        read(cut(start + noise, places))


@given(st.binary(min_size=1, max_size=200), st.sampled_from(["", *FRAMINGS]))
def test_memory_is_bounded_whatever_comes(pattern: bytes, behind: str) -> None:
    reader = MultipartReader()
    bound = max(HEAD_LIMIT, PART_HEAD_LIMIT, CHUNK_LINE_LIMIT) + 65_536
    with suppress(Unusable):
        reader.feed(wire([], behind) if behind else b"")
        for _ in range(40):
            reader.feed((pattern * 65_536)[:65_536])
            assert len(reader._buffer) <= max(bound, PART_LIMIT + 65_536)


def test_the_status_is_known_as_soon_as_the_head_has_come() -> None:
    reader = MultipartReader()
    assert reader.status is None
    assert reader.feed(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 5\r\n\r\nGo!\r\n") == []
    assert reader.status == 401


def test_a_blank_line_in_front_of_the_first_part_is_no_chunk() -> None:
    part = Part("video/x-h264", b"x", None)
    assert read([HEAD + b"\r\n", b"\r\n", part_bytes(part)]) == [part]


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"RTSP/1.0 200 OK\r\n\r\n", "RTSP/1.0 200 OK"),
        (b"HTTP/1.0 OK\r\n\r\n", "HTTP/1.0 OK"),
        (b"HTTP/1.0 200 OK\r\nX: " + b"y" * HEAD_LIMIT, "no end"),
        (HEAD + b"\r\n<html>oh", "<html>oh"),
        (wire([Part("video/x-h264", b"abc", None)]) + b"\x93\x11garbage", r"\\x93\\x11garbage"),
        (HEAD + b"\r\n--b\r\nContent-Length: -1\r\n\r\n", "'-1'"),
        (HEAD + b"\r\n--b\r\nContent-Type: video/x-h264\r\n\r\n", "Content-Length ''"),
        (HEAD + b"\r\n--b\r\nContent-Length: 99999999\r\n\r\n", "99999999"),
        (HEAD + b"\r\n--b\r\nContent-Length: 3\r\nX-Timestamp: soon\r\n\r\n", "'soon'"),
        (HEAD + b"\r\n--b\r\nContent-Length: 3\r\nX-Timestamp: nan\r\n\r\n", "'nan'"),
        (HEAD + b"\r\n--b\r\n" + b"X: y\r\n" * 1000, "no end"),
    ],
)
def test_what_is_no_such_stream_is_named(data: bytes, named: str) -> None:
    with pytest.raises(Unusable, match=named):
        read([data])


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("missing", [3, 60, 20])
def test_a_stream_that_is_cut_inside_a_part_is_truncated(framing: str, missing: int) -> None:
    reader = MultipartReader()
    data = wire([Part("video/x-h264", b"x" * 50, 1)] * 2, framing)
    reader.feed(data[:-missing] if framing != "chunked" else data[: -missing - 2])
    with pytest.raises(Unusable, match="in the middle of a part"):
        reader.finish()


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_stream_that_ends_between_two_parts_just_ends(framing: str) -> None:
    reader = MultipartReader()
    reader.feed(wire([Part("video/x-h264", b"x" * 50, 1)], framing))
    reader.finish()


def test_an_answer_that_breaks_off_in_its_head_is_truncated() -> None:
    reader = MultipartReader()
    reader.feed(b"HTTP/1.0 200 OK\r\nCont")
    with pytest.raises(Unusable, match="in the middle of its answer"):
        reader.finish()
