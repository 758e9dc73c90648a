"""Says moments, sums and names in a mail, so that they are clear anywhere and years later.

Names of cameras are whatever their owner, or somebody who means no good, typed: they are made harmless here.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

LONGEST_NAME = 60  # characters
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
MOST_MARKS = 3  # accents and vowel signs on one letter; no language has more

_JOINER = "\N{ZERO WIDTH JOINER}"  # makes one picture of several, as in 👩‍🌾
_APART = "\N{WORD JOINER}"  # is not seen, and keeps a mail program from making a link of what it is in
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_RIGHT_TO_LEFT = ("R", "AL")


def plain(text: str, longest: int = LONGEST_NAME) -> str:
    """One line that is what it seems: nothing in it is not seen, turns the line around, or is a link."""
    shown = visible(text, longest * 8)
    short = shown if len(shown) <= longest else shown[: longest - 1].rstrip() + "…"
    return _no_link(short) or "(no name)"


def visible(text: str, longest: int) -> str:
    """One line of it, without what cannot be seen."""
    return " ".join("".join(_letters(text[:longest])).split())


def turns(text: str) -> bool:
    """Whether some of it is written from right to left."""
    return any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in text)


def day(at_ms: int, zone: str) -> str:
    """`4 June 2026`."""
    at = _local(at_ms, zone)
    return f"{at.day} {MONTHS[at.month - 1]} {at.year}"


def moment(at_ms: int, zone: str) -> str:
    """`Thursday, 4 June 2026, 21:30 (America/New_York, UTC−4)`, clear also in an hour that occurs twice."""
    at, name = _local(at_ms, zone), zone_name(zone)
    offset = "" if name == "UTC" else f", {_offset(at)}"
    return f"{_DAYS[at.weekday()]}, {short_moment(at_ms, zone)} ({name}{offset})"


def short_moment(at_ms: int, zone: str) -> str:
    """`4 June 2026, 21:30`, where the zone was said before."""
    return f"{day(at_ms, zone)}, {_local(at_ms, zone):%H:%M}"


def zone_name(zone: str) -> str:
    """The zone that moments are said in: UTC for one that this machine does not know (any more)."""
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return "UTC"
    return zone


def size(size_bytes: int) -> str:
    """Bytes in the unit that a disk is sold in: `3.4 GB`."""
    for unit, factor in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:,.1f} {unit}"
    return f"{size_bytes / 1000:,.1f} kB"


def hours(number: float) -> str:
    """`12.5 hours`, `less than an hour`."""
    if number < 0.95:
        return "less than an hour"
    return counted(round(number) if number >= 100 else round(number, 1), "hour")


def counted(number: float, what: str) -> str:
    """`1 day`, `1,234 clips`."""
    whole = int(number) if number == int(number) else number
    return f"{whole:,} {what}" if whole == 1 else f"{whole:,} {what}s"


def _letters(text: str) -> Iterator[str]:
    marks = 0
    for letter in unicodedata.normalize("NFC", text):
        kind = unicodedata.category(letter)
        marks = marks + 1 if kind in ("Mn", "Me", "Mc") else 0
        if kind in ("Zl", "Zp", "Zs", "Cc"):
            yield " "
        elif (kind[0] != "C" or letter == _JOINER) and marks <= MOST_MARKS:
            yield letter


def _no_link(text: str) -> str:
    """`evil.example` stays as it is to a reader, and is nothing to tap on."""
    apart = re.sub(r"(?<=\w)[.\N{IDEOGRAPHIC FULL STOP}](?=\w)", rf"{_APART}\g<0>{_APART}", text)
    return apart.replace("://", f":{_APART}/{_APART}/").replace("@", f"{_APART}@{_APART}")


def _local(at_ms: int, zone: str) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone_name(zone)))


def _offset(at: datetime) -> str:
    minutes = round((at.utcoffset() or at - at).total_seconds() / 60)
    whole, rest = divmod(abs(minutes), 60)
    sign = "\N{MINUS SIGN}" if minutes < 0 else "+"  # no line ends behind it
    return f"UTC{sign}{whole}" + (f":{rest:02}" if rest else "") if minutes else "UTC"
