"""What is left on a disk, read as it lies there: files by walking, rows by sqlite3, pictures by PyAV."""

import os
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import av

from simcam.reading import frames_in


@dataclass(frozen=True, slots=True)
class Row:
    """A segment as an index has it."""

    camera: str
    start_ms: int
    end_ms: int
    run_ms: int
    sequence: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a hub's ledger."""

    camera: str
    reason: str
    from_ms: int
    to_ms: int
    count: int


@dataclass(frozen=True, slots=True)
class HubIndex:
    """What `agent.db` says."""

    rows: dict[tuple[str, int], Row]
    runs: set[tuple[str, int]]
    undated: set[tuple[str, int]]  # runs whose moments are not known to be true: nothing of them expires
    ledger: list[Line]


def hub_index(database: Path) -> HubIndex:
    """Read it without changing anything."""
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT camera, start_ms, end_ms, run_ms, sequence, size_bytes FROM segment")
        found = {(_mac(row[0]), row[1]): Row(_mac(row[0]), *row[1:]) for row in rows}
        runs = {(_mac(camera), run_ms) for camera, run_ms in db.execute("SELECT camera, run_ms FROM run")}
        marks = db.execute("SELECT camera, run_ms FROM undated")
        undated = {(_mac(camera), run_ms) for camera, run_ms in marks}
        lines = db.execute("SELECT camera, reason, from_ms, to_ms, count FROM erasure")
        return HubIndex(found, runs, undated, [Line(_mac(line[0]), *line[1:]) for line in lines])


def files_below(folder: Path) -> Iterator[Path]:
    """Every file; folders that vanish meanwhile are passed over."""
    for where, _, names in os.walk(folder):
        for name in names:
            yield Path(where, name)


def without_header(segment: bytes) -> bytes:
    """A segment file without the box of our own that stands first."""
    if len(segment) < 8:
        return b""
    size, kind = struct.unpack_from(">I4s", segment)
    return segment[size:] if kind == b"uuid" else segment


def whole_fragments(part: bytes) -> bytes:
    """What is whole in an unfinished file behind its header: pairs of moof and mdat, box by box."""
    content = without_header(part)
    place = end = 0
    begun = False
    while place + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, place)
        place += size
        if size < 8 or place > len(content):
            break
        if kind == b"mdat" and begun:
            end, begun = place, False
        begun = begun or kind == b"moof"
    return content[:end]


def begins_with(segment: bytes, size: int, checksum: int) -> bool:
    """Whether the fragments that were acknowledged are there, byte for byte."""
    fragments = without_header(segment)
    return len(fragments) >= size and crc32(fragments[:size]) == checksum


def wrong_frames(
    init: bytes, segment: bytes, camera: int, first: int | None, count: int, cycle: int
) -> tuple[int, str]:
    """How many frames there are, and what is wrong with them; nothing when all is well.

    Each must be this camera's, and all of them in order, from frame `first` on (None: whichever). There must
    be at least `count`: more may have reached the disk than was acknowledged.
    """
    try:
        seen = frames_in(init + segment)
    except av.FFmpegError as error:
        return 0, f"cannot be decoded: {error}"
    if len(seen) < count:
        return len(seen), f"{len(seen)} of {count} frames"
    found = [(frame.camera, frame.number) for frame in seen]
    begins = (found[0][1] or 0) if first is None and found else first or 0
    expected = [(camera, (begins + place) % cycle) for place in range(len(found))]
    wrong = [
        f"frame {n} shows {one}, not {other}"
        for n, (one, other) in enumerate(zip(found, expected, strict=True))
        if one != other
    ]
    return len(seen), wrong[0] if wrong else ""


def _mac(number: int) -> str:
    return f"{number:012x}"
