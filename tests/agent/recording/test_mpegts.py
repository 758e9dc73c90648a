"""A transport stream is taken apart however its bytes are cut; a lost packet costs one picture."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_agent.domain.mpegts import PACKET, PES_LIMIT, Pes, StampLine, TsDemuxer
from backsight_agent.domain.unusable import Unusable
from simcam.transport import Transport

units = st.lists(st.tuples(st.booleans(), st.binary(min_size=1, max_size=700)), max_size=12)


def stream(given_units: list[tuple[bool, bytes]]) -> bytes:
    """Pictures (True) and sounds, 6,000 ticks apart, behind their tables; closed by one of each."""
    transport = Transport("h264", "alaw")
    out = [transport.tables()]
    for number, (is_video, data) in enumerate([*given_units, (True, b"end"), (False, b"end")]):
        put = transport.video if is_video else transport.sound
        out.append(put(data, number * 6_000))
    return b"".join(out)


def expected(given_units: list[tuple[bool, bytes]], is_video: bool) -> list[Pes]:
    kind = 0x1B if is_video else 0x90
    return [
        Pes(kind, number * 6_000, data)
        for number, (video, data) in enumerate(given_units)
        if video is is_video
    ]


@given(units, st.integers(1, 500))
def test_every_unit_comes_out_once_in_the_order_of_its_track(
    given_units: list[tuple[bool, bytes]], step: int
) -> None:
    data, demuxer, found = stream(given_units), TsDemuxer(), list[Pes]()
    for start in range(0, len(data), step):
        found += demuxer.feed(data[start : start + step])
    for is_video in (True, False):
        kind = 0x1B if is_video else 0x90
        own = [pes for pes in found if pes.stream_type == kind and pes.data != b"end"]
        assert own == expected(given_units, is_video)


def test_a_picture_that_lost_a_packet_is_left_out_and_no_other() -> None:
    transport = Transport("h264", None)
    whole = [transport.video(bytes([number]) * 1000, number * 6_000) for number in range(1, 4)]
    holed = whole[1][:PACKET] + whole[1][2 * PACKET :]
    found = TsDemuxer().feed(transport.tables() + whole[0] + holed + whole[2])
    assert [pes.data[0] for pes in found] == [1, 3]


def test_what_begins_in_the_middle_waits_for_its_tables() -> None:
    transport = Transport("h264", None)
    lost = transport.video(b"before", 0)
    found = TsDemuxer().feed(lost + transport.tables() + transport.video(b"after", 6_000))
    assert [pes.data for pes in found] == [b"after"]


def test_what_is_no_transport_stream_is_named() -> None:
    with pytest.raises(Unusable, match="TS packet"):
        TsDemuxer().feed(b"x" * PACKET)


def test_an_endless_picture_is_refused() -> None:
    transport, demuxer = Transport("h264", None), TsDemuxer()
    with pytest.raises(Unusable, match="MiB"):
        demuxer.feed(transport.tables() + transport.video(bytes(PES_LIMIT + 1), 0))


@given(st.binary(max_size=4 * PACKET))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    demuxer = TsDemuxer()
    with suppress(Unusable):
        demuxer.feed(stream([]) + data)


def test_time_goes_on_where_its_stamps_wrap_round() -> None:
    line, start = StampLine(), (1 << 33) - 9_000
    times = [line.us((start + step * 6_000) % (1 << 33)) for step in range(5)]
    assert all(abs(after - before - 66_667) <= 1 for before, after in pairwise(times))
