"""Records one camera for ever: reading it and writing the disk side by side, with a bounded queue between."""

import asyncio
from contextlib import suppress

from backsight_agent.camera_ports import Source
from backsight_agent.domain.activity import Activity
from backsight_agent.domain.pre_roll import CONTINUOUS, Keeping
from backsight_agent.domain.states import Board
from backsight_agent.ports import MuxerFactory, Recordings
from backsight_agent.tasks.dating import Dating
from backsight_agent.tasks.gop_queue import QUEUE_LIMIT_BYTES, GopQueue
from backsight_agent.tasks.reading import Show, read_forever
from backsight_agent.tasks.writing import RunWriter
from backsight_shared.clock import Clock
from backsight_shared.segment import SEGMENT_S

STOP_S = 8.0  # seconds that writing the rest may take when the hub stops


async def record_forever(
    camera: str,
    source: Source,
    muxers: MuxerFactory,
    recordings: Recordings,
    board: Board,
    clock: Clock,
    keeping: Keeping = CONTINUOUS,
    activity: Activity | None = None,
    show: Show = lambda _: None,
    *,
    memory_bytes: int = QUEUE_LIMIT_BYTES,
    first_s: float = SEGMENT_S,
    dating: Dating | None = None,
) -> None:
    """Record until cancelled; by then everything that was read, and is to be kept, is in finished segments.

    `activity` says what goes on at the camera; `show` is given every GOP that was read; `memory_bytes` of
    video wait for a disk that is away; `first_s` is the length of each run's first segment; `dating` says of
    each run whether its moments are true.
    """
    queue = GopQueue(camera, board, memory_bytes)
    writer = RunWriter(camera, muxers, recordings, board, clock, keeping, activity, first_s, dating)
    async with asyncio.TaskGroup() as both:
        writing = both.create_task(writer.write_all(queue), name=f"write:{camera}")
        try:
            await read_forever(source, queue, clock, show)
        finally:
            queue.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_S):
                    await asyncio.wait([writing])
