"""Looks for motion in what is recorded: each camera's GOPs, as they are read, never holding up the reader."""

import asyncio
from collections import deque
from typing import Protocol

from backsight_agent.domain.media import VideoUnit
from backsight_agent.domain.motion import MotionDetector
from backsight_agent.domain.motion_events import MotionEvents, Span
from backsight_agent.tasks.events import EventBook
from backsight_agent.tasks.gop_queue import Read
from backsight_shared.event import EventKind, Origin

MOST_WAITING = 2  # GOPs; a hub that cannot keep up looks at the newest


class Eyes(Protocol):
    """Decodes a key frame."""

    async def grey(self, unit: VideoUnit) -> bytes | None:
        """A small grey picture (domain/motion.py), None for what cannot be decoded."""
        ...


class MotionTap:
    """Between the reader and the detector: takes every GOP at once, forgets the oldest when late."""

    def __init__(self) -> None:
        self._reads: deque[Read] = deque(maxlen=MOST_WAITING)
        self._filled = asyncio.Event()
        self.skipped = 0  # GOPs that nobody looked at

    def show(self, read: Read) -> None:
        """Take a GOP."""
        self.skipped += len(self._reads) == MOST_WAITING
        self._reads.append(read)
        self._filled.set()

    async def next(self) -> Read:
        """The oldest that waits, or the next to come."""
        while not self._reads:
            self._filled.clear()
            await self._filled.wait()
        return self._reads.popleft()


async def detect_forever(
    camera: str, tap: MotionTap, detector: MotionDetector, eyes: Eyes, book: EventBook
) -> None:
    """Look at every GOP that is shown, for ever; what is open when the hub stops is over."""
    events = MotionEvents()
    try:
        while True:
            piece = (read := await tap.next()).piece
            gop = read.timed.gop
            # The key frame that closed the GOP is the newest picture there is; without one, the GOP's own.
            picture = await eyes.grey(read.timed.following or gop.video[0])
            finding = detector.look(picture, [len(unit.data) for unit in gop.video[1:]])
            _note(events.take(finding, piece.start_ms, piece.end_ms), camera, book)
    finally:
        _note(events.close(), camera, book)


def _note(span: Span | None, camera: str, book: EventBook) -> None:
    if span is not None:
        book.noticed(
            camera, EventKind.MOTION, Origin.HUB, span.start_ms, span.until_ms, span.score, over=span.over
        )
