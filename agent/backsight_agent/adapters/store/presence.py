"""Sees whether the disks with the footage are still the ones that they were: mounted, and not exchanged.

A look is one `stat` of each folder's identity file: where the disk beneath a mount point is gone, the folder
is empty, and what is written there would land on the wrong disk.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from backsight_agent.adapters.store.files import Media
from backsight_agent.adapters.store.identity import FILE, why_absent
from backsight_agent.ports import StoreFailed

Seal = tuple[int, int]  # device and inode of the identity file


@dataclass(slots=True)
class Presence:
    """Used from the store's threads."""

    media: Media
    identity: str = ""
    seals: dict[Path, Seal] = field(default_factory=dict)  # of folders that were there at the last look

    @property
    def troubles(self) -> dict[Path, str]:
        """Why folders may not be used."""
        return self.media.troubles

    def admit(self, root: Path) -> bool:
        """Look closely; True when the folder came back just now."""
        if self._is_sealed(root):
            self.troubles.pop(root, None)
            return False
        why = why_absent(root, self.identity)
        if why is not None:
            self.seals.pop(root, None)
            self.troubles[root] = why
            return False
        self.seals[root] = _seal(root)
        self.troubles.pop(root, None)
        return True

    def refuse_absent(self, root: Path) -> None:
        """Raises StoreFailed for a folder that is not what it was."""
        if not self._is_sealed(root):
            raise StoreFailed(self.troubles.get(root) or why_absent(root, self.identity) or _just_back(root))

    def absent(self) -> list[Path]:
        """The folders that are not there."""
        return [root for root in self.media.roots if not self._is_sealed(root)]

    def _is_sealed(self, root: Path) -> bool:
        try:
            return self.seals.get(root) == _seal(root)
        except OSError:
            return False


def _seal(root: Path) -> Seal:
    status = os.stat(root / FILE)  # noqa: PTH116 - asked for every segment
    return status.st_dev, status.st_ino


def _just_back(root: Path) -> str:
    return f"The disk at {root} came back; it is looked through first"
