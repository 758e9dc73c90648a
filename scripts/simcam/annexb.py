"""Takes H.264 byte streams (Annex B) apart into NAL units and puts them together again."""

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
