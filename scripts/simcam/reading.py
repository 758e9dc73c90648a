"""Reads the painted numbers back out of a recording, and counts what is missing or there twice."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import av

from simcam.painting import read_painting
from simcam.timeline import FPS


class Seen(NamedTuple):
    """One decoded frame; camera and number are None where the painting could not be read."""

    camera: int | None
    number: int | None
    pts_s: float


class Walk(NamedTuple):
    """What walking through the frames in order of their timestamps found."""

    frames: int
    missing: int
    repeated: int  # frames seen again or out of order
    unreadable: int
    uneven: int  # steps between frames whose time is more than half a frame off


def frames_in(recording: bytes | Path) -> list[Seen]:
    """Every video frame of an MP4 (or anything else that FFmpeg opens), decoded and read."""
    return list(_frames(recording))


def walk(seen: Sequence[Seen], cycle: int = 480, fps: int = FPS) -> Walk:
    """Count the frames that are missing, repeated, unreadable or out of time between the first and the last.

    The numbers go round after `cycle`, so the step from one frame to the next is taken modulo the cycle and
    completed by the time between them: a loss of exactly one whole cycle shows as well.
    """
    readable = [frame for frame in seen if frame.number is not None]
    missing = repeated = uneven = 0
    for before, after in pairwise(readable):
        beats = (after.pts_s - before.pts_s) * fps
        step = _step(before, after, beats, cycle)
        if step > 0:
            missing += step - 1
        else:
            repeated += 1
        uneven += abs(beats - step) > 0.5 and step > 0
    return Walk(len(seen), missing, repeated, len(seen) - len(readable), uneven)


def missing_and_repeated(seen: Sequence[Seen], cycle: int = 480, fps: int = FPS) -> tuple[int, int]:
    """The two counts that most tests ask for."""
    found = walk(seen, cycle, fps)
    return found.missing, found.repeated


def _step(before: Seen, after: Seen, beats: float, cycle: int) -> int:
    """How many frames on: the step that fits the numbers and is nearest to the time between them."""
    by_number = ((after.number or 0) - (before.number or 0)) % cycle
    return by_number + cycle * round((beats - by_number) / cycle)


def _frames(recording: bytes | Path) -> Iterator[Seen]:
    source = BytesIO(recording) if isinstance(recording, bytes) else str(recording)
    with av.open(source, "r") as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            plane = frame.planes[0]
            read = read_painting(memoryview(plane), plane.line_size, frame.width)
            camera, number = read or (None, None)
            yield Seen(camera, number, frame.time if frame.time is not None else float("nan"))
