"""Decides what leaves a full disk early: what the cloud has goes first, the oldest first, fairly.

A disk is full when less than its reserve is free. Only what the cloud has durably may leave early; when that
is not enough, the oldest leave all the same, loudly. In both cases cameras that use more than their fair
share of the disk give before others do, the largest first. The newest minutes of every camera stay: a disk
that somebody else filled is not emptied of everything for nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

RESERVE_PART = 0.05  # of a disk is kept free ...
RESERVE_BYTES = 2 * 1024**3  # ... but not more than this
CHUNK_PART = 0.01  # of a disk is made free at once, beyond the reserve: rare and larger rather than often
LEAST_BYTES = 32 * 1024**2  # of each camera stay: about two minutes of 2 Mbit/s ...
LEAST_PART = 0.01  # ... or so much of a very small disk


@dataclass(frozen=True, slots=True)
class Usage:
    """One disk and what its cameras have on it, in bytes."""

    free_bytes: int
    total_bytes: int
    cameras: Mapping[str, int]

    @property
    def least_bytes(self) -> int:
        """What each camera keeps."""
        return min(LEAST_BYTES, int(self.total_bytes * LEAST_PART))


@dataclass(frozen=True, slots=True)
class Eviction:
    """Whose oldest segments leave, and how many bytes of them."""

    camera: str
    size_bytes: int
    uploaded_only: bool


def reserve_bytes(total_bytes: int, wanted_bytes: int | None = None) -> int:
    """What is kept free on a disk of that size: as its owner wants, never more than half of it."""
    usual = min(int(total_bytes * RESERVE_PART), RESERVE_BYTES)
    return min(usual if wanted_bytes is None else wanted_bytes, total_bytes // 2)


def missing_bytes(usage: Usage, reserve: int, *, now: bool = False) -> int:
    """How much room must be made; 0 while the reserve is free. `now`: a write has just found none."""
    if usage.free_bytes >= reserve and not now:
        return 0
    return max(0, reserve - usage.free_bytes) + int(usage.total_bytes * CHUNK_PART)


def next_eviction(usage: Usage, missing: int, exhausted: Collection[tuple[str, bool]]) -> Eviction | None:
    """What leaves next; None when nothing may.

    `exhausted` are (camera, uploaded_only) that had nothing (more) to give in this round.
    """
    for uploaded_only in (True, False):
        able = {
            camera: size
            for camera, size in usage.cameras.items()
            if size > usage.least_bytes and (camera, uploaded_only) not in exhausted
        }
        if able:
            return _from_the_largest(usage, missing, able, uploaded_only=uploaded_only)
    return None


def _from_the_largest(
    usage: Usage, missing: int, able: Mapping[str, int], *, uploaded_only: bool
) -> Eviction:
    """The largest gives; at most down to its fair share, or to what it keeps."""
    fair = sum(usage.cameras.values()) // len(usage.cameras)
    camera = max(able, key=lambda name: (able[name], name))
    above = able[camera] - max(fair, usage.least_bytes)
    most = above if above > 0 else able[camera] - usage.least_bytes
    return Eviction(camera, max(1, min(missing, most)), uploaded_only)
