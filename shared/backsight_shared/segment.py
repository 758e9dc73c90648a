"""Segments, runs and cameras' names: the values that both sides store."""

import re
from dataclasses import dataclass

SEGMENT_S = 10.0  # seconds; a segment is cut at the first key frame at or after this (DESIGN.md, Segments)

_MAC = re.compile(r"[0-9a-f]{12}")


def camera_id(mac: str) -> str:
    """A camera's identity: its MAC as 12 lower-case hex digits, whatever separators it came with.

    Raises ValueError for anything that is not a MAC.
    """
    plain = re.sub(r"[:.\-\s]", "", mac).lower()
    if not _MAC.fullmatch(plain):
        raise ValueError(f"{mac[:40]!r} is not a MAC address (12 hex digits, like 74:FE:CE:01:02:03)")
    return plain


@dataclass(frozen=True, slots=True)
class Run:
    """An unbroken stretch of stream with one set of codec parameters; it has one init."""

    camera: str
    run_ms: int  # UTC milliseconds of its first frame: the run's identity within the camera
    after: str = "start"  # why the run before it ended: the reason of the gap in between

    def __post_init__(self) -> None:
        refuse_strange_camera(self.camera)
        if self.run_ms < 0:
            raise ValueError(f"a run cannot begin before 1970 ({self.run_ms} ms)")


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """About ten seconds of a run, from a key frame to just before another.

    Times are UTC milliseconds, `end_ms` exclusive: the end of one segment is the start of the next.
    """

    camera: str
    start_ms: int
    end_ms: int
    run_ms: int
    sequence: int  # its place in the run, from 0; a step larger than one is a hole
    size_bytes: int

    def __post_init__(self) -> None:
        refuse_strange_camera(self.camera)
        if not self.start_ms < self.end_ms:
            raise ValueError(f"a segment must end after it starts ({self.start_ms} .. {self.end_ms} ms)")
        if self.size_bytes <= 0 or self.sequence < 0:
            raise ValueError(f"segment {self.start_ms} of {self.camera} has no bytes or no place in its run")


def refuse_strange_camera(camera: str) -> None:
    """Raise ValueError for what is not a camera's identity."""
    if not _MAC.fullmatch(camera):
        raise ValueError(f"{camera!r} is not a camera's identity (12 lower-case hex digits)")
