"""What may stand in agent.toml in one place or another: each refuses what makes no sense, in words."""

import re
from dataclasses import dataclass
from typing import Self

from backsight_shared.segment import camera_id
from backsight_shared.settings import Choice

LONGEST_NAME = 64  # characters: a camera's name is shown in lists and in names of clips
MOST_CORNERS = 32
LEAST_BANDWIDTH = 64_000  # bits a second: below, a segment takes more than five minutes


class Trust(Choice):
    """Whom we believe about the time."""

    NTP = "ntp"  # the machine's clock once it is synchronised, or the cloud's agreement
    SYSTEM = "system"  # the machine's clock as it is: for machines whose time is kept in another way


class Recording(Choice):
    """What of a camera's video is kept."""

    CONTINUOUS = "continuous"
    EVENTS = "events"
    OFF = "off"  # nothing: the camera is asked and set, and what it noticed is kept


class Upload(Choice):
    """What of the history is sent to the cloud, where the plan allows it."""

    ALL = "all"
    EVENTS = "events"
    OFF = "off"


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """An amount of storage, written "500 MB" or "20 GB"."""

    size_bytes: int

    @classmethod
    def from_text(cls, text: str) -> "Size":
        """Raises ValueError for anything else."""
        written = re.fullmatch(r"([1-9][0-9]{0,5})\s*(MB|GB)", text.strip())
        if not written:
            raise ValueError('must be an amount of storage like "500 MB" or "20 GB"')
        return cls(int(written[1]) * _UNIT_BYTES[written[2]])


_UNIT_BYTES = {"MB": 1000**2, "GB": 1000**3}


@dataclass(frozen=True, slots=True, order=True)
class Bandwidth:
    """How much may be sent in a second, written "500 kbit/s" or "2.5 Mbit/s"."""

    bits_per_s: float

    @classmethod
    def from_text(cls, text: str) -> "Bandwidth":
        """Raises ValueError for anything else, and for what a line from the last century has."""
        written = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*([kMG])bit/s", text.strip())
        bits_per_s = float(written[1]) * _UNIT_BITS[written[2]] if written else 0
        if bits_per_s < LEAST_BANDWIDTH:
            raise ValueError('must be at least 64 kbit/s, written like "500 kbit/s" or "2.5 Mbit/s"')
        return cls(bits_per_s)

    @property
    def bytes_per_s(self) -> float:
        return self.bits_per_s / 8


_UNIT_BITS = {"k": 1e3, "M": 1e6, "G": 1e9}


class Zone(tuple[tuple[float, float], ...]):
    """A polygon in the picture, written as its corners: "0.1,0.2 0.9,0.2 0.9,0.9" (0,0 is top left)."""

    __slots__ = ()

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Raises ValueError for what is no polygon inside the picture."""
        try:
            corners = [tuple(float(number) for number in corner.split(",")) for corner in text.split()]
        except ValueError:
            corners = []
        fits = all(len(corner) == 2 and all(0 <= one <= 1 for one in corner) for corner in corners)
        if not fits or not 3 <= len(corners) <= MOST_CORNERS:
            raise ValueError(
                f'must be 3 to {MOST_CORNERS} corners like "0.1,0.2 0.9,0.2 0.9,0.9", each number 0 to 1'
            )
        return cls((x, y) for x, y in corners)


class Mac(str):
    """A camera's identity, written as a MAC with any separators."""

    __slots__ = ()

    @classmethod
    def from_text(cls, text: str) -> "Mac":
        """Raises ValueError for what is not a MAC address."""
        try:
            return cls(camera_id(text))
        except ValueError as error:
            raise ValueError(f"must be a MAC address like 74:FE:CE:01:02:03, not {text!r}") from error


class Name(str):
    """A name for people: of a camera or of the hub."""

    __slots__ = ()

    @classmethod
    def from_text(cls, text: str) -> "Name":
        """Raises ValueError for one that is empty, too long or not printable."""
        name = text.strip()
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise ValueError(f"must be 1 to {LONGEST_NAME} printable characters")
        return cls(name)


class Host(str):
    """An address or a host name."""

    __slots__ = ()

    @classmethod
    def from_text(cls, text: str) -> "Host":
        """Raises ValueError for what cannot be one."""
        host = text.strip()
        if not host or any(sign in host for sign in "/@ "):
            raise ValueError(f"must be an address or a host name like 192.168.1.20, not {text!r}")
        return cls(host)
