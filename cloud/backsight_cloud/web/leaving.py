"""Says what left a history, when and why, and what would leave it, in an owner's words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from backsight_cloud.domain.ledger import merged
from backsight_cloud.domain.records import Erasure, Extent
from backsight_cloud.web.wording import HOUR_MS, about, day, moment, size
from backsight_shared.segment import SEGMENT_S

LEFT_LINES = 300  # of the ledger, for the days that a page shows: with one reason, twelve days
SHOWN = 8

_WHY = {
    "expired": "Older than the plan keeps",
    "plan_changed": "The plan keeps less than before",
    "owner": "Erased by you",
    "unbound": "Removed from the account",
    "lost": "Lost: the store no longer had it",
}
_FIELD = "%Y-%m-%dT%H:%M"  # what a field for a local time holds


@dataclass(frozen=True, slots=True)
class LeftLine:
    """What left on one day for one reason."""

    when: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class EraseForm:
    """What the two fields hold at first, and the latest that they may."""

    from_text: str
    to_text: str
    latest: str


@dataclass(frozen=True, slots=True)
class EraseQuestion:
    """What an owner is asked before it is done."""

    span: str
    goes: str
    events: str


def left_lines(erasures: Sequence[Erasure], now_ms: int, zone: str) -> list[LeftLine]:
    """The newest days, each reason a line."""
    days: dict[tuple[str, str], Erasure] = {}
    for line in erasures:
        key = (day(line.at_ms, zone, now_ms), line.reason)
        days[key] = merged(days[key], line) if key in days else line
    return [
        LeftLine(when, f"{_amount(line.count, line.size_bytes)}, {_span(line, now_ms, zone)}", why(reason))
        for (when, reason), line in list(days.items())[:SHOWN]
    ]


def why(reason: str) -> str:
    """A reason of the ledger for a person; a newer service may know more of them."""
    return _WHY.get(reason, reason.replace("_", " ").capitalize())


def question(extent: Extent, from_ms: int, to_ms: int, now_ms: int, zone: str) -> EraseQuestion:
    """What would go: the span as it is asked for, widened by the segments that reach out of it."""
    first, last = min(from_ms, extent.from_ms or from_ms), max(to_ms, extent.to_ms or to_ms)
    ends = (moment(end, zone, now_ms, seconds=True) for end in (first, last))
    noticed = "" if not extent.events else f"{extent.events} event{'' if extent.events == 1 else 's'}"
    return EraseQuestion(" to ".join(ends), _amount(extent.count, extent.size_bytes), noticed)


def form_around(now_ms: int, zone: str) -> EraseForm:
    """The last hour."""
    now = _field(now_ms, zone)
    return EraseForm(_field(now_ms - HOUR_MS, zone), now, now)


def local_moment(text: str, zone: str, *, last: bool) -> int | None:
    """The moment that a field means; of the two in the hour that comes twice the first, or the last."""
    try:
        local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=int(last))
        return round(local.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def _amount(count: int, size_bytes: int) -> str:
    if not count:
        return "No video that is here"
    return f"About {about(round(count * SEGMENT_S * 1000))} of video ({size(size_bytes)})"


def _span(line: Erasure, now_ms: int, zone: str) -> str:
    return f"from {moment(line.from_ms, zone, now_ms)} to {moment(line.to_ms, zone, now_ms)}"


def _field(at_ms: int, zone: str) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone)).strftime(_FIELD)
