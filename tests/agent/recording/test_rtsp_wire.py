"""RTSP and RTP are read the same however their bytes are cut; anything else is named, never stored."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_agent.domain.annexb import START_CODE, byte_stream
from backsight_agent.domain.login import Login
from backsight_agent.domain.media import Arrival, AudioChunk, VideoUnit
from backsight_agent.domain.rtp import UNIT_LIMIT, Rtp, StampClock, UnitBuilder, rtp, sender_report
from backsight_agent.domain.rtp_units import RtpUnits
from backsight_agent.domain.rtsp import Answer, Packet, RtspReader, authorization, request
from backsight_agent.domain.sdp import Offer, offers
from backsight_agent.domain.unusable import Unusable
from simcam.rtp import Track, video_payloads

SPS, PPS, IDR, SLICE = b"\x67sps", b"\x68pps", b"\x65idr", b"\x41slice"
LOGIN = Login("Mufasa", "CircleOfLife")

packets = st.builds(Packet, st.integers(0, 3), st.binary(max_size=200))
bodies = st.builds(
    lambda body: Answer(200, "OK", {"cseq": "1", "content-length": str(len(body))}, body),
    st.binary(max_size=99),
)


def wire(items: list[Answer | Packet]) -> bytes:
    return b"".join(
        b"$" + bytes([item.channel]) + len(item.data).to_bytes(2, "big") + item.data
        if isinstance(item, Packet)
        else b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: %d\r\n\r\n" % len(item.body) + item.body
        for item in items
    )


def read(data: bytes, places: list[int]) -> list[Answer | Packet]:
    reader, edges = RtspReader(), [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [item for start, end in pairwise(edges) for item in reader.feed(data[start:end])]


def rtp_packet(
    stamp: int, payload: bytes, sequence: int = 0, marker: bool = True, payload_type: int = 96
) -> Packet:
    head = bytes([0x80, marker << 7 | payload_type]) + sequence.to_bytes(2, "big") + stamp.to_bytes(4, "big")
    return Packet(0 if payload_type == 96 else 2, head + b"ssrc" + payload)


def report(channel: int, wall_s: float, stamp: int) -> Packet:
    ntp = round(wall_s * (1 << 32)).to_bytes(8, "big")
    return Packet(channel, b"\x80\xc8\x00\x06ssrc" + ntp + stamp.to_bytes(4, "big") + bytes(8))


# ---- the conversation


@given(st.lists(st.one_of(packets, bodies), max_size=12), st.lists(st.integers(0, 10**5), max_size=20))
def test_any_cut_of_the_bytes_gives_the_same_packets_and_answers(
    items: list[Answer | Packet], places: list[int]
) -> None:
    assert read(wire(items), places) == items


@given(st.binary(max_size=2000), st.lists(st.integers(0, 2000), max_size=8))
def test_random_bytes_are_refused_or_waited_for_and_never_anything_else(
    noise: bytes, places: list[int]
) -> None:
    with suppress(Unusable):
        read(noise, places)


@pytest.mark.parametrize(
    "data", [b"HTTP/1.0 200 OK\r\n\r\n", b"220 mail\r\n", b"\x00\x01", b"RTSP/1.0 OK\r\n\r\n"]
)
def test_what_is_no_rtsp_is_named(data: bytes) -> None:
    with pytest.raises(Unusable, match="the camera"):
        read(data, [])


def test_an_answer_without_an_end_is_refused() -> None:
    with pytest.raises(Unusable, match="no end"):
        read(b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 5000, [])


def test_an_answer_with_an_absurd_length_is_refused() -> None:
    with pytest.raises(Unusable, match="999999999"):
        read(b"RTSP/1.0 200 OK\r\nContent-Length: 999999999\r\n\r\n", [])


def test_a_connection_that_closes_inside_a_packet_is_truncated() -> None:
    reader = RtspReader()
    reader.feed(wire([Packet(0, b"x" * 50)])[:-1])
    with pytest.raises(Unusable, match="in the middle of a packet"):
        reader.finish()


def test_a_request_is_lines_with_an_empty_one_behind() -> None:
    asked = request("PLAY", "rtsp://h/s", 3, {"Range": "npt=0.000-"})
    assert asked.startswith(b"PLAY rtsp://h/s RTSP/1.0\r\nCSeq: 3\r\n")
    assert asked.endswith(b"Range: npt=0.000-\r\n\r\n")


def test_the_digest_login_is_that_of_the_standard() -> None:
    """RFC 2069, 2.4, with its well-known erratum's response."""
    challenge = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc"'
    answer = authorization(challenge, LOGIN, "GET", "/dir/index.html") or ""
    assert 'response="1949323746fe6a43ef61f9606e7febea"' in answer
    assert 'opaque="5ccc"' in answer
    assert "Circle" not in answer


