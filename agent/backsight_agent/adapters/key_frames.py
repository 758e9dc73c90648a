"""Decodes key frames to small grey pictures: one at a time over all cameras, in a thread of its own."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

import av

from backsight_agent.domain.media import VideoCodec, VideoUnit
from backsight_agent.domain.motion import HEIGHT, WIDTH

log = logging.getLogger(__name__)


class KeyFrames:
    """A decoder for each codec, shared by all cameras: every key frame stands for itself."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "key-frames")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self._thread.shutdown)

    async def grey(self, unit: VideoUnit) -> bytes | None:
        """WIDTH x HEIGHT bytes by rows; None for what cannot be decoded."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, decode_grey, unit)


def decode_grey(unit: VideoUnit) -> bytes | None:
    """The same at once, in this thread."""
    try:
        decoder = _decoder(unit.codec)
        frames = [*decoder.decode(av.Packet(unit.data)), *decoder.decode(None)]
        if not frames:
            return None
        small = frames[0].reformat(width=WIDTH, height=HEIGHT, format="gray", interpolation="AREA")
    except (av.FFmpegError, ValueError) as error:
        log.debug("a key frame cannot be decoded: %s", error)
        return None
    plane = small.planes[0]
    rows, line = memoryview(plane), plane.line_size
    return b"".join(bytes(rows[row * line : row * line + WIDTH]) for row in range(HEIGHT))


def _decoder(codec: VideoCodec) -> av.VideoCodecContext:
    """A fresh one for each frame: cheap beside decoding, and nothing of a broken frame stays in it."""
    decoder = av.VideoCodecContext.create(codec, "r")
    decoder.thread_count = 1
    decoder.options = {"skip_loop_filter": "all"}
    return decoder
