"""Proves that every frame of a recording is there once and in order, and when the camera sent it."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from simcam.reading import Seen, frames_in, walk
from stage.lookout import Sighting


@dataclass(frozen=True)
class Proof:
    """What decoding one run of one camera showed."""

    expected: int
    missing: int
    repeated: int
    wrong_camera: int
    sent_ms: tuple[tuple[int, float], ...]  # (segment start, when the camera sent a frame of it)


def prove(runs: Iterable[tuple[bytes, Sequence[Sighting], dict[str, Any], int]]) -> list[Proof]:
    """Decode runs (init, its segments in order, the camera's schedule, its painted number) on all cores."""
    with ProcessPoolExecutor() as pool:
        return list(pool.map(_prove_one, *zip(*runs, strict=True)))


def _prove_one(init: bytes, segments: Sequence[Sighting], schedule: dict[str, Any], painted: int) -> Proof:
    frames = frames_in(init + b"".join(segment.data for segment in segments))
    found = walk(frames, schedule["cycle"], schedule["fps"])
    return Proof(
        expected=found.frames + found.missing - found.repeated,
        missing=found.missing + found.unreadable,
        repeated=found.repeated,
        wrong_camera=sum(frame.camera not in (None, painted) for frame in frames),
        sent_ms=tuple(_sent(frames, segments, schedule)),
    )


def _sent(
    frames: Sequence[Seen], segments: Sequence[Sighting], schedule: dict[str, Any]
) -> Iterable[tuple[int, float]]:
    """When the camera sent each frame, by the number painted into it, with the segment that holds it."""
    first_ms, first_pts = segments[0].start_ms, frames[0].pts_s
    place = 0
    for frame in frames:
        claimed_ms = first_ms + (frame.pts_s - first_pts) * 1000
        while place + 1 < len(segments) and claimed_ms >= segments[place + 1].start_ms - 1:
            place += 1
        if frame.number is not None:
            yield segments[place].start_ms, _due_ms(frame.number, claimed_ms, schedule)


def _due_ms(number: int, near_ms: float, schedule: dict[str, Any]) -> float:
    """The moment nearest to `near_ms` at which the camera's schedule had a frame with this number."""
    frame_ms = 1000 / schedule["fps"]
    cycle_ms = schedule["cycle"] * frame_ms
    offset = schedule["start_ms"] + number * frame_ms
    due: float = offset + round((near_ms - offset) / cycle_ms) * cycle_ms
    return due