@pytest.mark.parametrize(
    "challenge",
    ['Basic realm="x"\nDigest realm="x", nonce="n"', 'Digest realm="x", nonce="n"\nBasic realm="x"'],
)
def test_digest_is_taken_where_basic_is_offered_too(challenge: str) -> None:
    assert (authorization(challenge, LOGIN, "PLAY", "rtsp://h") or "").startswith("Digest ")


def test_basic_is_answered_where_nothing_else_is_offered() -> None:
    assert authorization('Basic realm="x"', LOGIN, "PLAY", "u") == "Basic TXVmYXNhOkNpcmNsZU9mTGlmZQ=="


def test_an_unknown_kind_of_login_is_not_answered() -> None:
    assert authorization("Negotiate abc", LOGIN, "PLAY", "u") is None


# ---- the offer


def test_a_tapo_cameras_offer_is_understood() -> None:
    described = (
        "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n"
        "a=fmtp:96 packetization-mode=1; profile-level-id=4D0029; sprop-parameter-sets=Z3Nwcw==,aHBwcw==\r\n"
        "m=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=control:track2\r\n"
        "m=application/octet-stream 0 RTP/AVP 105\r\na=control:track3\r\n"
    )
    video, audio, data = offers(described)
    assert video == Offer("video", 96, "h264", 90_000, "track1", (SPS, PPS))
    assert audio == Offer("audio", 8, "alaw", 8000, "track2")
    assert data.codec is None


def test_h265_with_its_three_parameter_sets_is_understood() -> None:
    described = (
        "m=video 0 RTP/AVP 98\na=rtpmap:98 H265/90000\na=fmtp:98 sprop-vps=dg==;sprop-sps=cw==;sprop-pps=cA=="
    )
    assert offers(described) == [Offer("video", 98, "hevc", 90_000, "", (b"v", b"s", b"p"))]


def test_sound_at_sixteen_kilohertz_keeps_its_rate() -> None:
    (audio,) = offers("m=audio 0 RTP/AVP 97\na=rtpmap:97 PCMU/16000/1")
    assert (audio.codec, audio.clock_hz) == ("mulaw", 16_000)


@pytest.mark.parametrize(
    "line", ["a=rtpmap:97 MPEG4-GENERIC/16000/1", "a=rtpmap:97 PCMU/8000/2", "a=rtpmap:97 ?"]
)
def test_what_we_do_not_record_has_no_codec(line: str) -> None:
    assert offers(f"m=audio 0 RTP/AVP 97\n{line}")[0].codec is None


@given(st.text(max_size=300))
def test_no_description_whatever_raises_anything(text: str) -> None:
    offers(text)
    offers(f"m=video 0 RTP/AVP 96\na=fmtp:96 {text}\na=rtpmap:96 {text}")


# ---- packets


@given(st.lists(st.binary(min_size=1, max_size=4000), min_size=1, max_size=5), st.integers(0, 2**32 - 1))
def test_what_a_camera_cuts_into_packets_is_put_together_again(nals: list[bytes], stamp: int) -> None:
    units = [b"\x41" + nal for nal in nals]
    track = Track(96, 90_000, 1, 65_530, stamp, 0)
    sent = RtspReader().feed(track.interleaved(video_payloads(tuple(units), "h264"), 0))
    builder = UnitBuilder("h264")
    built = [unit for item in sent if isinstance(item, Packet) for unit in builder.add(rtp(item.data))]
    assert built == [(byte_stream(units), stamp)]


def test_aggregated_units_are_taken_apart() -> None:
    stap = b"\x78" + b"".join(len(nal).to_bytes(2, "big") + nal for nal in (SPS, PPS, IDR))
    assert UnitBuilder("h264").add(Rtp(True, 96, 0, 1, stap)) == [(byte_stream([SPS, PPS, IDR]), 1)]


def test_h265_units_are_put_together_from_fragments_and_aggregates() -> None:
    builder = UnitBuilder("hevc")
    vps, sps = b"\x40\x01v", b"\x42\x01s"
    aggregate = b"\x60\x01" + b"".join(len(nal).to_bytes(2, "big") + nal for nal in (vps, sps))
    assert builder.add(Rtp(False, 96, 0, 1, aggregate)) == []
    assert builder.add(Rtp(False, 96, 1, 1, b"\x62\x01\x93ab")) == []  # FU, start, type 19
    assert builder.add(Rtp(True, 96, 2, 1, b"\x62\x01\x53cd")) == [
        (byte_stream([vps, sps, b"\x26\x01abcd"]), 1)
    ]


