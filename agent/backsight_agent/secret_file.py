"""Reads a secret from a file that only its owner may read."""

import stat
from pathlib import Path

LONGEST_BYTES = 4096  # a password or token, not a film by mistake


def read_secret(file: Path) -> str:
    """The file's text without the line end; raises ValueError with the way out, never with the content."""
    try:
        mode = file.stat().st_mode
        if not stat.S_ISREG(mode):
            raise ValueError(f"must name a file: {file} is none")
        if stat.S_IMODE(mode) & 0o077:
            raise ValueError(f"can be read by others: chmod 600 {file}")
        with file.open("rb") as opened:
            content = opened.read(LONGEST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {file}: {error.strerror}") from error
    return _text(content, file)


def _text(content: bytes, file: Path) -> str:
    try:
        text = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(f"must be one line of UTF-8 text: {file}") from None
    if len(content) > LONGEST_BYTES or "\n" in text:
        raise ValueError(f"must be one line: {file} has more")
    if not text:
        raise ValueError(f"is empty: write the secret into {file}")
    return text
