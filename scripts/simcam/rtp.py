"""Packs H.264 (RFC 6184), H.265 (RFC 7798) and sound into RTP, and that into RTSP (RFC 2326, 10.12)."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

MTU = 1400  # bytes of payload; cameras stay below Ethernet's 1500 even inside TCP
FU_A = 28  # NAL unit type of a fragment
FU_H265 = 49
SENDER_REPORT = 200  # RTCP packet type
NTP_EPOCH_S = 2_208_988_800  # from 1900 to 1970


@dataclass
class Track:
    """The state of one RTP stream inside a connection."""

    payload_type: int
    clock_rate: int
    ssrc: int
    sequence: int
    first_stamp: int
    channel: int = 0
    packets: int = 0
    octets: int = 0

    def interleaved(self, payloads: Sequence[bytes], elapsed: int) -> bytes:
        """Payloads of one moment, `elapsed` ticks after the epoch; the last one carries the marker."""
        out = []
        for i, payload in enumerate(payloads, start=1):
            marker = 0x80 if i == len(payloads) and self.clock_rate == VIDEO_CLOCK else 0
            head = struct.pack(
                ">BBHII",
                0x80,
                marker | self.payload_type,
                self.sequence,
                self.stamp(elapsed),
                self.ssrc,
            )
            out.append(_framed(self.channel, head + payload))
            self.sequence = self.sequence + 1 & 0xFFFF
            self.packets += 1
            self.octets += len(payload)
        return b"".join(out)

    def sender_report(self, elapsed: int, wall_ms: float) -> bytes:
        """Ties this track's time to the wall clock."""
        seconds, rest_ms = divmod(wall_ms, 1000)
        body = struct.pack(
            ">IIIIII",
            self.ssrc,
            int(seconds) + NTP_EPOCH_S & 0xFFFFFFFF,
            int(rest_ms / 1000 * 2**32) & 0xFFFFFFFF,
            self.stamp(elapsed),
            self.packets & 0xFFFFFFFF,
            self.octets & 0xFFFFFFFF,
        )
        head = struct.pack(">BBH", 0x80, SENDER_REPORT, len(body) // 4)
        return _framed(self.channel + 1, head + body)

    def stamp(self, elapsed: int) -> int:
        """The RTP timestamp of a moment."""
        return self.first_stamp + elapsed & 0xFFFFFFFF


VIDEO_CLOCK = 90_000  # Hz


def video_payloads(units: Sequence[bytes], codec: str) -> list[bytes]:
    """An access unit's NAL units as RTP payloads: whole where they fit, else in fragments."""
    fragments = _fragments if codec == "h264" else _h265_fragments
    payloads: list[bytes] = []
    for unit in units:
        payloads += [unit] if len(unit) <= MTU else fragments(unit)
    return payloads


def _fragments(unit: bytes) -> list[bytes]:
    indicator, kind = unit[0] & 0xE0 | FU_A, unit[0] & 0x1F
    step = MTU - 2
    starts = range(1, len(unit), step)
    return [
        bytes([indicator, kind | (0x80 if start == 1 else 0) | (0x40 if start + step >= len(unit) else 0)])
        + unit[start : start + step]
        for start in starts
    ]


def _h265_fragments(unit: bytes) -> list[bytes]:
    head = bytes([unit[0] & 0x81 | FU_H265 << 1, unit[1]])
    kind, step = unit[0] >> 1 & 0x3F, MTU - 3
    return [
        head
        + bytes([kind | (0x80 if start == 2 else 0) | (0x40 if start + step >= len(unit) else 0)])
        + unit[start : start + step]
        for start in range(2, len(unit), step)
    ]


def _framed(channel: int, packet: bytes) -> bytes:
    return struct.pack(">cBH", b"$", channel, len(packet)) + packet
