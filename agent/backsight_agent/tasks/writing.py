"""Writes what was read from a camera: runs, segments, fragments; every frame into exactly one of them."""

import logging
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

from backsight_agent.camera_ports import StreamBroken
from backsight_agent.domain.activity import Activity
from backsight_agent.domain.cutting import OpenRun, begin, broken_by, continued, is_full, is_urgent
from backsight_agent.domain.pre_roll import CONTINUOUS, Keeping, PreRoll
from backsight_agent.domain.states import Board, State
from backsight_agent.ports import Muxer, MuxerFactory, Recordings, SegmentFile, StoreFailed, StoreFull
from backsight_agent.tasks.gop_queue import GopQueue, Pause, Read
from backsight_shared.clock import Clock
from backsight_shared.segment import Run

NO_EVENT = "no_event"  # why there is no run where only events are kept
STORE_WAITS_S = (2.0, 5.0, 15.0, 30.0)  # seconds between two tries while the store fails

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Writing:
    """The run that is being written and its unfinished segment."""

    run: Run
    rules: OpenRun
    muxer: Muxer
    file: SegmentFile | None  # None when one was finished and the next is not begun
    sequence: int
    start_us: int  # media time where the segment begins
    end_us: int  # media time where its last whole fragment ends; `start_us` before the first

    @property
    def start_ms(self) -> int:
        return self.rules.wall_ms(self.start_us)

    @property
    def end_ms(self) -> int:
        return self.rules.wall_ms(self.end_us)


class RunWriter:
    """One camera's writer. `write_all` returns when the queue is closed and empty."""

    def __init__(
        self,
        camera: str,
        muxers: MuxerFactory,
        recordings: Recordings,
        board: Board,
        clock: Clock,
        keeping: Keeping = CONTINUOUS,
        activity: Activity | None = None,
    ) -> None:
        self._camera = camera
        self._pre_roll: PreRoll[Read] = PreRoll(keeping)
        self._activity = activity or Activity()
        self._muxers = muxers
        self._recordings = recordings
        self._board = board
        self._clock = clock
        self._writing: _Writing | None = None
        self._open = AsyncExitStack()  # the muxer of the run
        self._after: str | None = None  # why there is no run; None until the store was asked for its newest
        self._last_end_ms: int | None = None
        self._store_failures = 0
        self._store_again_at = 0.0  # monotonic

    async def write_all(self, queue: GopQueue) -> None:
        """Write until nothing more comes, then finish what is open."""
        async for item in queue:
            if isinstance(item, Pause):
                await self._pause(item)
            else:
                await self._keep(item)
        await self._end("hub_not_running")

    async def _keep(self, read: Read) -> None:
        """Write what belongs to the history of this camera: everything, or what happens."""
        for kept in self._pre_roll.take(read.piece, self._activity.doing):
            await self._take(kept)
        if not self._pre_roll.writing:
            await self._end(NO_EVENT)
            self._board.set_state(self._camera, State.WATCHING, "Watching; recording begins with an event")

    async def _pause(self, pause: Pause) -> None:
        for kept in self._pre_roll.release(self._activity.doing):
            await self._take(kept)
        self._pre_roll.clear()
        await self._end(pause.state.value)
        if self._after in (State.STREAM_BROKEN.value, NO_EVENT):
            self._after = pause.state.value  # a later reason says more than a stream that just ended
        self._board.set_state(self._camera, pause.state, pause.text)

    async def _take(self, read: Read) -> None:
        """Write a GOP where it belongs. What the store or the muxer cannot do ends the run, not the task."""
        try:
            if self._writing and (reason := broken_by(self._writing.rules, read.timed, read.offset_ms)):
                log.info("%s: the run ends: %s", self._camera, reason)
                await self._end(reason)
            if self._writing is None and self._clock.monotonic() < self._store_again_at:
                return
            await self._write(await self._ready(read), read)
        except (StoreFull, StoreFailed) as error:
            await self._store_trouble(error)
        except StreamBroken as error:
            await self._end(State.STREAM_BROKEN.value)
            self._board.set_state(self._camera, State.STREAM_BROKEN, str(error))

    async def _ready(self, read: Read) -> _Writing:
        """The run and segment that this GOP belongs to, begun where there is none."""
        writing = self._writing
        if writing is None:
            writing = self._writing = await self._begin(read)
        elif writing.file is None:
            writing.file = await self._recordings.begin_segment(
                writing.run, writing.sequence, writing.start_ms
            )
        writing.rules = continued(writing.rules, read.timed, read.offset_ms)
        return writing

    async def _cut(self, writing: _Writing) -> None:
        """Finish the segment now that its last GOP is complete; the next begins with the next GOP."""
        await self._finish(writing)
        writing.sequence += 1
        writing.start_us = writing.end_us

    async def _begin(self, read: Read) -> _Writing:
        if self._after is None:
            self._last_end_ms = await self._recordings.last_end_ms(self._camera)
            self._after = "start" if self._last_end_ms is None else "hub_not_running"
        rules = begin(read.timed, read.offset_ms, self._last_end_ms)
        run = Run(self._camera, rules.anchor_ms, self._after)
        muxer = await self._open.enter_async_context(self._muxers.open(read.timed.gop))
        await self._recordings.begin_run(run, muxer.init)
        file = await self._recordings.begin_segment(run, 0, run.run_ms)
        return _Writing(run, rules, muxer, file, 0, rules.first_us, rules.first_us)

    async def _write(self, writing: _Writing, read: Read) -> None:
        timed = read.timed
        fragment = await writing.muxer.write(timed.gop, timed.following)
        if writing.file:
            await writing.file.append(fragment)
        writing.end_us = timed.gop.end_pts_us
        if timed.gop.video[0].pts_us == writing.rules.first_us:
            self._store_failures = 0
            self._board.set_state(self._camera, State.RECORDING, "Recording")
        urgent = is_urgent(writing.start_ms, writing.end_ms, self._activity.doing)
        if urgent or is_full(writing.start_us, timed.gop):
            await self._cut(writing)

    async def _finish(self, writing: _Writing) -> None:
        """Make a segment of the open file; without a whole fragment there is none to make."""
        file, writing.file = writing.file, None
        self._last_end_ms = writing.end_ms
        if file and writing.end_us > writing.start_us:
            await file.finish(writing.end_ms)
        elif file:
            await file.abandon()

    async def _end(self, reason: str) -> None:
        """End the run with what it has, whole fragments only. Without a run, the first reason stands."""
        writing, self._writing = self._writing, None
        if writing is None:
            return
        self._after = reason
        try:
            await self._finish(writing)
        except (StoreFull, StoreFailed) as error:
            await self._store_trouble(error)
        finally:
            await self._open.aclose()

    async def _store_trouble(self, error: Exception) -> None:
        """Close what is open as it is: the store makes a segment of its whole fragments at the next start."""
        writing, self._writing = self._writing, None
        if writing:
            self._after, self._last_end_ms = State.HUB_TROUBLE.value, writing.end_ms
            await self._abandon(writing)
        await self._open.aclose()
        wait_s = STORE_WAITS_S[min(self._store_failures, len(STORE_WAITS_S) - 1)]
        self._store_failures += 1
        self._store_again_at = self._clock.monotonic() + wait_s
        log.error("%s: cannot store video (%s); trying again in %.0f s", self._camera, error, wait_s)
        self._board.set_state(self._camera, State.HUB_TROUBLE, str(error))

    async def _abandon(self, writing: _Writing) -> None:
        with suppress(StoreFull, StoreFailed):
            if writing.file:
                await writing.file.abandon()
