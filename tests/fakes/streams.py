"""A camera's stream and a muxer in memory: every frame carries its number, so that a test can follow it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from backsight_agent.camera_ports import StreamBroken
from backsight_agent.domain.media import Arrival, AudioChunk, Gop, VideoUnit
from fakes.clock import FakeClock

SPS, PPS = b"\x00\x00\x00\x01\x67one", b"\x00\x00\x00\x01\x68two"
FRAME_US = 66_667


def frame(number: int, *, pts_us: int | None = None, gop: int = 30, sets: bytes = SPS + PPS) -> VideoUnit:
    """Frame `number` of an endless film at 15 fps."""
    key = number % gop == 0
    head = sets + b"\x00\x00\x00\x01\x65" if key else b"\x00\x00\x00\x01\x41"
    pts_us = number * 1_000_000 // 15 if pts_us is None else pts_us
    return VideoUnit(head + b"#%d#" % number, pts_us, key)


def sound(pts_us: int, law: str = "mulaw") -> AudioChunk:
    """60 ms of it."""
    return AudioChunk(b"\x80" * 480, pts_us, "alaw" if law == "alaw" else "mulaw")


def numbers(data: bytes) -> list[int]:
    """The frames in what a `FakeMuxer` or a source made."""
    return [int(piece) for piece in data.split(b"#")[1::2]]


@dataclass
class FakeSource:
    """Gives what the test sends, when it sends it. `refuses` is raised by every opening while it is set."""

    clock: FakeClock
    refuses: Exception | None = None
    opened: int = 0
    open_now: int = 0
    _wire: "asyncio.Queue[Arrival | Exception | None]" = field(default_factory=asyncio.Queue)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[Arrival]]:
        self.opened += 1
        if self.refuses:
            raise self.refuses
        self._wire = asyncio.Queue()
        self.open_now += 1
        try:
            yield self._arrivals()
        finally:
            self.open_now -= 1

    async def _arrivals(self) -> AsyncIterator[Arrival]:
        while item := await self._wire.get():
            if isinstance(item, Exception):
                raise item
            yield item

    def send(self, unit: VideoUnit | AudioChunk) -> None:
        self._wire.put_nowait(Arrival(unit, self.clock.monotonic()))

    async def play(self, first: int, end: int, **looks: object) -> None:
        """Frames `first` to before `end`, in real time by the clock."""
        for number in range(first, end):
            self.send(frame(number, **looks))  # type: ignore[arg-type]
            await self.clock.advance(1 / 15)

    def cut(self, error: Exception | None = None) -> None:
        """The stream breaks, or with None just ends."""
        self._wire.put_nowait(error)


@dataclass
class FakeMuxers:
    """Fragments are the units' bytes; `refuses` counts the runs that cannot be muxed."""

    refuses: int = 0
    opened: list[Gop] = field(default_factory=list)

    @asynccontextmanager
    async def open(self, first: Gop) -> AsyncIterator["FakeMuxer"]:
        if self.refuses:
            self.refuses -= 1
            raise StreamBroken("no video")
        self.opened.append(first)
        yield FakeMuxer()


class FakeMuxer:
    init = b"init;"

    def __init__(self) -> None:
        self.followings: list[VideoUnit | None] = []

    async def write(self, gop: Gop, following: VideoUnit | None) -> bytes:
        self.followings.append(following)
        return b"".join(unit.data for unit in gop.video)


def arrivals(units: Sequence[VideoUnit | AudioChunk], delay_s: float = 0.1) -> list[Arrival]:
    """Each unit `delay_s` after its media time."""
    return [Arrival(unit, unit.pts_us / 1_000_000 + delay_s) for unit in units]
