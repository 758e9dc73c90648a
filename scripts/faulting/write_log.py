"""Reads what `shims/writes.c` remembered: all that a process did to the files of one folder, in order."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

_HEAD = struct.Struct("<IIQQQQIIII")
_MAGIC = 0x46415554


class Did(IntEnum):
    """What a record tells of; the numbers are those of the C source."""

    CREATE = 1
    WRITE = 2
    RESIZE = 3
    RENAME = 4
    UNLINK = 5
    MAKE_FOLDER = 6
    REMOVE_FOLDER = 7
    SYNC = 8
    SYNC_ALL = 9
    NOTE = 10
    STRANGE = 11


@dataclass(frozen=True, slots=True)
class Record:
    """What was done to `file` (its inode). `begun`: how many records there were when a sync began."""

    number: int
    did: Did
    file: int
    place: int
    size: int
    begun: int
    name: str
    new_name: str
    data: bytes


def records_in(logs: Sequence[Path]) -> list[Record]:
    """Every whole record of these logs, one after the other; the kill may have torn the last of each."""
    found: list[Record] = []
    for log in logs:
        found += _records(log.read_bytes(), first=len(found))
    return found


def _records(data: bytes, first: int) -> Iterator[Record]:
    position, number = 0, first
    while position + _HEAD.size <= len(data):
        magic, did, file, place, size, begun, *lengths, _ = _HEAD.unpack_from(data, position)
        body = position + _HEAD.size
        if magic != _MAGIC or body + sum(lengths) > len(data):
            return
        name, new_name, content = _cut(data, body, lengths)
        names = (name.decode(), new_name.decode())
        yield Record(number, Did(did), file, place, size, first + begun, *names, content)
        position, number = body + sum(lengths), number + 1


def _cut(data: bytes, position: int, lengths: list[int]) -> list[bytes]:
    pieces = []
    for length in lengths:
        pieces.append(data[position : position + length])
        position += length
    return pieces
