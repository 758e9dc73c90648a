"""What may stand in agent.toml in one place or another: each refuses what makes no sense, in words."""

from typing import Self

from backsight_shared.segment import camera_id
from backsight_shared.settings import Choice

LONGEST_NAME = 64  # characters: a camera's name is shown in lists and in names of clips
MOST_CORNERS = 32


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
