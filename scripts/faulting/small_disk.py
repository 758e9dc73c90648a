"""A disk of a few megabytes, mounted where only one process and its children see it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path


class Kind(StrEnum):
    """What the disk is made of."""

    TMPFS = "tmpfs"
    EXT4 = "ext4"  # in a file, through a loop device: for root only


class NotPermitted(Exception):
    """This machine does not let us mount."""


def command_inside(kind: Kind, program: Sequence[str]) -> list[str]:
    """How to start a program that may mount such a disk. Raises NotPermitted."""
    ways = [["unshare", "--mount"]] if os.geteuid() == 0 else []
    if kind is Kind.TMPFS:
        ways.append(["unshare", "--user", "--map-root-user", "--mount"])
    for way in ways:
        trial = [sys.executable, str(Path(__file__)), kind.value]
        done = subprocess.run([*way, *trial], capture_output=True, check=False, timeout=60)
        if done.returncode == 0:
            return [*way, *program]
    raise NotPermitted(f"this machine does not let us mount a small {kind} (no mount namespace)")


def probe(kind: str) -> None:
    """Whether it can be done: raises when not."""
    with tempfile.TemporaryDirectory() as folder:
        mount(Kind(kind), Path(folder) / "disk", 16 * 2**20)
        subprocess.run(["umount", str(Path(folder) / "disk")], check=True)


def mount(kind: Kind, folder: Path, size_bytes: int) -> None:
    """Mount an empty disk of this size at the folder. It goes with the last process that sees it."""
    folder.mkdir(parents=True)
    if kind is Kind.TMPFS:
        options = f"size={size_bytes},mode=700"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], check=True)
        return
    image = folder.with_name(folder.name + ".image")
    with image.open("wb") as file:
        file.truncate(size_bytes)
    quiet = ["mkfs.ext4", "-q", "-F", "-m", "0", "-J", "size=4", str(image)]
    subprocess.run(quiet, check=True, capture_output=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(folder)], check=True)


if __name__ == "__main__":
    probe(sys.argv[1])