def test_a_unit_ends_at_the_next_stamp_when_the_marker_is_missing() -> None:
    builder = UnitBuilder("h264")
    assert builder.add(Rtp(False, 96, 0, 1, SLICE)) == []
    assert builder.add(Rtp(True, 96, 1, 2, IDR)) == [(START_CODE + SLICE, 1), (START_CODE + IDR, 2)]


def test_a_picture_with_a_missing_packet_is_left_out() -> None:
    builder = UnitBuilder("h264")
    assert builder.add(Rtp(False, 96, 0, 1, b"\x7c\x85ab")) == []
    assert builder.add(Rtp(True, 96, 2, 1, b"\x7c\x45cd")) == []
    assert builder.add(Rtp(True, 96, 3, 2, SLICE)) == [(START_CODE + SLICE, 2)]


def test_a_picture_has_a_bound() -> None:
    builder = UnitBuilder("h264")
    with pytest.raises(Unusable, match="8 MiB"):
        _ = [
            builder.add(Rtp(False, 96, n & 0xFFFF, 1, b"\x41" + bytes(60_000)))
            for n in range(UNIT_LIMIT // 50_000)
        ]


@given(st.binary(max_size=100))
def test_random_packets_are_refused_or_ignored(data: bytes) -> None:
    units = RtpUnits([(Offer("video", 96, "h264"), 0, None), (Offer("audio", 8, "alaw", 8000), 2, None)])
    for channel in range(5):
        with suppress(Unusable):
            list(units.take(Packet(channel, data), 0.0))
    sender_report(data)


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(-(2**20), 2**20), max_size=50))
def test_stamps_that_wrap_round_go_on_counting(first: int, steps: list[int]) -> None:
    clock, ticks = StampClock(90_000, first), 0
    for step in steps:
        ticks += step
        assert clock.us((first + ticks) % 2**32) == ticks * 1_000_000 // 90_000


# ---- one media clock


def both(told: tuple[int, int] | None = None) -> RtpUnits:
    video, audio = told or (None, None)
    return RtpUnits(
        [(Offer("video", 96, "h264", sets=(SPS, PPS)), 0, video), (Offer("audio", 8, "alaw", 8000), 2, audio)]
    )


def made(units: RtpUnits, *arriving: tuple[Packet, float]) -> list[Arrival]:
    return [arrival for packet, at in arriving for arrival in units.take(packet, at)]


def test_what_the_camera_tells_of_its_stamps_joins_picture_and_sound() -> None:
    picture, heard = made(
        both(told=(1000, 5000)),
        (rtp_packet(1000 + 9000, IDR), 7.0),
        (rtp_packet(5000 + 400, b"x", payload_type=8), 9.0),
    )
    assert (picture.unit.pts_us, heard.unit.pts_us) == (100_000, 50_000)


def test_without_that_they_are_joined_by_their_arrival() -> None:
    picture, heard = made(both(), (rtp_packet(77, IDR), 7.0), (rtp_packet(99, b"x", payload_type=8), 7.25))
    assert (picture.unit.pts_us, heard.unit.pts_us) == (0, 250_000)


def test_sender_reports_move_the_sound_and_never_the_picture() -> None:
    units = both()
    before = made(units, (rtp_packet(0, IDR), 7.0), (rtp_packet(0, b"x", payload_type=8), 7.5))
    made(units, (report(1, 100.0, 0), 7.5), (report(3, 100.1, 0), 7.5))
    after = made(units, (rtp_packet(90_000, SLICE, 1), 8.0), (rtp_packet(8000, b"x", 1, payload_type=8), 8.5))
    assert [arrival.unit.pts_us for arrival in before] == [0, 500_000]
    assert [arrival.unit.pts_us for arrival in after] == [1_000_000, 1_100_000]


def test_reports_that_cannot_be_true_are_ignored() -> None:
    units = both()
    made(units, (rtp_packet(0, IDR), 7.0), (rtp_packet(0, b"x", payload_type=8), 7.0))
    made(units, (report(1, 100.0, 0), 7.5), (report(3, 4_000_000.0, 0), 7.5))
    (heard,) = made(units, (rtp_packet(8000, b"x", 1, payload_type=8), 8.0))
    assert heard.unit.pts_us == 1_000_000


def test_key_frames_carry_the_parameter_sets_of_the_offer() -> None:
    (picture,) = made(both(), (rtp_packet(0, IDR), 7.0))
    assert picture.unit == VideoUnit(byte_stream([SPS, PPS, IDR]), 0, is_key=True)


def test_sound_keeps_its_law_and_rate() -> None:
    units = RtpUnits([(Offer("video", 96, "h264"), 0, None), (Offer("audio", 97, "mulaw", 16_000), 2, None)])
    (heard,) = made(units, (rtp_packet(0, b"abc", payload_type=97), 7.0))
    assert heard.unit == AudioChunk(b"abc", 0, "mulaw", 16_000)
