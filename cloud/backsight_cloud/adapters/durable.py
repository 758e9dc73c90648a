"""What a folder needs so that it survives a power cut, and does not fill with empty folders."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

STALE_S = 3600.0  # seconds; an incoming file this old belongs to a process that died


def fsync_path(path: Path) -> None:
    """A file's bytes, or a folder's entries, are on the disk when this returns."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """A folder whose name, and those of the folders above it, survive a power cut.

    One that is there may have been made by a process that was killed before it could see to that.
    """
    if not folder.is_dir():
        make_folder(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir(mode)
    with suppress(PermissionError):  # a folder above that we may not read was made by somebody else
        fsync_path(folder.parent)


def fsync_folders(folders: Iterable[Path]) -> None:
    """The entries of these folders; one that does not exist has none."""
    for folder in folders:
        with suppress(FileNotFoundError):
            fsync_path(folder)


def fsync_way_to(folders: Iterable[Path], root: Path) -> None:
    """The entries of these folders and of every folder that leads to them from the root: they may be new."""
    leading = {parent for folder in folders for parent in (folder, *folder.parents)}
    ours = [folder for folder in leading if folder == root or root in folder.parents]
    fsync_folders(sorted(ours, reverse=True))


def remove_empty(folders: Iterable[Path], root: Path) -> None:
    """Remove these folders, and those above them below the root, as far as they are empty."""
    for folder in folders:
        for empty in (folder, *folder.parents):
            if empty == root or root not in empty.parents:
                break
            try:
                empty.rmdir()
            except FileNotFoundError:
                continue
            except OSError:  # not empty
                break


def remove_stale(folder: Path) -> None:
    """Remove what a process that died left half written; by the file system's own idea of the time."""
    make_folder(folder)
    os.utime(folder)
    now = folder.stat().st_mtime
    for file in folder.iterdir():
        with suppress(OSError):
            if now - file.stat().st_mtime > STALE_S:
                file.unlink()
