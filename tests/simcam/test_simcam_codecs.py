"""The wire formats agree with the real clients and decoders."""

import array
from collections.abc import Callable

import av
import pytest
from kasa.transports.xortransport import XorEncryption

from simcam import sound
from simcam.multipart import CHUNK_LIMIT, Framing, framed, part, response_head
from simcam.rtp import MTU, VIDEO_CLOCK, Track, video_payloads
from simcam.xor import decrypted, encrypted


def ffmpeg_samples(law: str, coded: bytes) -> list[int]:
    decoder = av.AudioCodecContext.create(f"pcm_{law}", "r")
    assert isinstance(decoder, av.AudioCodecContext)
    decoder.sample_rate, decoder.layout = sound.SAMPLE_RATE, "mono"
    samples = array.array("h")
    for frame in decoder.decode(av.Packet(coded)):
        samples.frombytes(bytes(frame.planes[0])[: frame.samples * 2])
    return list(samples)


def a_track() -> Track:
    return Track(payload_type=96, clock_rate=VIDEO_CLOCK, ssrc=1, sequence=65_535, first_stamp=2**32 - 1)


def test_what_we_encrypt_python_kasa_reads() -> None:
    assert XorEncryption.decrypt(encrypted({"system": {"ä": 1}})) == '{"system": {"\\u00e4": 1}}'


def test_what_python_kasa_encrypts_we_read() -> None:
    assert decrypted(XorEncryption.encrypt('{"a":{"b":{}}}')[4:]) == {"a": {"b": {}}}


def test_what_is_no_message_is_refused() -> None:
    with pytest.raises(ValueError):
        decrypted(b"hello")


@pytest.mark.parametrize(
    ("law", "codec", "encode"), [("ulaw", "mulaw", sound.ulaw), ("alaw", "alaw", sound.alaw)]
)
def test_g711_means_the_same_to_ffmpeg(law: str, codec: str, encode: Callable[[int], int]) -> None:
    wanted = list(range(-32_000, 32_000, 97))
    heard = ffmpeg_samples(codec, bytes(encode(sample) for sample in wanted))
    assert all(abs(a - b) <= max(32, abs(a) / 16) for a, b in zip(wanted, heard, strict=True))


def test_the_tone_goes_round_in_whole_blocks() -> None:
    assert len(sound.tone("ulaw")) == sound.CYCLE_BLOCKS * sound.BLOCK_SAMPLES
    assert sound.block("alaw", sound.CYCLE_BLOCKS + 3) == sound.block("alaw", 3)


def test_a_part_looks_as_the_cameras_write_it() -> None:
    assert part("video/x-h264", b"abc", 1_066_666) == (
        b"--data-boundary--\r\nContent-Type: video/x-h264\r\nContent-Length: 3\r\n"
        b"X-Timestamp: 1.066666\r\n\r\nabc\r\n"
    )


def test_a_part_without_a_time_has_no_such_header() -> None:
    assert b"X-Timestamp" not in part("audio/g711u", b"", None)


def test_the_bent_framings_announce_themselves() -> None:
    assert b"\r\nContent-Length: -1\r\n" in response_head(Framing.MINUS_ONE)
    assert b"\r\nTransfer-Encoding: chunked\r\n" in response_head(Framing.CHUNKED)
    assert all(response_head(framing).startswith(b"HTTP/1.0 200 OK\r\n") for framing in Framing)


def test_a_long_part_spans_several_chunks() -> None:
    wire = framed(Framing.CHUNKED, b"x" * (CHUNK_LIMIT + 5))
    assert wire == b"4000\r\n" + b"x" * CHUNK_LIMIT + b"\r\n5\r\nxxxxx\r\n"


def test_a_small_nal_unit_is_sent_whole() -> None:
    assert video_payloads([b"\x67abc"], "h264") == [b"\x67abc"]


def test_a_large_nal_unit_is_sent_in_fragments_that_join_again() -> None:
    unit = b"\x65" + bytes(range(256)) * 20
    payloads = video_payloads([unit], "h264")
    assert all(len(payload) <= MTU and payload[0] == 0x60 | 28 for payload in payloads)
    assert [payload[1] >> 6 for payload in payloads] == [2, *[0] * (len(payloads) - 2), 1]
    assert b"\x65" + b"".join(payload[2:] for payload in payloads) == unit


def test_only_the_last_packet_of_a_frame_is_marked_and_numbers_wrap() -> None:
    wire = a_track().interleaved([b"a", b"b"], elapsed=1)
    first, second = wire[4:17], wire[21:34]
    assert [packet[1] for packet in (first, second)] == [96, 0x80 | 96]
    assert [int.from_bytes(packet[2:4], "big") for packet in (first, second)] == [65_535, 0]
    assert first[4:8] == second[4:8] == b"\x00\x00\x00\x00"


def test_a_sender_report_ties_the_track_to_the_wall_clock() -> None:
    report = a_track().sender_report(elapsed=0, wall_ms=500.0)
    assert report[:8] == b"$\x01\x00\x1c\x80\xc8\x00\x06"
    assert report[12:20] == (2_208_988_800).to_bytes(4, "big") + (2**31).to_bytes(4, "big")
