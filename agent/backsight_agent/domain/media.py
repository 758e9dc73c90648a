"""What comes out of a camera: access units and G.711 chunks on one media clock."""

from dataclasses import dataclass
from typing import Literal

VideoCodec = Literal["h264", "hevc"]


@dataclass(frozen=True, slots=True)
class VideoUnit:
    """One access unit in Annex B. Key frames carry their parameter sets in front."""

    data: bytes
    pts_us: int  # the camera's media clock, microseconds from an unknown epoch
    is_key: bool
    codec: VideoCodec = "h264"


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """G.711, mono, as it came."""

    data: bytes
    pts_us: int  # the same clock as the video's
    law: Literal["mulaw", "alaw"]
    rate_hz: int = 8000


@dataclass(frozen=True, slots=True)
class Arrival:
    """A unit with the moment it arrived by the monotonic clock, seconds."""

    unit: VideoUnit | AudioChunk
    at: float


@dataclass(frozen=True, slots=True)
class Gop:
    """A key frame and what follows it, up to just before the next; audio of the same span."""

    video: tuple[VideoUnit, ...]
    audio: tuple[AudioChunk, ...]
    end_pts_us: int  # where the next key frame begins; at a stream's end, one frame after the last
