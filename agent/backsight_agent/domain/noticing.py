"""What a camera says that it noticed: its words for it as our kinds, its clock's moments as the hub's."""

from collections.abc import Sequence
from dataclasses import dataclass

from backsight_shared.event import EventKind

MOMENT_MS = 5_000  # how long something lasts of which a camera only says when it was
GOES_ON_MS = 45_000  # a camera's time of the last alarm moves on while it lasts: this soon, it is the same
FUTURE_MS = 60_000  # what lies further ahead than this is no time at all
CLOCK_OFF_S = 120  # seconds; from here on an owner should know that a camera's clock is wrong

_KINDS = {
    "motion": EventKind.MOTION,
    "person": EventKind.PERSON,
    "people": EventKind.PERSON,
    "sound": EventKind.SOUND,
    "cry": EventKind.BABY_CRY,
    "babycry": EventKind.BABY_CRY,
    "pet": EventKind.PET,
    "vehicle": EventKind.VEHICLE,
    "linecrossing": EventKind.LINE_CROSSING,
    "bark": EventKind.BARK,
    "meow": EventKind.MEOW,
    "glass": EventKind.GLASS,
    "glassbreak": EventKind.GLASS,
    "tamper": EventKind.TAMPER,
    "ring": EventKind.RING,
    "doorbell": EventKind.RING,
}


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something that a camera noticed; times are UTC milliseconds by the hub's clock."""

    kind: EventKind
    start_ms: int
    until_ms: int


def kind_of(word: str) -> EventKind:
    """A camera's word for what it noticed; cameras differ in underscores and capitals."""
    plain = "".join(letter for letter in word.lower() if letter.isalpha())
    return _KINDS.get(plain.removesuffix("detection"), EventKind.OTHER)


def moment(kind: EventKind, camera_s: object, off_s: int | None, now_ms: int) -> Noticed | None:
    """What was at this second of a camera's clock, which is `off_s` ahead of ours; None for no such time."""
    try:
        start_ms = (int(str(camera_s)) - (off_s or 0)) * 1000
    except ValueError:
        return None
    if not 0 < start_ms <= now_ms + FUTURE_MS:
        return None
    return Noticed(kind, start_ms, start_ms + MOMENT_MS)


def joined(before: Sequence[Noticed], new: Noticed) -> Noticed:
    """The new one as the continuation of one of the same kind that was there just before."""
    for old in before:
        if old.kind is new.kind and 0 <= new.start_ms - old.until_ms <= GOES_ON_MS:
            return Noticed(new.kind, old.start_ms, new.until_ms)
    return new


def clock_off_s(camera_s: object, now_ms: int) -> int | None:
    """How far a camera's clock is ahead of ours, in seconds; None when it does not say."""
    try:
        return int(str(camera_s)) - now_ms // 1000
    except ValueError:
        return None


def noticeable(off_s: int | None) -> int | None:
    """Nothing of what an owner need not know, whole minutes of the rest: a status must not flicker."""
    if off_s is None:
        return None
    return round(off_s / 60) * 60 if abs(off_s) >= CLOCK_OFF_S else 0
