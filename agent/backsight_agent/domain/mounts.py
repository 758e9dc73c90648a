"""Finds out on what kind of disk a folder is, from the text of Linux's /proc/self/mountinfo (proc(5))."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file system."""

    point: PurePosixPath
    kind: str  # ext4, nfs4, vfat, overlay, ...
    source: str  # /dev/mmcblk0p2, server:/share, ...
    device: str  # major:minor
    read_only: bool


def mount_of(folder: PurePosixPath, mountinfo: str) -> Mount | None:
    """The mount that holds this folder (absolute, without links): of the longest, the last one mounted."""
    holding = [mount for mount in mounts(mountinfo) if folder.is_relative_to(mount.point)]
    return max(reversed(holding), key=lambda mount: len(mount.point.parts), default=None)


def mounts(mountinfo: str) -> list[Mount]:
    """All of them, in their order; lines that make no sense are left out."""
    return [mount for line in mountinfo.splitlines() if (mount := _mount(line))]


def _mount(line: str) -> Mount | None:
    before, dash, after = line.partition(" - ")
    fields, kinds = before.split(" "), after.split(" ")
    if not dash or len(fields) < 6 or len(kinds) < 3:
        return None
    options = {*fields[5].split(","), *kinds[2].split(",")}
    return Mount(PurePosixPath(_plain(fields[4])), kinds[0], _plain(kinds[1]), fields[2], "ro" in options)


def _plain(text: str) -> str:
    """Blanks and the like are written as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)
