"""Reads H.264 and H.265 byte streams (Annex B): NAL units, key frames and parameter sets."""

from collections.abc import Iterable

from backsight_agent.domain.media import VideoCodec

START_CODE = b"\x00\x00\x00\x01"
HELD_LIMIT = 65_536  # bytes; parameter sets and remarks that came without a picture never need more

_MARK = b"\x00\x00\x01"
_PICTURES = {"h264": range(1, 6), "hevc": range(32)}  # nal_unit_type: H.264 table 7-1, H.265 table 7-1
_KEY_PICTURES = {"h264": range(5, 6), "hevc": range(16, 22)}  # IDR; BLA, IDR and CRA
_PARAMETER_SETS = {"h264": range(7, 9), "hevc": range(32, 35)}  # SPS, PPS; VPS, SPS, PPS


class AccessUnits:
    """Makes a camera's access units whole, so that each key frame carries its parameter sets in front.

    Cameras may send the sets as a unit of their own, or once only; a key frame whose sets were never seen
    cannot be decoded, so it does not count as one.
    """

    def __init__(self, codec: VideoCodec, sets: Iterable[bytes] = ()) -> None:
        self._codec = codec
        self._sets = tuple(sets)
        self._held = b""

    def take(self, data: bytes) -> tuple[bytes, bool] | None:
        """The access unit and whether it is a key frame; None while there is no picture in it yet."""
        if not has_picture(data, self._codec):
            self._held = (self._held + data)[-HELD_LIMIT:]
            return None
        if self._held:
            data, self._held = self._held + data, b""
        if not is_key(data, self._codec):
            return data, False
        return self._with_sets(data)

    def _with_sets(self, data: bytes) -> tuple[bytes, bool]:
        sets = parameter_sets(data, self._codec)
        if sets:
            self._sets = sets
        elif self._sets:
            data = byte_stream(self._sets) + data
        return data, bool(self._sets)


def nal_units(data: bytes) -> list[bytes]:
    """The NAL units without start codes; none when the bytes are no Annex B at all."""
    head, *units = data.split(_MARK)
    if head.strip(b"\x00"):
        return []
    stripped = (unit.rstrip(b"\x00") for unit in units)  # a NAL unit never ends in zeros: they are padding
    return [unit for unit in stripped if unit]


def byte_stream(units: Iterable[bytes]) -> bytes:
    """NAL units as a byte stream."""
    return b"".join(START_CODE + unit for unit in units)


def has_picture(data: bytes, codec: VideoCodec) -> bool:
    """Whether any part of a picture is inside."""
    return _first_picture(data, codec) is not None


def is_key(data: bytes, codec: VideoCodec) -> bool:
    """Whether the access unit's picture can be decoded without any before it."""
    return _first_picture(data, codec) in _KEY_PICTURES[codec]


def is_parameter_set(unit: bytes, codec: VideoCodec) -> bool:
    return _kind(unit[0], codec) in _PARAMETER_SETS[codec]


def parameter_sets(data: bytes, codec: VideoCodec) -> tuple[bytes, ...]:
    """The parameter sets of an access unit, each once, in their order."""
    return tuple(dict.fromkeys(unit for unit in nal_units(data) if is_parameter_set(unit, codec)))


def _first_picture(data: bytes, codec: VideoCodec) -> int | None:
    """The kind of the first NAL unit that holds a picture. Looks no further: this runs for every frame."""
    place = data.find(_MARK)
    while 0 <= place < len(data) - 3:
        kind = _kind(data[place + 3], codec)
        if kind in _PICTURES[codec]:
            return kind
        place = data.find(_MARK, place + 3)
    return None


def _kind(first_byte: int, codec: VideoCodec) -> int:
    return first_byte & 0x1F if codec == "h264" else first_byte >> 1 & 0x3F
