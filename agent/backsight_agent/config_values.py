"""What may stand in agent.toml in one place or another: each refuses what makes no sense, in words."""

from enum import StrEnum

from backsight_shared.segment import camera_id

LONGEST_NAME = 64  # characters: a camera's name is shown in lists and in names of clips


class Trust(StrEnum):
    """Whom we believe about the time."""

    NTP = "ntp"  # the machine's clock once it is synchronised, or the cloud's agreement
    SYSTEM = "system"  # the machine's clock as it is: for machines whose time is kept in another way

    @classmethod
    def from_text(cls, text: str) -> "Trust":
        """Raises ValueError for anything else."""
        try:
            return cls(text)
        except ValueError as error:
            raise ValueError('must be "ntp" or "system"') from error


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
