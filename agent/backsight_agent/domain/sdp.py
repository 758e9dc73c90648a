"""Reads what a camera offers (SDP, RFC 4566): the tracks that can be recorded."""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from dataclasses import dataclass, field, replace
from typing import Literal

Codec = Literal["h264", "hevc", "mulaw", "alaw"]

_CODECS: dict[str, Codec] = {"h264": "h264", "h265": "hevc", "pcmu": "mulaw", "pcma": "alaw"}
_STATIC: dict[int, tuple[Codec, int]] = {0: ("mulaw", 8000), 8: ("alaw", 8000)}  # RFC 3551
_SETS = ("sprop-vps", "sprop-sps", "sprop-pps", "sprop-parameter-sets")  # RFC 7798 and RFC 6184


@dataclass(frozen=True, slots=True)
class Offer:
    """One track."""

    kind: str  # "video" or "audio"
    payload_type: int
    codec: Codec | None = None  # None when it is none that we record
    clock_hz: int = 90_000
    control: str = ""
    sets: tuple[bytes, ...] = field(default=())


def offers(description: str) -> list[Offer]:
    """Every track of a description, the first of its payload types each."""
    found: list[Offer] = []
    for line in description.splitlines():
        key, _, value = line.strip().partition("=")
        if key == "m":
            found.append(_media(value))
        elif key == "a" and found:
            found[-1] = _with_attribute(found[-1], value)
    return found


def _media(value: str) -> Offer:
    """`video 0 RTP/AVP 96`"""
    words = value.split()
    payload_type = int(words[3]) if len(words) > 3 and words[3].isascii() and words[3].isdigit() else -1
    codec, clock_hz = _STATIC.get(payload_type, (None, 90_000))
    return Offer(words[0] if words else "", payload_type, codec, clock_hz)


def _with_attribute(offer: Offer, value: str) -> Offer:
    name, _, content = value.partition(":")
    if name == "control":
        return replace(offer, control=content.strip())
    about, _, content = content.partition(" ")
    if about != str(offer.payload_type):
        return offer
    if name == "rtpmap":
        return _mapped(offer, content)
    if name == "fmtp":
        return replace(offer, sets=offer.sets + _sets(content))
    return offer


def _mapped(offer: Offer, content: str) -> Offer:
    """`H264/90000`, `PCMA/8000/1`"""
    mapped = re.match(r"([\w-]+)/(\d{1,6})(?:/(\d))?", content.strip())
    if not mapped or mapped[3] not in (None, "1") or int(mapped[2]) == 0:
        return replace(offer, codec=None)
    return replace(offer, codec=_CODECS.get(mapped[1].lower()), clock_hz=int(mapped[2]))


def _sets(content: str) -> tuple[bytes, ...]:
    """The parameter sets of an fmtp line. Damaged ones are left out: they come in band as well."""
    pairs = (pair.strip().partition("=") for pair in content.split(";"))
    values = {name.lower(): value for name, _, value in pairs}
    texts = [text for name in _SETS for text in values.get(name, "").split(",") if text]
    return tuple(nal for nal in map(_decoded, texts) if nal)


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (NotBase64, ValueError):
        return b""
