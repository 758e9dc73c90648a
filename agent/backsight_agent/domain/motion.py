"""Finds motion in what a camera sends anyway: one small grey picture a GOP, and the sizes of its frames.

A key frame is compared with a slowly learned background; cells that differ more than they usually do, and
hang together, are something that was not there. What passes between two key frames shows in the sizes of
the frames in between. Light that changes everywhere (a lamp, sunrise, a night filter) is no motion.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from backsight_agent.domain.blobs import blobs_of, inside

WIDTH, HEIGHT = 80, 45  # cells of the grey picture; of 1080p each is 24 pixels square
CELLS = WIDTH * HEIGHT
LIGHT_SHARE = 0.35  # of all cells; more than that changed at once is the light, or the camera itself
LEARN = 0.08  # share of a new picture in the background, a GOP
LEARN_CHANGED = 0.03  # the same where something stands: it is background after about a minute
LEARN_NOISE = 0.10
LEAST_NOISE, FIRST_NOISE = 1.0, 3.0  # grey levels (of 256) by which a cell differs anyway
MOST_NOISE = 6.0  # times its noise; what differs by more is no noise, and teaches only so much
NOISES = 4.0  # a cell has changed when it differs by so many times its noise, and by the threshold
SIZES = 300  # frames whose sizes are remembered: 20 s at 15 fps
LEAST_SIZES = 120  # of them are needed before a size says anything
MADS = 8.0  # a frame is large by so many median deviations, and by its share of the median
BUSY_SCORE = 25
USUAL_GOPS = 20  # GOPs whose median size is remembered
LEAST_GOPS, LEAST_FRAMES = 6, 10  # of them, and frames in each, before a median says anything
GOP_MADS = 4.5  # a GOP is busy by so many median deviations, and by its share of the median
LARGE_RUN = 6  # large frames in a row, one smaller in between allowed


@dataclass(frozen=True, slots=True)
class MotionSettings:
    """How closely one camera's picture is watched, and where; zones are polygons in 0..1."""

    sensitivity: int = 5
    zones: tuple[tuple[tuple[float, float], ...], ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.sensitivity <= 10:
            raise ValueError("a sensitivity is 1 (only much) to 10 (anything)")

    @property
    def threshold(self) -> float:
        """Grey levels by which a cell must differ."""
        return 22.0 - 2.0 * self.sensitivity

    @property
    def least_cells(self) -> int:
        """Cells that must have changed together."""
        return max(1, 6 - self.sensitivity // 2)

    @property
    def large(self) -> float:
        """A frame is large when it is so many times the usual one."""
        return 2.6 - 0.1 * self.sensitivity

    @property
    def busy(self) -> float:
        """A GOP is busy when its median frame is so many times the usual one."""
        return 1.0 + 0.02 * (11 - self.sensitivity)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something moved, from `start` to `end` as shares of the GOP (0..1); `score` 0 to 100."""

    start: float
    end: float
    score: int


class MotionDetector:
    """One camera's. Fed with every GOP; it remembers what is usual."""

    def __init__(self, settings: MotionSettings) -> None:
        self._settings = settings
        self._watched = inside(settings.zones, WIDTH, HEIGHT)
        self._background: list[float] = []
        self._noise = [FIRST_NOISE] * CELLS
        self._before = b""
        self._changed_before: list[bool] = []
        self._sizes: deque[int] = deque(maxlen=SIZES)
        self._medians: deque[float] = deque(maxlen=USUAL_GOPS)
        self._pictures = 0  # looked at since the light changed: what is usual is learned fast at first

    def look(self, picture: bytes | None, sizes: Sequence[int]) -> Finding | None:
        """What moved in a GOP. `picture` is the grey of the key frame behind it (WIDTH x HEIGHT bytes, by
        rows), None when it could not be decoded; `sizes` are the bytes of its frames but the first."""
        large, between = self._large(sizes), self._between(sizes)
        self._sizes.extend(sizes)
        if picture is None:
            return between
        if not self._background:
            self._begin(picture)
            return None
        score = self._seen(picture)
        if score is None:  # the light changed: its frames are large, too
            return None
        if score:
            start, _ = large or (0, 0)
            return Finding(start / max(len(sizes), 1), 1.0, score)
        return between if not self._settings.zones else None

    def _begin(self, picture: bytes) -> None:
        self._background, self._before = [float(cell) for cell in picture], picture
        self._changed_before = [False] * CELLS
        self._pictures = 0

    def _seen(self, picture: bytes) -> int | None:
        """How sure it is that something moved; None when the light did."""
        background, noise, threshold = self._background, self._noise, self._settings.threshold
        apart = [cell - usual for cell, usual in zip(picture, background, strict=True)]
        shift = median(apart)
        apart = [abs(one - shift) for one in apart]
        changed = [one > threshold and one > NOISES * usual for one, usual in zip(apart, noise, strict=True)]
        if sum(changed) > LIGHT_SHARE * CELLS or abs(shift) > 2 * threshold:
            self._begin(picture)
            return None
        moved = self._moved(picture, changed)
        self._learn(picture, apart, changed)
        self._before, self._changed_before = picture, changed
        largest = max(blobs_of(moved, WIDTH), default=0)
        return min(100, 30 + 4 * largest) if largest >= self._settings.least_cells else 0

    def _moved(self, picture: bytes, changed: list[bool]) -> set[int]:
        """Cells that are not as they were a GOP ago, where something is or was: what comes, walks or leaves.

        What stands still no longer moves.
        """
        least, places = self._settings.threshold / 2, zip(changed, self._changed_before, strict=True)
        there = [place for place, (now, then) in enumerate(places) if now or then]
        return {
            place
            for place in there
            if self._watched[place] and abs(picture[place] - self._before[place]) > least
        }

    def _learn(self, picture: bytes, apart: list[float], changed: list[bool]) -> None:
        self._pictures += 1
        rate = max(LEARN_NOISE, 1 / (self._pictures + 1))
        self._background = [
            usual + (LEARN_CHANGED if one else LEARN) * (cell - usual)
            for usual, cell, one in zip(self._background, picture, changed, strict=True)
        ]
        self._noise = [
            max(LEAST_NOISE, usual + rate * (min(one, MOST_NOISE * usual) - usual))
            for usual, one in zip(self._noise, apart, strict=True)
        ]

    def _between(self, sizes: Sequence[int]) -> Finding | None:
        """What passed between the key frames: some frames are far larger, or all of them somewhat.

        The second is all that a camera with a constant bit rate lets through.
        """
        found = _of_sizes(self._large(sizes), len(sizes))
        if len(sizes) < LEAST_FRAMES:
            return found
        now, usual = median(sizes), median(self._medians or [0.0])
        spread = median([abs(one - usual) for one in self._medians] or [0.0])
        is_busy = now > max(usual + GOP_MADS * spread, usual * self._settings.busy)
        known = len(self._medians) >= LEAST_GOPS
        self._medians.append(now)
        return found or (Finding(0.0, 1.0, BUSY_SCORE) if known and is_busy else None)

    def _large(self, sizes: Sequence[int]) -> tuple[int, int] | None:
        """The first and last frame of the longest row of large ones; None without one."""
        if len(self._sizes) < LEAST_SIZES:
            return None
        usual = median(self._sizes)
        spread = median(abs(size - usual) for size in self._sizes)
        limit = max(usual + MADS * spread, usual * self._settings.large)
        return _longest_row([size > limit for size in sizes])


def _longest_row(large: Sequence[bool]) -> tuple[int, int] | None:
    best: tuple[int, int] | None = None
    start = last = None
    for place, one in enumerate(large):
        if one:
            start = place if start is None or last is None or place - last > 2 else start
            last = place
            if best is None or last - start > best[1] - best[0]:
                best = (start, last)
    return best if best and best[1] - best[0] + 1 >= LARGE_RUN else None


def _of_sizes(large: tuple[int, int] | None, frames: int) -> Finding | None:
    """Seen between two key frames only: less sure than what a picture shows."""
    if large is None:
        return None
    first, last = large
    return Finding(first / frames, (last + 1) / frames, min(60, 20 + 2 * (last - first)))
