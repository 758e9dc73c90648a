"""Decides where segments are cut, where a run must end, and which moment of the wall clock a frame has.

A run is anchored once to the wall clock; inside it, only media time counts. All rules are pure: the caller
brings each GOP with the difference between the wall and the monotonic clock at that moment.
"""

from dataclasses import dataclass, replace

from backsight_agent.domain.activity import Doing
from backsight_agent.domain.anchoring import TOUCH_MS
from backsight_agent.domain.annexb import parameter_sets
from backsight_agent.domain.gops import TimedGop
from backsight_agent.domain.media import Gop, VideoCodec
from backsight_shared.segment import SEGMENT_S

CLOCK_JUMP_MS = 1_000  # the wall clock may differ by this much from the monotonic one between two key frames
DRIFT_MS = 2_000  # wall and media time may part by this much before the run is anchored anew
LAGS = 15  # GOPs, about 30 s; a stall shorter than this is a delay, not a drift
EVENT_CUT_MS = 4_000  # how much of an event its first segment shows at least, unless it is full before
GOLDEN = 0.6180339887498949  # its multiples modulo 1 lie evenly, however many there are
ROUNDING_MS = 3  # two differences of the clocks, read and rounded apart, may be wrong by this
CATCH_UP = 0.001  # of media time: twice as fast as any camera's clock is wrong, and nobody sees it
OVERLAP_MS = 30_000  # an anchor this little before recorded history is lateness; more: the clock stepped back


@dataclass(frozen=True, slots=True)
class Format:
    """What must stay the same inside a run."""

    codec: VideoCodec
    sets: tuple[bytes, ...]
    audio: tuple[str, int] | None  # law and rate; None without audio


@dataclass(frozen=True, slots=True)
class OpenRun:
    """What the rules remember of a run."""

    anchor_ms: int  # the wall time of its first frame
    first_us: int  # the media time of its first frame
    format: Format
    began_offset_ms: float  # wall minus monotonic clock when it began
    began_lag_s: float
    offset_ms: float  # the same at the newest GOP
    lags_s: tuple[float, ...]  # of the newest GOPs
    late_ms: int = 0  # how far the anchor lies behind the first frame's moment, for what was recorded before

    def wall_ms(self, pts_us: int) -> int:
        """The moment of a frame: the anchor plus media time, which catches up slowly where it began too late.

        Otherwise each run of a camera whose clock is fast would begin further behind the one before.
        """
        media_ms = (pts_us - self.first_us) / 1000
        return self.anchor_ms + round(media_ms - min(self.late_ms, media_ms * CATCH_UP))


def begin(
    timed: TimedGop,
    offset_ms: float,
    last_end_ms: int | None,
    last_offset_ms: float | None = None,
    *,
    provisional: bool = False,
) -> OpenRun:
    """A run that begins with this GOP, anchored by its least delayed frame, behind what was recorded.

    `last_offset_ms` is the clocks' difference at which the run before was anchored, where it is known: when
    the wall clock was set since, this one also begins behind where that would end by the clock as it is now.
    `provisional`: one of the two may be moved once the time is known, so only that counts; but where the
    clocks agree all the same, neither is moved, and the two must not reach into each other.
    """
    first_us = timed.gop.video[0].pts_us
    captured_ms = round(offset_ms + first_us / 1000 + timed.lag_s * 1000)
    due_ms = captured_ms
    if last_end_ms is not None and last_offset_ms is not None:
        due_ms = behind(due_ms, last_end_ms + _step_ms(last_offset_ms, offset_ms))
    touches = last_end_ms is not None and last_end_ms - due_ms <= TOUCH_MS
    anchor_ms = max(due_ms, 0) if provisional and not touches else behind(due_ms, last_end_ms)
    return OpenRun(
        anchor_ms=anchor_ms,
        late_ms=min(anchor_ms - captured_ms, 2 * OVERLAP_MS),
        first_us=first_us,
        format=format_of(timed.gop),
        began_offset_ms=offset_ms,
        began_lag_s=timed.lag_s,
        offset_ms=offset_ms,
        lags_s=(timed.lag_s,),
    )


def behind(captured_ms: int, last_end_ms: int | None) -> int:
    """Where a run begins: when its first frame was captured, but behind the camera's recorded history.

    Only when the wall clock truly stepped back does a run begin earlier than that.
    """
    if last_end_ms is None or captured_ms > last_end_ms or last_end_ms - captured_ms > OVERLAP_MS:
        return max(captured_ms, 0)
    return last_end_ms + 1


def _step_ms(before_ms: float, now_ms: float) -> int:
    """How far the wall clock was set; 0 for what is only rounding."""
    step_ms = now_ms - before_ms
    return round(step_ms) + ROUNDING_MS if abs(step_ms) > CLOCK_JUMP_MS else 0


def broken_by(run: OpenRun, timed: TimedGop, offset_ms: float) -> str | None:
    """Why this GOP cannot belong to the run; None when it can."""
    if timed.jumped:
        return "media_jump"
    if abs(offset_ms - run.offset_ms) > CLOCK_JUMP_MS:
        return "clock_jump"
    if changed := _changed(run.format, format_of(timed.gop)):
        return changed
    if abs(_drift_ms(run, timed, offset_ms)) > DRIFT_MS:
        return "clock_drift"
    return None


def continued(run: OpenRun, timed: TimedGop, offset_ms: float) -> OpenRun:
    """The run with this GOP added."""
    return replace(run, offset_ms=offset_ms, lags_s=_lags(run, timed))


def first_length_s(camera: str) -> float:
    """How long the first segment of a camera's runs is: half of the usual length up to all of it.

    Cameras that begin together (the hub was started) so do not sync their files together ever after.
    """
    return SEGMENT_S * (0.5 + 0.5 * (int(camera, 16) * GOLDEN % 1.0))


def is_full(start_us: int, gop: Gop, length_s: float = SEGMENT_S) -> bool:
    """Whether a segment that began at `start_us` is cut behind this GOP, where the next key frame stands.

    The tolerance is half a frame: key frames whose times come from their arrival may be that early.
    """
    frame_us = (gop.end_pts_us - gop.video[0].pts_us) / len(gop.video)
    return gop.end_pts_us - start_us >= length_s * 1_000_000 - frame_us / 2


def is_urgent(start_ms: int, end_ms: int, doing: Doing | None) -> bool:
    """Whether a segment ends early because an event began in it: its clip is wanted in the cloud soon.

    Some seconds of the event are in it then; the segments that follow are as long as any.
    """
    return doing is not None and start_ms <= doing.start_ms <= end_ms - EVENT_CUT_MS


def format_of(gop: Gop) -> Format:
    """What the key frame and the audio say of themselves."""
    key = gop.video[0]
    audio = (gop.audio[0].law, gop.audio[0].rate_hz) if gop.audio else None
    return Format(key.codec, parameter_sets(key.data, key.codec), audio)


def _changed(before: Format, now: Format) -> str | None:
    if (now.codec, now.sets) != (before.codec, before.sets):
        return "parameters_changed"
    if now.audio is None or now.audio == before.audio:
        return None  # audio that is missing for a while is filled with silence
    return "audio_began" if before.audio is None else "parameters_changed"


def _drift_ms(run: OpenRun, timed: TimedGop, offset_ms: float) -> float:
    """How far wall and media time have parted since the run began, by the least delayed frames."""
    return offset_ms - run.began_offset_ms + (min(_lags(run, timed)) - run.began_lag_s) * 1000


def _lags(run: OpenRun, timed: TimedGop) -> tuple[float, ...]:
    return (*run.lags_s, timed.lag_s)[-LAGS:]
