"""Files with secrets: mode 0600, made on first use, written whole or not at all."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from backsight_cloud.adapters.durable import fsync_path, make_folder
from backsight_shared.errors import NeedsAttention


class SecretUnreadable(NeedsAttention):
    """A secret's file is there, but cannot be used; making a new one would shut out what trusts the old."""


def make_private_folder(folder: Path) -> None:
    """A folder that only we can enter."""
    try:
        make_folder(folder, 0o700)
        folder.chmod(0o700)
    except OSError as error:
        raise SecretUnreadable(f"{folder}: cannot be made: {error.strerror}") from error


def read_or_make(file: Path, make: Callable[[], bytes]) -> bytes:
    """The file's content; the first time, what `make` gives."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        write_private(file, content := make())
    except OSError as error:
        raise SecretUnreadable(f"{file}: cannot be read: {error.strerror}") from error
    if not content:
        raise SecretUnreadable(f"{file}: is empty: put it back from a backup")
    return content


def write_private(file: Path, content: bytes) -> None:
    """Durably, readable for us only, and never half."""
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(descriptor)
        part.rename(file)
        fsync_path(file.parent)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SecretUnreadable(f"{file}: cannot be written: {error.strerror}") from error
