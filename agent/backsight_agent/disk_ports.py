"""What is needed of the disks that hold the history: presence and room, as narrow protocols."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from backsight_agent.ports import Erased


@dataclass(frozen=True, slots=True)
class Disk:
    """One of the disks that hold the history, at one moment."""

    folder: str
    cameras: frozenset[str]  # that write there
    free_bytes: int
    total_bytes: int


class Room(Protocol):
    """What is needed to make room on full disks."""

    @property
    def wanted(self) -> asyncio.Event:
        """Set when a write found no room."""
        ...

    async def disks(self) -> Sequence[Disk]:
        """Those that are there."""
        ...

    async def sizes(self) -> dict[str, int]:
        """Bytes of each camera's finished segments."""
        ...

    async def evict(
        self, camera: str, wanted_bytes: int, reason: str, now_ms: int, *, uploaded_only: bool
    ) -> Erased:
        """Take the oldest segments out of sight, and their files away, until they make so much room.

        `uploaded_only`: none that the cloud does not have.
        """
        ...

    async def keep_ballast(self) -> None:
        """Lay down (again) what may be given up when a disk is full to the last byte."""
        ...


class Disks(Protocol):
    """The disks' presence."""

    async def look(self) -> Sequence[str]:
        """Look at each; bring back what is there again; what is wrong, a sentence each for a person."""
        ...

    async def audit(self) -> None:
        """See for a little of the history whether index and files agree, and make them."""
        ...
