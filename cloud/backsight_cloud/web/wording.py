"""Says what the service knows in an owner's words: moments, durations, how far back a history reaches."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

SECOND_MS = 1000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

SHORT_WINDOW_MS = 10 * MINUTE_MS  # below this a moment needs its seconds to say anything
FULL_SHARE = 0.98  # a history that holds this much of its window is called whole: a segment's grain apart
GAP_MS = 2 * MINUTE_MS  # a newest picture older than this is a gap: segments take some 20 s to arrive
SLIVER = 1.5  # percent of the bar: what is there is seen, however little it is

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNITS = ((DAY_MS, "day"), (HOUR_MS, "hour"), (MINUTE_MS, "minute"), (SECOND_MS, "second"))


@dataclass(frozen=True, slots=True)
class Reach:
    """How far back a history goes: a text, and the filled part of a bar whose right end is now (percent)."""

    text: str
    bar_from: float = 100.0
    bar_to: float = 100.0


def moment(at_ms: int, zone: str, now_ms: int, *, seconds: bool = False) -> str:
    """A time as short as it can be said: "14:03" today, "9 Nov 14:03" before, with the year when another."""
    at, now = _local(at_ms, zone), _local(now_ms, zone)
    time = f"{at:%H:%M:%S}" if seconds else f"{at:%H:%M}"
    if at.date() == now.date():
        return time
    year = "" if at.year == now.year else f" {at.year}"
    return f"{at.day} {_MONTHS[at.month - 1]}{year} {time}"


def day(at_ms: int, zone: str, now_ms: int) -> str:
    """The day of a moment: "Today", "9 Nov", with the year when another."""
    at, now = _local(at_ms, zone), _local(now_ms, zone)
    if at.date() == now.date():
        return "Today"
    return f"{at.day} {_MONTHS[at.month - 1]}" + ("" if at.year == now.year else f" {at.year}")


def duration(span_ms: int) -> str:
    """A window as a person says it: "12 hours", "2 days", "90 minutes"; the largest unit that divides it."""
    for size, name in _UNITS:
        if span_ms >= size and span_ms % size == 0 and not (name == "day" and span_ms == DAY_MS):
            return _count(span_ms // size, name)
    return about(span_ms)


def about(span_ms: int) -> str:
    """A span in its largest whole unit, rounded down: "6 days", "40 seconds"."""
    for size, name in _UNITS:
        if span_ms >= size:
            return _count(span_ms // size, name)
    return "no time"


def ago(at_ms: int, now_ms: int) -> str:
    """How long ago: "12 seconds ago"."""
    return "just now" if now_ms - at_ms < SECOND_MS else f"{about(now_ms - at_ms)} ago"


def reach(
    window_ms: int | None,
    span: tuple[int, int] | None,
    bound_ms: int,
    now_ms: int,
    zone: str,
    *,
    uploads: bool,
) -> Reach:
    """How far back a camera's history in the cloud reaches, of what its plan keeps."""
    if span is None:
        return Reach(_nothing(window_ms, uploads=uploads))
    if window_ms is None:
        return Reach(f"Back to {moment(span[0], zone, now_ms)}", 0.0)
    held_ms = min(max(now_ms - span[0], 0), window_ms)
    gap = now_ms - span[1] > max(GAP_MS, window_ms // 100)
    text = _reach_text(window_ms, held_ms, span[1] if gap else None, bound_ms, now_ms, zone)
    bar_to = max(_percent(now_ms - span[1], window_ms) if gap else 100.0, SLIVER)
    return Reach(text, min(_percent(held_ms, window_ms), bar_to - SLIVER), bar_to)


def plan_badge(plan: str, window_ms: int | None) -> str:
    """ "Plus", and for a free camera what free means for it: "Free, 12 hours"."""
    return f"Free, {duration(window_ms)}" if plan == "free" and window_ms else plan.capitalize()


def size(size_bytes: int) -> str:
    """Bytes in the unit that a disk is sold in: "212 GB"."""
    for unit, factor in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6)):
        if size_bytes >= factor:
            return (
                f"{size_bytes / factor:.1f} {unit}"
                if size_bytes < 10 * factor
                else f"{size_bytes // factor} {unit}"
            )
    return f"{size_bytes // 1000} kB"


def zone_name(zone: str, now_ms: int) -> str:
    """A zone with the letters that it goes by now: "Europe/Berlin (CET)"."""
    letters = _local(now_ms, zone).tzname() or ""
    return f"{zone} ({letters})" if letters.isalpha() and letters != zone else zone


def _nothing(window_ms: int | None, *, uploads: bool) -> str:
    if not uploads:
        return "Kept on the hub only"
    return "Nothing recorded yet" + (f"; the plan keeps {duration(window_ms)}" if window_ms else "")


def _reach_text(
    window_ms: int, held_ms: int, gap_from: int | None, bound_ms: int, now_ms: int, zone: str
) -> str:
    seconds = window_ms < SHORT_WINDOW_MS
    whole = held_ms >= window_ms * FULL_SHARE
    amount = duration(window_ms) if whole else _part_of(held_ms, window_ms)
    if gap_from is not None:
        return f"{amount}, gap since {moment(gap_from, zone, now_ms, seconds=seconds)}"
    if not whole and now_ms - bound_ms < window_ms:
        return f"{amount}: new camera, still filling"
    return f"{amount}, back to {moment(now_ms - held_ms, zone, now_ms, seconds=seconds)}"


def _part_of(held_ms: int, window_ms: int) -> str:
    held, window = about(held_ms), duration(window_ms)
    (number, unit), (_, whole_unit) = held.split(" "), window.split(" ")
    return f"{number} of {window}" if unit.rstrip("s") == whole_unit.rstrip("s") else f"{held} of {window}"


def _percent(age_ms: int, window_ms: int) -> float:
    """Where something of this age lies on the bar."""
    return round(100 * (1 - min(max(age_ms / window_ms, 0.0), 1.0)), 1) if window_ms else 100.0


def _count(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


def _local(at_ms: int, zone: str) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone))
