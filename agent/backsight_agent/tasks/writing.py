"""Writes what was read from a camera: runs, segments, fragments; every frame into exactly one of them."""

import asyncio
import logging
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from math import ceil

from backsight_agent.camera_ports import StreamBroken
from backsight_agent.domain.activity import Activity
from backsight_agent.domain.anchoring import Undated
from backsight_agent.domain.cutting import OpenRun, begin, broken_by, continued, is_full, is_urgent
from backsight_agent.domain.pre_roll import CONTINUOUS, Keeping, PreRoll
from backsight_agent.domain.states import Board, State
from backsight_agent.ports import (
    MomentTaken,
    Muxer,
    MuxerFactory,
    Recordings,
    SegmentFile,
    StoreFailed,
    StoreFull,
)
from backsight_agent.tasks.dating import Dating
from backsight_agent.tasks.gop_queue import GopQueue, Pause, Read
from backsight_shared.clock import Clock, wait_at_most
from backsight_shared.segment import SEGMENT_S, Run

NO_EVENT = "no_event"  # why there is no run where only events are kept
STORE_WAITS_S = (1.0, 2.0, 5.0)  # seconds between two tries while the store fails; video waits in memory

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

    @property
    def left_end_ms(self) -> int:
        """Where the store ends a file that it is left with: it knows media time, not what was caught up."""
        return self.start_ms + ceil((self.end_us - self.start_us) / 1000)


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
        first_s: float = SEGMENT_S,
        dating: Dating | None = None,
    ) -> None:
        self._camera = camera
        self._pre_roll: PreRoll[Read] = PreRoll(keeping)
        self._activity = activity or Activity()
        self._muxers = muxers
        self._recordings = recordings
        self._board = board
        self._clock = clock
        self._first_s = first_s
        self._dating = dating or Dating()
        self._writing: _Writing | None = None
        self._open = AsyncExitStack()  # the muxer of the run
        self._after: str | None = None  # why there is no run; None until the store was asked for its newest
        self._last_end_ms: int | None = None
        self._last_offset_ms: float | None = None  # of the clocks, when the last run was anchored
        self._last_is_undated = False
        self._store_failures = 0
        self._closed = asyncio.Event()

    async def write_all(self, queue: GopQueue) -> None:
        """Write until nothing more comes, then finish what is open."""
        self._closed = queue.closed
        async for item in queue:
            if isinstance(item, Pause):
                await self._pause(item)
            else:
                await self._keep(item)
        await self._end("hub_not_running")

    async def _keep(self, read: Read) -> None:
        """Write what belongs to the history of this camera: everything, or what happens."""
        self._pre_roll.follow_clock(read.offset_ms)
        for kept in self._pre_roll.take(read.piece, self._activity.seen_from(read.offset_ms)):
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
        """Write a GOP where it belongs, however long the store is away; only a hub that stops gives up."""
        while not await self._written(read) and not self._closed.is_set():
            wait_s = STORE_WAITS_S[min(self._store_failures, len(STORE_WAITS_S)) - 1]
            await wait_at_most(self._closed, wait_s, self._clock)

    async def _written(self, read: Read) -> bool:
        """Whether this GOP is done with. What the muxer cannot do ends the run, not the task."""
        try:
            if self._writing and (reason := broken_by(self._writing.rules, read.timed, read.offset_ms)):
                log.info("%s: the run ends: %s", self._camera, reason)
                await self._end(reason)
            writing = await self._ready(read)
            await self._write(writing, read)
        except (StoreFull, StoreFailed) as error:
            await self._store_trouble(error)
            return False
        except StreamBroken as error:
            await self._end(State.STREAM_BROKEN.value)
            self._board.set_state(self._camera, State.STREAM_BROKEN, str(error))
            return True
        await self._cut_when_full(writing, read)
        return True

    async def _cut_when_full(self, writing: _Writing, read: Read) -> None:
        doing = self._activity.seen_from(read.offset_ms)
        urgent = is_urgent(writing.start_ms, writing.end_ms, doing)
        length_s = self._first_s if writing.sequence == 0 else SEGMENT_S
        if not urgent and not is_full(writing.start_us, read.timed.gop, length_s):
            return
        try:
            await self._cut(writing)
        except (StoreFull, StoreFailed) as error:
            await self._store_trouble(error)

    async def _ready(self, read: Read) -> _Writing:
        """The run and segment that this GOP belongs to, begun where there is none."""
        writing = self._writing
        if writing is None:
            writing = self._writing = await self._begin(read)
        elif writing.file is None:
            writing = await self._next_segment(writing, read)
        writing.rules = continued(writing.rules, read.timed, read.offset_ms)
        return writing

    async def _next_segment(self, writing: _Writing, read: Read) -> _Writing:
        """Should its moment be taken, the run ends, and another begins just behind it."""
        try:
            writing.file = await self._recordings.begin_segment(
                writing.run, writing.sequence, writing.start_ms
            )
        except MomentTaken:
            await self._end("clock_jump")
            writing = self._writing = await self._begin(read)
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
        undated = self._dating.undated(read.offset_ms)
        provisional = undated is not None or self._last_is_undated
        rules = begin(
            read.timed, read.offset_ms, self._last_end_ms, self._last_offset_ms, provisional=provisional
        )
        muxer = await self._open.enter_async_context(self._muxers.open(read.timed.gop))
        writing = await self._at_a_free_moment(rules, muxer, undated)
        self._last_offset_ms, self._last_is_undated = read.offset_ms, undated is not None
        return writing

    async def _at_a_free_moment(self, rules: OpenRun, muxer: Muxer, undated: Undated | None) -> _Writing:
        """Where the clock went back, an earlier run may have a segment at the same millisecond."""
        while True:
            run = Run(self._camera, rules.anchor_ms, self._after or "start")
            self._dating.begins(self._camera, run.run_ms)
            try:
                await self._recordings.begin_run(run, muxer.init, undated)
                file = await self._recordings.begin_segment(run, 0, run.run_ms)
            except MomentTaken:
                rules = replace(rules, anchor_ms=rules.anchor_ms + 1)
            else:
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

    async def _finish(self, writing: _Writing) -> None:
        """Make a segment of the open file; without a whole fragment there is none to make."""
        file, writing.file = writing.file, None
        self._last_end_ms = writing.left_end_ms  # unless it is finished
        if file and writing.end_us > writing.start_us:
            await file.finish(writing.end_ms)
        elif file:
            await file.abandon()
        self._last_end_ms = writing.end_ms

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
            self._dating.ended(self._camera)
            await self._open.aclose()

    async def _store_trouble(self, error: Exception) -> None:
        """Close what is open as it is: the store makes a segment of its whole fragments at the next start."""
        writing, self._writing = self._writing, None
        if writing:
            self._after, self._last_end_ms = State.HUB_TROUBLE.value, writing.left_end_ms
            await self._abandon(writing)
        self._dating.ended(self._camera)
        await self._open.aclose()
        self._store_failures += 1
        level = logging.ERROR if self._store_failures == 1 else logging.DEBUG
        log.log(level, "%s: cannot store video (%s); it waits in memory", self._camera, error)
        self._board.set_state(self._camera, State.HUB_TROUBLE, str(error))

    async def _abandon(self, writing: _Writing) -> None:
        with suppress(StoreFull, StoreFailed):
            if writing.file:
                await writing.file.abandon()
