"""Puts access units and sound into an MPEG transport stream (ISO/IEC 13818-1), as Tapo cameras do."""

from zlib import crc32

PACKET = 188
PAT_PID, PMT_PID, VIDEO_PID, SOUND_PID = 0, 0x42, 0x44, 0x45
VIDEO_TYPES = {"h264": 0x1B, "hevc": 0x24}
SOUND_TYPES = {"alaw": 0x90, "ulaw": 0x91}
VIDEO_ID, SOUND_ID = 0xE0, 0xC0
LONGEST_PES = 0xFFFF  # a longer one says 0: until the next begins


class Transport:
    """One connection's transport stream."""

    def __init__(self, codec: str, law: str | None) -> None:
        self._tracks = [(VIDEO_TYPES[codec], VIDEO_PID)] + ([(SOUND_TYPES[law], SOUND_PID)] if law else [])
        self._counters: dict[int, int] = {}

    def tables(self) -> bytes:
        """PAT and PMT."""
        pat = _section(0x00, 1, (1).to_bytes(2, "big") + (0xE000 | PMT_PID).to_bytes(2, "big"))
        entries = b"".join(
            bytes([kind]) + (0xE000 | pid).to_bytes(2, "big") + b"\xf0\x00" for kind, pid in self._tracks
        )
        pmt = _section(0x02, 1, (0xE000 | VIDEO_PID).to_bytes(2, "big") + b"\xf0\x00" + entries)
        return self._packets(PAT_PID, b"\0" + pat) + self._packets(PMT_PID, b"\0" + pmt)

    def video(self, unit: bytes, stamp: int) -> bytes:
        """An access unit; `stamp` is 90 kHz."""
        return self._packets(VIDEO_PID, _pes(VIDEO_ID, unit, stamp))

    def sound(self, block: bytes, stamp: int) -> bytes:
        """A block of sound."""
        return self._packets(SOUND_PID, _pes(SOUND_ID, block, stamp))

    def _packets(self, pid: int, payload: bytes) -> bytes:
        out, place = [], 0
        while place < len(payload):
            piece = payload[place : place + PACKET - 4]
            counter = self._counters.get(pid, -1) + 1 & 0x0F
            self._counters[pid] = counter
            start = (0x4000 if place == 0 else 0) | pid
            short = PACKET - 4 - len(piece)
            control = 0x30 if short else 0x10
            head = b"\x47" + start.to_bytes(2, "big") + bytes([control | counter])
            out.append(head + _stuffing(short) + piece)
            place += len(piece)
        return b"".join(out)


def _stuffing(size: int) -> bytes:
    if size == 0:
        return b""
    return b"\0" if size == 1 else bytes([size - 1, 0]) + b"\xff" * (size - 2)


def _pes(stream_id: int, data: bytes, stamp: int) -> bytes:
    stamp &= (1 << 33) - 1
    coded = (
        bytes([0x21 | stamp >> 29 & 0x0E])
        + (stamp >> 14 & 0xFFFE | 1).to_bytes(2, "big")
        + (stamp << 1 & 0xFFFE | 1).to_bytes(2, "big")
    )
    body = b"\x80\x80\x05" + coded + data
    length = len(body) if len(body) <= LONGEST_PES else 0
    return b"\0\0\x01" + bytes([stream_id]) + length.to_bytes(2, "big") + body


def _section(table: int, number: int, content: bytes) -> bytes:
    size = 5 + len(content) + 4
    section = bytes([table]) + (0xB000 | size).to_bytes(2, "big") + number.to_bytes(2, "big") + b"\xc1\0\0"
    return section + content + _crc(section + content).to_bytes(4, "big")


def _crc(data: bytes) -> int:
    """CRC-32/MPEG-2: zlib's, with the bits the other way round."""
    mirrored = bytes(int(f"{byte:08b}"[::-1], 2) for byte in data)
    return int(f"{crc32(mirrored) ^ 0xFFFFFFFF:032b}"[::-1], 2)
