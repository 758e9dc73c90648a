"""Puts access units together out of RTP packets (RFC 3550; H.264: RFC 6184; H.265: RFC 7798). Pure."""

import struct
from dataclasses import dataclass

from backsight_agent.domain.annexb import START_CODE
from backsight_agent.domain.media import VideoCodec
from backsight_agent.domain.unusable import Unusable

UNIT_LIMIT = 8 * 1024 * 1024  # bytes; a 4K key frame is about 1 MiB
NTP_SECOND = 1 << 32
SENDER_REPORT = 200  # RTCP packet type

_HEAD = struct.Struct(">BBHII")
_REPORT = struct.Struct(">BBHIQI")


@dataclass(frozen=True, slots=True)
class Rtp:
    """One packet."""

    marker: bool
    payload_type: int
    sequence: int
    stamp: int
    payload: bytes


def rtp(data: bytes) -> Rtp:
    """Take a packet apart. Raises Unusable when it is none."""
    if len(data) < 12 or data[0] >> 6 != 2:
        raise Unusable(f"the camera sends {data[:16]!r} where an RTP packet should be")
    first, second, sequence, stamp, _ = _HEAD.unpack_from(data)
    start = 12 + 4 * (first & 0x0F)
    if first & 0x10:  # an extension
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    end = len(data) - data[-1] if first & 0x20 else len(data)  # padding
    return Rtp(bool(second & 0x80), second & 0x7F, sequence, stamp, data[start:end])


def sender_report(data: bytes) -> tuple[float, int] | None:
    """The camera's wall time (seconds) and the RTP stamp of that moment, from an RTCP packet; else None."""
    if len(data) < _REPORT.size or data[1] != SENDER_REPORT:
        return None
    _, _, _, _, ntp, stamp = _REPORT.unpack_from(data)
    return ntp / NTP_SECOND, stamp


class StampClock:
    """Makes seconds out of 32-bit stamps that begin anywhere and wrap round."""

    def __init__(self, hz: int, first: int) -> None:
        self._hz = hz
        self._last = first
        self._ticks = 0  # since the first stamp

    def us(self, stamp: int) -> int:
        """Microseconds since the first stamp; a stamp may also be a little older than the one before."""
        step = (stamp - self._last + 0x8000_0000) % 0x1_0000_0000 - 0x8000_0000
        self._ticks += step
        self._last = stamp
        return self._ticks * 1_000_000 // self._hz


class UnitBuilder:
    """Collects a track's packets into access units, each as Annex B."""

    def __init__(self, codec: VideoCodec) -> None:
        self._take = self._h264 if codec == "h264" else self._h265
        self._pieces: list[bytes] = []
        self._size = 0
        self._stamp: int | None = None
        self._sequence: int | None = None
        self._holed = False  # a packet of the present unit is missing

    def add(self, packet: Rtp) -> list[tuple[bytes, int]]:
        """The units that this packet completes, with their stamps: one, none, or the one before and this."""
        done = []
        if self._stamp is not None and packet.stamp != self._stamp:
            done += self._finish()
        self._holed |= self._sequence is not None and packet.sequence != (self._sequence + 1) & 0xFFFF
        self._sequence, self._stamp = packet.sequence, packet.stamp
        if packet.payload:
            self._take(packet.payload)
        if self._size > UNIT_LIMIT:
            raise Unusable(f"the camera sends a picture of more than {UNIT_LIMIT >> 20} MiB")
        if packet.marker:
            done += self._finish()
        return done

    def _finish(self) -> list[tuple[bytes, int]]:
        """A unit with a hole is not a picture that could be shown; it is left out."""
        unit, stamp, whole = b"".join(self._pieces), self._stamp or 0, not self._holed
        self._pieces, self._size, self._stamp, self._holed = [], 0, None, False
        return [(unit, stamp)] if unit and whole else []

    def _h264(self, payload: bytes) -> None:
        kind = payload[0] & 0x1F
        if kind == 28 and len(payload) > 2:  # FU-A
            head = bytes([payload[0] & 0xE0 | payload[1] & 0x1F])
            self._fragment(payload[1], head, payload[2:])
        elif kind == 24:  # STAP-A
            self._aggregate(payload, 1)
        elif 0 < kind < 24:
            self._append(START_CODE, payload)
        else:
            raise Unusable(f"the camera packs its H.264 video in a way that we do not read (type {kind})")

    def _h265(self, payload: bytes) -> None:
        kind = payload[0] >> 1 & 0x3F
        if kind == 49 and len(payload) > 3:  # FU
            head = bytes([payload[0] & 0x81 | (payload[2] & 0x3F) << 1, payload[1]])
            self._fragment(payload[2], head, payload[3:])
        elif kind == 48:  # AP
            self._aggregate(payload, 2)
        elif kind < 48:
            self._append(START_CODE, payload)
        else:
            raise Unusable(f"the camera packs its H.265 video in a way that we do not read (type {kind})")

    def _fragment(self, flags: int, head: bytes, rest: bytes) -> None:
        if flags & 0x80:  # the first of its NAL unit
            self._append(START_CODE, head)
        elif not self._pieces:
            self._holed = True
        self._append(rest)

    def _aggregate(self, payload: bytes, place: int) -> None:
        while place + 2 < len(payload):
            size = int.from_bytes(payload[place : place + 2], "big")
            self._append(START_CODE, payload[place + 2 : place + 2 + size])
            place += 2 + size

    def _append(self, *pieces: bytes) -> None:
        self._pieces += pieces
        self._size += sum(map(len, pieces))
