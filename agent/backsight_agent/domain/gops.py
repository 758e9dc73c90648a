"""Collects what arrives from a camera into GOPs; repairs small slips of its clock, finds the large ones."""

from dataclasses import dataclass, replace

from backsight_agent.domain.media import Arrival, AudioChunk, Gop, VideoUnit
from backsight_agent.domain.unusable import NoKeyFrames

GOP_LIMIT_S = 30.0  # seconds; cameras send a key frame every 1 to 4 s (facts: GOP 2 s at 15 fps)
GOP_LIMIT_BYTES = 32 * 1024 * 1024
STEP_US = 1_000  # microseconds; the least step between two frames, so that each has a millisecond of its own
REPAIR_US = 500_000  # a slip back by less than this is repaired; more is a jump of the camera's clock
JUMP_S = 2.0  # seconds that media time may run ahead of the least delayed arrival before it is a jump
FRAME_US = 66_667  # how long a lone frame is taken to last: 15 fps
LONGEST_FRAME_US = 1_000_000
EARLY_AUDIO = 64  # chunks kept while the first key frame is awaited: some seconds
AHEAD_US = 5_000_000  # microseconds that sound may run ahead of the picture; beyond, its clock is another one


@dataclass(frozen=True, slots=True)
class TimedGop:
    """A GOP with what the clocks said when it arrived."""

    gop: Gop
    following: VideoUnit | None  # the key frame that closed it; None when nothing follows
    lag_s: float  # the smallest difference between arrival (monotonic) and media time among its frames
    jumped: bool = False  # media time jumped in front of it

    @property
    def size_bytes(self) -> int:
        video, audio = self.gop.video, self.gop.audio
        return sum(len(unit.data) for unit in video) + sum(len(chunk.data) for chunk in audio)


class GopCollector:
    """One stream's collector: fed with arrivals, gives each GOP when the next key frame comes."""

    def __init__(self) -> None:
        self._video: list[VideoUnit] = []
        self._audio: list[AudioChunk] = []
        self._size = 0
        self._began_at: float | None = None  # monotonic; when the wait for the next key frame began
        self._lag_s = float("inf")  # of the GOP that is being collected
        self._lag_before_s = float("inf")  # of the one before
        self._jumped = False

    def add(self, arrival: Arrival) -> TimedGop | None:
        """Take the next arrival; the GOP that it closes, if any. Raises NoKeyFrames."""
        unit = arrival.unit
        self._refuse_endless(arrival)
        if isinstance(unit, AudioChunk):
            self._take_audio(unit)
            return None
        closed = None
        if self._has_jumped(unit, arrival.at):
            closed = self.finish()
            self._jumped = True
        elif self._video:
            unit = self._repaired(unit)
            if unit.is_key:
                closed = self._close(unit.pts_us, unit)
        self._take_video(unit, arrival.at)
        return closed

    def finish(self) -> TimedGop | None:
        """What was collected, when nothing more comes: its last frame lasts as long as the one before it."""
        return self._close(self._video[-1].pts_us + self._frame_us(), None) if self._video else None

    def _has_jumped(self, unit: VideoUnit, at: float) -> bool:
        if not self._video:
            return False
        ahead_s = min(self._lag_s, self._lag_before_s) - _lag_s(unit, at)
        return unit.pts_us < self._video[-1].pts_us - REPAIR_US or ahead_s > JUMP_S

    def _repaired(self, unit: VideoUnit) -> VideoUnit:
        least_us = self._video[-1].pts_us + STEP_US
        return unit if unit.pts_us >= least_us else replace(unit, pts_us=least_us)

    def _take_video(self, unit: VideoUnit, at: float) -> None:
        if not (self._video or unit.is_key):
            return
        if not self._video:
            self._keep_audio(unit.pts_us)
        self._video.append(unit)
        self._size += len(unit.data)
        self._lag_s = min(self._lag_s, _lag_s(unit, at))

    def _refuse_endless(self, arrival: Arrival) -> None:
        """Also when only sound comes, or nothing but frames that nobody could decode."""
        unit, at = arrival.unit, arrival.at
        if self._began_at is None or (isinstance(unit, VideoUnit) and unit.is_key):
            self._began_at = at
        waited_s = at - self._began_at
        if waited_s > GOP_LIMIT_S or self._size + len(unit.data) > GOP_LIMIT_BYTES:
            raise NoKeyFrames(
                f"the camera sent no key frame for {waited_s:.0f} s ({self._size // 1024} KiB of video); "
                "if this comes again, restart the camera"
            )

    def _take_audio(self, chunk: AudioChunk) -> None:
        self._audio.append(chunk)
        self._size += len(chunk.data)
        if not self._video and len(self._audio) > EARLY_AUDIO:
            self._size -= len(self._audio.pop(0).data)

    def _close(self, end_us: int, following: VideoUnit | None) -> TimedGop:
        video, self._video = self._video, []
        audio = tuple(chunk for chunk in self._audio if chunk.pts_us < end_us)
        self._keep_audio(end_us)
        closed = TimedGop(Gop(tuple(video), audio, end_us), following, self._lag_s, self._jumped)
        self._lag_before_s, self._lag_s, self._jumped = self._lag_s, float("inf"), False
        return closed

    def _keep_audio(self, from_us: int) -> None:
        """Of the sound that has come, only what belongs to a GOP that begins here."""
        end_us = from_us + AHEAD_US
        self._audio = [chunk for chunk in self._audio if from_us <= chunk.pts_us < end_us]
        self._size = sum(len(chunk.data) for chunk in self._audio)

    def _frame_us(self) -> int:
        if len(self._video) < 2:
            return FRAME_US
        return min(self._video[-1].pts_us - self._video[-2].pts_us, LONGEST_FRAME_US)


def _lag_s(unit: VideoUnit, at: float) -> float:
    return at - unit.pts_us / 1_000_000
