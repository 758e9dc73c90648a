"""Knows when things are due: moments that repeat by the calendar, at a local time of day that may not exist.

One law for every local time: it means the first moment at which the local clock shows it or a later time.
So one that a clock change leaves out moves forward to the first moment that exists, and one that occurs twice
is the first of the two.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_FOREIGN = ("localtime", "posixrules", "posix/", "right/")  # this machine's own, and clocks with leap seconds


class Cycle(StrEnum):
    """How often a subscription is billed."""

    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Anchor:
    """The activation, from which every bill moment is counted; never from the one before."""

    local: datetime  # naive, to the millisecond; its `fold` says which of two that occur at this local time
    zone: str  # IANA name
    cycle: Cycle


def anchored(at_ms: int, zone: str, cycle: Cycle) -> Anchor:
    """The anchor of an activation at this moment. Raises ValueError."""
    return Anchor(_local(at_ms, zone).replace(tzinfo=None), zone, cycle)


def bill_ms(anchor: Anchor, number: int) -> int:
    """The bill moment with this number; 0 is the activation. Raises ValueError.

    A day that a month does not have is its last: 31 January, 28 or 29 February, 31 March.
    """
    if number < 0:
        raise ValueError(f"a bill has a number from 0 on, not {number}")
    if number == 0:
        return _ms(anchor.local.replace(tzinfo=zone_named(anchor.zone)))
    months = number * (12 if anchor.cycle is Cycle.YEAR else 1)
    day = _months_later(anchor.local.date(), months)
    return _moment_ms(datetime.combine(day, anchor.local.time()), anchor.zone)


def local_date(at_ms: int, zone: str) -> date:
    """The day that it is there at this moment. Raises ValueError."""
    return _local(at_ms, zone).date()


def local_time(at_ms: int, zone: str) -> datetime:
    """What a clock on the wall shows there at this moment, naive. Raises ValueError."""
    return _local(at_ms, zone).replace(tzinfo=None, fold=0)


def moment_ms(local: datetime, zone: str) -> int:
    """The first moment at which the clock there shows this naive time or a later one. Raises ValueError."""
    if local.tzinfo is not None:
        raise ValueError(f"a local time has no offset of its own: {local.isoformat()}")
    return _moment_ms(local, zone)


def start_of_day_ms(day: date, zone: str) -> int:
    """The first moment of that day: not midnight where the clock jumps over it. Raises ValueError."""
    return _moment_ms(datetime.combine(day, time.min), zone)


def start_of_next_day_ms(at_ms: int, zone: str) -> int:
    """The first moment after this one at which it is tomorrow there. Raises ValueError."""
    midnight = datetime.combine(_days_later(local_date(at_ms, zone), 1), time.min)
    first = _moment_ms(midnight, zone)
    if first > at_ms:
        return first
    return _ms(
        midnight.replace(tzinfo=zone_named(zone), fold=1)
    )  # set back after midnight: it is yesterday again


def days_later_ms(at_ms: int, days: int, zone: str) -> int:
    """The same local time so many days later. Raises ValueError."""
    if days < 0:
        raise ValueError(f"so many days later needs a number of days from 0 on, not {days}")
    if days == 0:
        return at_ms
    local = _local(at_ms, zone)
    return _moment_ms(datetime.combine(_days_later(local.date(), days), local.time()), zone)


def days_earlier_ms(at_ms: int, days: int, zone: str) -> int:
    """The same local time so many days before. Raises ValueError."""
    if days < 0:
        raise ValueError(f"so many days earlier needs a number of days from 0 on, not {days}")
    local = _local(at_ms, zone)
    return (
        at_ms
        if days == 0
        else _moment_ms(datetime.combine(_days_later(local.date(), -days), local.time()), zone)
    )


def month_begins_ms(year: int, month: int, zone: str) -> int:
    """The first moment of that month. Raises ValueError."""
    return start_of_day_ms(date(year, month, 1), zone)


@lru_cache(maxsize=1024)
def zone_named(zone: str) -> ZoneInfo:
    """The time zone of this IANA name, the same on every machine. Raises ValueError."""
    wrong = f'zone {zone!r} is not a time zone like "America/New_York"'
    if zone.startswith(_FOREIGN):
        raise ValueError(wrong)
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(wrong) from error


def _local(at_ms: int, zone: str) -> datetime:
    there = zone_named(zone)
    try:
        return (_EPOCH + at_ms * _MS).astimezone(there)
    except OverflowError as error:
        raise ValueError(f"the moment {at_ms} is beyond the calendar") from error


def _moment_ms(local: datetime, zone: str) -> int:
    there = zone_named(
        zone
    )  # reads a time that is left out by the offset from before; with fold=1 from after
    first = _ms(local.replace(tzinfo=there, fold=0))
    if _shown(first, zone) == local:
        return first
    before, after = _ms(local.replace(tzinfo=there, fold=1)), first
    while after - before > 1:  # the clock jumps between the two
        middle = (before + after) // 2
        if _shown(middle, zone) < local:
            before = middle
        else:
            after = middle
    return after


def _shown(at_ms: int, zone: str) -> datetime:
    return _local(at_ms, zone).replace(tzinfo=None)


def _ms(aware: datetime) -> int:
    try:
        return (aware - _EPOCH) // _MS
    except OverflowError as error:
        raise ValueError(f"{aware.replace(tzinfo=None).isoformat()} is beyond the calendar") from error


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        raise ValueError(f"{months} months after {day} is beyond the calendar")
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _days_later(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError as error:
        raise ValueError(f"{days} days after {day} is beyond the calendar") from error
