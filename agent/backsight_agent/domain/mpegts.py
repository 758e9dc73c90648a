"""Takes an MPEG transport stream apart (ISO/IEC 13818-1): its tracks' PES packets with their times. Pure."""

from dataclasses import dataclass, field

from backsight_agent.domain.unusable import Unusable

PACKET = 188  # bytes
SYNC = 0x47
PAT_PID = 0
PES_LIMIT = 8 * 1024 * 1024  # bytes; a 4K key frame is about 1 MiB
HZ = 90_000  # of its time stamps


@dataclass(frozen=True, slots=True)
class Pes:
    """One access unit or block of sound: the track's stream type (table 2-34), its time, its bytes."""

    stream_type: int
    stamp: int  # 33 bits, HZ
    data: bytes


@dataclass(slots=True)
class _Track:
    stream_type: int
    pieces: list[bytes] = field(default_factory=list)
    size: int = 0
    expected: int | None = None  # bytes of the whole PES packet, where it says so
    counter: int | None = None
    is_whole: bool = False


class TsDemuxer:
    """One stream's demultiplexer. Memory stays below one PES packet a track plus what was fed last."""

    def __init__(self) -> None:
        self._rest = b""
        self._pmt_pid: int | None = None
        self._tracks: dict[int, _Track] = {}

    def feed(self, data: bytes) -> list[Pes]:
        """The PES packets that these bytes complete. Raises Unusable for what is no transport stream."""
        data, place, found = self._rest + data, 0, list[Pes]()
        while place + PACKET <= len(data):
            if data[place] != SYNC:
                raise Unusable(f"the camera sends {data[place : place + 8]!r} where a TS packet should begin")
            found += self._packet(data[place : place + PACKET])
            place += PACKET
        self._rest = data[place:]
        return found

    def _packet(self, packet: bytes) -> list[Pes]:
        pid = (packet[1] & 0x1F) << 8 | packet[2]
        begins, control = bool(packet[1] & 0x40), packet[3] >> 4 & 0x3
        start = 5 + packet[4] if control & 0x2 else 4  # behind an adaptation field
        if not control & 0x1 or start >= PACKET:
            return []
        payload = packet[start:]
        if pid == PAT_PID and begins:
            self._read_pat(payload)
        elif pid == self._pmt_pid and begins:
            self._read_pmt(payload)
        elif track := self._tracks.get(pid):
            return self._media(track, payload, begins=begins, counter=packet[3] & 0x0F)
        return []

    def _read_pat(self, payload: bytes) -> None:
        section = _section(payload, 0x00)
        if len(section) >= 12:
            self._pmt_pid = (section[10] & 0x1F) << 8 | section[11]

    def _read_pmt(self, payload: bytes) -> None:
        section = _section(payload, 0x02)
        if len(section) < 12:
            return
        place = 12 + ((section[10] & 0x0F) << 8 | section[11])
        while place + 5 <= len(section) - 4:
            kind, pid = section[place], (section[place + 1] & 0x1F) << 8 | section[place + 2]
            if pid not in self._tracks or self._tracks[pid].stream_type != kind:
                self._tracks[pid] = _Track(kind)
            place += 5 + ((section[place + 3] & 0x0F) << 8 | section[place + 4])

    def _media(self, track: _Track, payload: bytes, *, begins: bool, counter: int) -> list[Pes]:
        found = []
        if track.counter is not None and counter != (track.counter + 1) & 0x0F:
            track.is_whole = False  # a packet is missing: what it belonged to is left out
        track.counter = counter
        if begins:
            found += _finished(track)
            length = int.from_bytes(payload[4:6], "big")
            track.expected = length + 6 if length else None
            track.is_whole = payload[:3] == b"\x00\x00\x01"
        track.pieces.append(payload)
        track.size += len(payload)
        if track.size > PES_LIMIT:
            raise Unusable(f"the camera sends a picture of more than {PES_LIMIT >> 20} MiB")
        if track.expected is not None and track.size >= track.expected:
            found += _finished(track)
        return found


def _section(payload: bytes, table: int) -> bytes:
    """A table's section that lies within one packet; empty when it is none."""
    if not payload or 1 + payload[0] >= len(payload):
        return b""
    section = payload[1 + payload[0] :]
    size = 3 + ((section[1] & 0x0F) << 8 | section[2]) if len(section) >= 3 else 0
    return section[:size] if section[0] == table and size <= len(section) else b""


def _finished(track: _Track) -> list[Pes]:
    """What was collected, when it is whole and has a time."""
    data, whole = b"".join(track.pieces)[: track.expected], track.is_whole
    track.pieces, track.size, track.expected, track.is_whole = [], 0, None, False
    if not whole or len(data) < 14 or not data[7] & 0x80:
        return []
    body = data[9 + data[8] :]
    return [Pes(track.stream_type, _stamp(data[9:14]), body)] if body else []


def _stamp(coded: bytes) -> int:
    """33 bits between marker bits (table 2-21)."""
    high, middle, low = coded[0] >> 1 & 0x07, coded[1:3], coded[3:5]
    return high << 30 | (int.from_bytes(middle, "big") >> 1) << 15 | int.from_bytes(low, "big") >> 1


class StampLine:
    """Makes microseconds out of 33-bit stamps that wrap round after a day."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._ticks = 0

    def us(self, stamp: int) -> int:
        """Microseconds since the first stamp; tracks of one stream share one line, and may interleave."""
        if self._last is None:
            self._last = stamp
        self._ticks += (stamp - self._last + (1 << 32)) % (1 << 33) - (1 << 32)
        self._last = stamp
        return self._ticks * 1_000_000 // HZ
