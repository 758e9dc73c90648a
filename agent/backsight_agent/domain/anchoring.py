"""Decides where that belongs which was recorded while nobody knew what time it was.

Whatever a hub records is anchored to its wall clock; a wall clock that nobody has set may show 1970. The
monotonic clock counts from the same boot on whatever the wall clock shows, so the difference between the two
at anchoring says later, once the time is known, how far everything of this boot has to be shifted: exactly.
Of an earlier boot that ended before the time was known, only the order is certain: it is placed as late as it
can have been, because nothing may be deleted too early.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

EXACT_MS = 1_000  # less is not worth moving: a run is not even ended by it (domain/cutting.py: CLOCK_JUMP_MS)
GOES_ON_MS = 2_000  # as far as any run may be off (DRIFT_MS there), and a run that goes on cannot be moved
BETWEEN_BOOTS_MS = 1_000  # at least so much lies between the last moment of a boot and the next boot
TOUCH_MS = 300  # two runs of one camera that would overlap by less meet: clocks are read and slewed apart
MOST_NUDGES = 1_000  # milliseconds; how far a run is moved further where its moments are taken
UNKNOWN_BOOT = ""  # of runs whose index was lost: then only the order of their moments is left
TIME_UNKNOWN = "time_unknown"  # `after` of what was placed without knowing when it was


@dataclass(frozen=True, slots=True)
class Undated:
    """How something was anchored while the time was not known."""

    boot: str  # the boot of the machine: its monotonic clock is another one than that of any other boot
    offset_ms: int  # wall minus monotonic clock


@dataclass(frozen=True, slots=True)
class BootSpan:
    """What is undated of one boot; boots are given in the order in which they were."""

    boot: str
    end_ms: int  # on its monotonic clock: where the last of it ends
    zero_ms: int | None = None  # the true time when that clock was 0, where it became known before the end


@dataclass(frozen=True, slots=True)
class BootTime:
    """Where a boot's monotonic clock stood in true time: the true time when it was 0."""

    zero_ms: int
    exact: bool = True


def places(spans: Sequence[BootSpan], boot: str, known_offset_ms: float) -> dict[str, BootTime]:
    """A place for each boot, now that the true time of this one is known.

    Each earlier boot ends just before the one after it began; a boot begins when its monotonic clock is 0.
    """
    found = {boot: BootTime(round(known_offset_ms))}
    later_ms = found[boot].zero_ms
    for span in reversed([span for span in spans if span.boot not in (boot, UNKNOWN_BOOT)]):
        exact = span.zero_ms is not None
        later_ms = span.zero_ms if span.zero_ms is not None else later_ms - BETWEEN_BOOTS_MS - span.end_ms
        found[span.boot] = BootTime(later_ms, exact)
    return found


def is_exact(shift_ms: int, *, goes_on: bool = False) -> bool:
    """Whether moments that would be moved by so much are right as they are."""
    return abs(shift_ms) <= (GOES_ON_MS if goes_on else EXACT_MS)


def meeting(shift_ms: int, span: tuple[int, int], before_ms: int | None, follows_ms: int | None) -> int:
    """The shift of a run that by it would lie at `span`, between its camera's neighbours: they meet.

    `before_ms` is where the one before ends, `follows_ms` where the next one begins. A cloud's word for the
    time is late by its way to us, so that a few milliseconds too many are no true overlap; more are.
    """
    start_ms, end_ms = span
    if before_ms is not None and 0 < before_ms - start_ms <= TOUCH_MS:
        return shift_ms + before_ms - start_ms
    if follows_ms is not None and 0 < end_ms - follows_ms <= TOUCH_MS:
        return shift_ms + follows_ms - end_ms
    return shift_ms


def packed(runs: Sequence[tuple[int, int]], before_ms: int) -> list[int]:
    """Shifts for a camera's runs (start, end) of which only the order is known: each ends before the next."""
    shifts = []
    for start_ms, end_ms in reversed(runs):
        shift = before_ms - BETWEEN_BOOTS_MS - end_ms
        before_ms = start_ms + shift
        shifts.append(shift)
    return shifts[::-1]


def free_shift(starts: Iterable[int], shift_ms: int, taken: frozenset[int]) -> int | None:
    """The shift, or the least one behind it, that brings none of these to a moment that is taken.

    None when there is none near: two histories of days that lie over each other.
    """
    if not taken:
        return shift_ms
    moved = [start + shift_ms for start in starts]
    for nudge in range(MOST_NUDGES):
        if taken.isdisjoint({moment + nudge for moment in moved}):
            return shift_ms + nudge
    return None
