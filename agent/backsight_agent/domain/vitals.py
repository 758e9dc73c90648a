"""What a hub's work is counted by: tasks note what they did; the page of metrics and the heart look at it.

Nothing here waits or fails, and nothing grows: whoever notes something is never held up by being counted.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from backsight_shared.loop_lag import LoopLag


@dataclass(slots=True)
class CameraVitals:
    """Of one camera, since the agent began."""

    gops: int = 0
    frames: int = 0
    read_bytes: int = 0
    read_at: float | None = None  # monotonic: when the last whole GOP was there
    segments: int = 0
    written_bytes: int = 0
    gaps: Counter[str] = field(default_factory=Counter)  # by their reason
    gap_ms: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)  # by their kind
    asking_since: float | None = None  # monotonic: the store was asked for something and has not answered yet

    def read(self, frames: int, size_bytes: int, now: float) -> None:
        """A GOP came from the camera."""
        self.gops += 1
        self.frames += frames
        self.read_bytes += size_bytes
        self.read_at = now

    def finished(self, size_bytes: int) -> None:
        """A segment is durable."""
        self.segments += 1
        self.written_bytes += size_bytes

    def missed(self, reason: str, length_ms: int) -> None:
        """A gap has ended: a run began so much after the one before it."""
        self.gaps[reason] += 1
        self.gap_ms[reason] += length_ms


@dataclass(slots=True)
class CloudVitals:
    """Of what goes to the cloud."""

    segments: Counter[str] = field(default_factory=Counter)  # by the cloud's answer: stored, missing, refused
    stored_bytes: int = 0
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)  # by what was asked, and how it ended


@dataclass(frozen=True, slots=True)
class Held:
    """What the store has of one camera."""

    from_ms: int | None = None
    to_ms: int | None = None
    horizon_ms: int | None = None
    size_bytes: int = 0
    waiting: int = 0  # finished segments that the cloud does not have
    missed: int = 0  # that left before the cloud had them


@dataclass(frozen=True, slots=True)
class Room:
    """What there is on one disk."""

    folder: str
    free_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class Observed:
    """What was seen when the store was last looked at; `at` is monotonic."""

    at: float
    cameras: Mapping[str, Held]
    disks: tuple[Room, ...] = ()
    certificate_until_ms: int | None = None


@dataclass(slots=True)
class Vitals:
    """Of the hub."""

    cloud: CloudVitals = field(default_factory=CloudVitals)
    lag: LoopLag = field(default_factory=LoopLag)
    observed: Observed | None = None
    _cameras: dict[str, CameraVitals] = field(default_factory=dict)

    def of(self, camera: str) -> CameraVitals:
        """One camera's, from its first day."""
        return self._cameras.setdefault(camera, CameraVitals())
