"""Records one camera for ever: reading it and writing the disk side by side, with a bounded queue between."""

import asyncio
from contextlib import suppress

from backsight_agent.domain.states import Board
from backsight_agent.ports import MuxerFactory, Recordings, Source
from backsight_agent.tasks.gop_queue import GopQueue
from backsight_agent.tasks.reading import read_forever
from backsight_agent.tasks.writing import RunWriter
from backsight_shared.clock import Clock

STOP_S = 8.0  # seconds that writing the rest may take when the hub stops


async def record_forever(
    camera: str, source: Source, muxers: MuxerFactory, recordings: Recordings, board: Board, clock: Clock
) -> None:
    """Record until cancelled; by then everything that was read is in finished segments."""
    queue = GopQueue(camera, board)
    writer = RunWriter(camera, muxers, recordings, board, clock)
    async with asyncio.TaskGroup() as both:
        writing = both.create_task(writer.write_all(queue), name=f"write:{camera}")
        try:
            await read_forever(source, queue, clock)
        finally:
            queue.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_S):
                    await asyncio.wait([writing])
