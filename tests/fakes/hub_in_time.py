"""A camera's writer over a store in memory, under clocks that a test sets: each frame's true moment is known.

The film has 15 frames a second and a key frame each two seconds; frame n was truly taken `n / 15` seconds
after the beginning. The monotonic clock runs true; wall clock and camera clock do what the test says.
"""

import asyncio
from dataclasses import dataclass, field, replace

from backsight_agent.domain.gops import TimedGop
from backsight_agent.domain.media import Gop
from backsight_agent.domain.states import Board
from backsight_agent.domain.trusted_time import KnownClock, TrustedTime
from backsight_agent.tasks.dating import Dating
from backsight_agent.tasks.gop_queue import GopQueue, Read
from backsight_agent.tasks.reanchor import Reanchoring
from backsight_agent.tasks.writing import RunWriter
from backsight_shared.segment import Segment
from fakes.clock import NOON_MS, FakeClock, settle
from fakes.footage_of_hub import CAMERA
from fakes.store import FakeStore
from fakes.streams import FakeMuxers, frame, numbers

GOP = 30  # frames
GOP_S = 2.0
LAG_S = 1000.1  # the monotonic clock is at 1000 s when the film begins; a tenth of a second on the way


@dataclass
class HubInTime:
    """`wrong_ms` is what the wall clock is ahead of the true time at the beginning."""

    wrong_ms: int = 0
    camera_ppm: float = 0.0  # by how much the camera's clock is fast
    ntp: bool = False
    paired: bool = False
    marks: bool = True  # False: everything is taken for true, as without any dating
    store: FakeStore = field(default_factory=FakeStore)
    boot: str = "this boot"
    shown: int = 0  # GOPs so far

    def __post_init__(self) -> None:
        self.clock = FakeClock(NOON_MS + self.wrong_ms)
        self.time = TrustedTime(self.clock, lambda: self.ntp, paired=self.paired)
        self.known = KnownClock(self.clock, self.time)
        self.dating = Dating(self.boot, self.time) if self.marks else Dating()
        self.board = Board((CAMERA,), self.clock)
        self.queue = GopQueue(CAMERA, self.board)
        self.writer = RunWriter(
            CAMERA, FakeMuxers(), self.store.recordings, self.board, self.clock, dating=self.dating
        )
        self.task = asyncio.ensure_future(self.writer.write_all(self.queue))
        self.reanchoring = Reanchoring(self.store.undated, self.time, self.dating, {}, self.time.changed.set)

    async def film(self, gops: int) -> None:
        """Go on for so many GOPs, as they come."""
        for _ in range(gops):
            await self.clock.advance(GOP_S)
            offset_ms = self.known.now_ms() - self.clock.monotonic() * 1000
            self.queue.put(Read(self.next_gop(), offset_ms))
            await settle(10)

    def next_gop(self) -> TimedGop:
        first, fast = self.shown * GOP, 1 + self.camera_ppm / 1e6
        self.shown += 1
        frames = [frame(n, pts_us=round(n * 1e6 / 15 * fast)) for n in range(first, first + GOP + 1)]
        lag_s = LAG_S + first / 15 * (1 - fast)
        gop = Gop(tuple(frames[:-1]), (), frames[-1].pts_us)
        return TimedGop(gop, replace(frames[-1], is_key=True), lag_s)

    async def stop(self) -> None:
        """The hub stops: what is open is finished."""
        self.queue.close()
        await self.task

    async def date(self) -> None:
        """A pass of the task that dates."""
        await self.reanchoring.once()

    @property
    def segments(self) -> list[Segment]:
        return self.store.state.of(CAMERA)

    def frames(self, segment: Segment) -> list[int]:
        return numbers(self.store.state.files[CAMERA, segment.start_ms].split(b"\x00\x00\x00\x01", 1)[1])

    @property
    def all_frames(self) -> list[int]:
        """Of all segments, in the order of their moments."""
        return [number for segment in self.segments for number in self.frames(segment)]

    def error_ms(self, segment: Segment) -> float:
        """How far a segment is from where it truly was."""
        return segment.start_ms - (NOON_MS + 100 + self.frames(segment)[0] / 15 * 1000)

    @property
    def overlap_ms(self) -> int:
        """By how much any two neighbours lie over each other."""
        pairs = zip(self.segments, self.segments[1:], strict=False)
        return max((one.end_ms - two.start_ms for one, two in pairs), default=0)

    @property
    def gaps_ms(self) -> list[int]:
        pairs = zip(self.segments, self.segments[1:], strict=False)
        return [two.start_ms - one.end_ms for one, two in pairs if two.start_ms > one.end_ms]
