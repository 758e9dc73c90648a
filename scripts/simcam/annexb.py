"""Takes H.264 and H.265 byte streams (Annex B) apart into NAL units and puts them together again."""

import re
from collections.abc import Iterable

START_CODE = b"\x00\x00\x00\x01"
SLICE, IDR, SEI, SPS, PPS = 1, 5, 6, 7, 8  # nal_unit_type, H.264 table 7-1

_ANY_START_CODE = re.compile(rb"\x00\x00\x00?\x01")


def nal_units(stream: bytes) -> list[bytes]:
    """The NAL units of a byte stream, without start codes."""
    return [unit for unit in _ANY_START_CODE.split(stream) if unit]


def nal_type(unit: bytes) -> int:
    """What a NAL unit holds: one of the constants above, or another of table 7-1."""
    return unit[0] & 0x1F


def byte_stream(units: Iterable[bytes]) -> bytes:
    """NAL units as a byte stream, each behind a four-byte start code."""
    return b"".join(START_CODE + unit for unit in units)


def is_parameter_set(unit: bytes, codec: str) -> bool:
    """Whether it says how the pictures are coded: SPS or PPS, and the VPS of H.265."""
    return nal_type(unit) in {SPS, PPS} if codec == "h264" else _h265_type(unit) in {32, 33, 34}


def is_remark(unit: bytes, codec: str) -> bool:
    """Whether it is neither that nor a part of a picture."""
    picture = nal_type(unit) in {SLICE, IDR} if codec == "h264" else _h265_type(unit) < 32
    return not (picture or is_parameter_set(unit, codec))


def _h265_type(unit: bytes) -> int:
    return unit[0] >> 1 & 0x3F  # H.265, table 7-1
