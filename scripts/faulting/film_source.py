"""A camera without a wire: numbered H.264 frames, each at its moment of the campaign's schedule.

Frame `i` is due at `base_ms + i / 15 s` over all lives of a hub: a frame's number tells when it was taken.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backsight_agent.domain.media import Arrival, VideoUnit
from faulting.times import FastClock
from simcam.film import Film, load
from simcam.filming import Plan
from simcam.timeline import FPS

CYCLE = 9_600  # frames: ten minutes and more, so that no two segments that exist together look the same
SIZE = (256, 64)  # pixels: the least that has room for the painted number; costs next to nothing to decode
BURST = 5  # frames that arrive together, as from a socket that is read now and then
REMEMBERED = 400  # bursts
FRAME_US = 1_000_000 / FPS


def film_of(number: int) -> Film:
    """The film of the camera with this painted number. Blocks."""
    return load(Plan(number, *SIZE, frames=CYCLE))


class FilmSource:
    """Implements the port Source."""

    def __init__(self, film: Film, base_ms: int, clock: FastClock) -> None:
        self._film, self._base_ms, self._clock = film, base_ms, clock
        self._late_ms: dict[int, int] = {}  # by burst: how long after its moment it was handed over

    def late_ms(self, first: int, count: int) -> int:
        """How late the least late of these frames was handed over: a slow machine, seen from a fast time."""
        bursts = {index // BURST for index in range(first, first + count)}
        return min((self._late_ms.get(burst, 0) for burst in bursts), default=0)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[Arrival]]:
        """A stream that begins at the frame of the moment, as cameras do."""
        yield self._frames()

    async def _frames(self) -> AsyncIterator[Arrival]:
        index = int((self._clock.now_ms() - self._base_ms) * FPS // 1000) // BURST * BURST
        while True:
            late_ms = self._clock.now_ms() - due_ms(self._base_ms, index + BURST)
            if late_ms < 0:
                await self._clock.sleep(-late_ms / 1000)
            at, late_ms = self._clock.monotonic(), self._clock.now_ms() - due_ms(self._base_ms, index + BURST)
            self._late_ms[index // BURST] = round(late_ms)
            self._late_ms.pop(index // BURST - REMEMBERED, None)
            for one in range(index, index + BURST):
                yield Arrival(self._unit(one), at)
            index += BURST

    def _unit(self, index: int) -> VideoUnit:
        is_key = index % self._film.plan.gop == 0
        return VideoUnit(self._film.access_unit(index), round(index * FRAME_US), is_key)


def due_ms(base_ms: int, index: int) -> float:
    """When a frame is taken, by the campaign's wall."""
    return base_ms + index * 1000 / FPS


def index_of(pts_us: int) -> int:
    """Which frame has this media time."""
    return round(pts_us / FRAME_US)
