"""Events: what a camera or the hub noticed, a span of time with a kind; the value that both sides store."""

from dataclasses import dataclass
from enum import StrEnum

from backsight_shared.segment import refuse_strange_camera

LONGEST_EVENT_MS = 3_600_000  # a longer one is closed and followed by another, so that each can expire


class EventKind(StrEnum):
    """What was noticed. Values are API: they never change meaning."""

    MOTION = "motion"
    PERSON = "person"
    SOUND = "sound"
    BABY_CRY = "baby_cry"
    PET = "pet"
    VEHICLE = "vehicle"
    LINE_CROSSING = "line_crossing"
    BARK = "bark"
    MEOW = "meow"
    GLASS = "glass"
    TAMPER = "tamper"
    RING = "ring"  # a press of the bell
    OTHER = "other"  # the camera says that something was, and not what


class Origin(StrEnum):
    """Who noticed it."""

    HUB = "hub"  # the hub's own motion detection
    CAMERA = "camera"


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """Something noticed at a camera; `(camera, start_ms, kind, origin)` is its identity.

    Times are UTC milliseconds, `end_ms` exclusive: until when it is known to have gone on. One that goes on
    is told again with a later end. `score` is how sure the detector was, 0 to 100.
    """

    camera: str
    start_ms: int
    end_ms: int
    kind: EventKind
    origin: Origin
    score: int = 0

    def __post_init__(self) -> None:
        refuse_strange_camera(self.camera)
        if self.start_ms < 0:
            raise ValueError(f"an event cannot begin before 1970 ({self.start_ms} ms)")
        if not self.start_ms < self.end_ms <= self.start_ms + LONGEST_EVENT_MS:
            raise ValueError(f"an event lasts up to an hour ({self.start_ms} .. {self.end_ms} ms)")
        if not 0 <= self.score <= 100:
            raise ValueError(f"a score is 0 to 100, not {self.score}")
