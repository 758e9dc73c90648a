"""What a hub's offer must keep to, so that one hub cannot harm the service."""

from collections.abc import Sequence

from backsight_shared.erased import ErasedSpan, is_erased
from backsight_shared.event import Event
from backsight_shared.segment import Segment
from backsight_shared.window import expired
from backsight_shared.wire import BATCH_SEGMENTS, ERASED, EXPIRED, MAX_OBJECT_BYTES, Batch, RunOffer

LONGEST_SEGMENT_MS = 10 * 60_000  # ours are some 10 s; queries by time rely on the bound
LARGEST_INIT_BYTES = 1024 * 1024  # ours are some 2 kB
LATEST_MS = 4_102_444_800_000  # the year 2100: a clock may run ahead, but not out of the calendar
AHEAD_MS = 600_000  # by which a hub's clock may run ahead when it tells of events
LONGEST_REASON = 64  # characters of the reason of a gap


def batch_fault(batch: Batch) -> str:
    """Why the batch as a whole is refused, or nothing."""
    if len(batch.segments) > BATCH_SEGMENTS or len(batch.runs) > BATCH_SEGMENTS:
        return f"message must have at most {BATCH_SEGMENTS} runs and {BATCH_SEGMENTS} segments"
    return ""


def event_fault(event: Event, horizon_ms: int | None, erased: Sequence[ErasedSpan], now_ms: int) -> str:
    """Why an event can never be stored, or nothing."""
    if event.end_ms > now_ms + AHEAD_MS:
        return "an event that is still to come is refused: the hub's clock runs ahead"
    return _has_left(event.start_ms, event.end_ms, horizon_ms, erased)


def run_fault(offer: RunOffer) -> str:
    """Why a run can never be stored, or nothing."""
    if not 0 < offer.init_bytes <= LARGEST_INIT_BYTES:
        return f"an init of {offer.init_bytes} bytes is refused: at most {LARGEST_INIT_BYTES}"
    if offer.run.run_ms > LATEST_MS or len(offer.run.after) > LONGEST_REASON:
        return "a run of that time or with that reason is refused"
    return ""


def segment_fault(segment: Segment, horizon_ms: int | None, erased: Sequence[ErasedSpan]) -> str:
    """Why a segment can never be stored, or nothing."""
    if segment.size_bytes > MAX_OBJECT_BYTES:
        return f"a segment of {segment.size_bytes} bytes is refused: at most {MAX_OBJECT_BYTES}"
    if segment.end_ms - segment.start_ms > LONGEST_SEGMENT_MS:
        return f"a segment longer than {LONGEST_SEGMENT_MS // 1000} seconds is refused"
    if not 0 <= segment.start_ms <= LATEST_MS or not 0 <= segment.run_ms <= LATEST_MS:
        return "a segment of that time is refused"
    return _has_left(segment.start_ms, segment.end_ms, horizon_ms, erased)


def _has_left(start_ms: int, end_ms: int, horizon_ms: int | None, erased: Sequence[ErasedSpan]) -> str:
    if expired(end_ms, horizon_ms):
        return EXPIRED
    return ERASED if is_erased(erased, start_ms, end_ms) else ""
