"""Moves finished segments to the cloud: oldest first per camera, several cameras and several puts at once.

A batch is asked for its places, put, and committed; only what the cloud has stored and indexed counts as
uploaded. Doing any of it twice changes nothing, so a crash between two steps costs at most a repetition.
Waiting grows only while nothing is achieved. Memory holds one batch of rows per camera, whatever the backlog.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Protocol

from backsight_agent.domain.states import Board
from backsight_agent.ports import Backlog, CloudApi, CloudRefusedHub
from backsight_agent.tasks.upload_batch import upload_batch
from backsight_agent.tasks.upload_budget import Budget
from backsight_shared.clock import Clock, sleep_or, wait_at_most
from backsight_shared.entitlement import UploadPolicy
from backsight_shared.errors import TryLater
from backsight_shared.segment import Segment
from backsight_shared.supervision import delay_after
from backsight_shared.wire import BATCH_SEGMENTS

LOOK_S = 30.0  # seconds; a camera without anything to send looks again, though nobody woke it
REFUSED_S = 300.0  # seconds; after the cloud did not accept the hub: only a person changes that
REFUSAL_SHOWN_S = 3600.0  # seconds; so long a refused segment is shown as a problem (its count stays)
SHOWN_AFTER = 3  # failures in a row until an outage is a problem that is shown
STEPPED_OVER_AFTER = 3  # failures of the oldest segment until those behind it go first

EVENT_PRE_MS, EVENT_POST_MS = 5_000, 10_000  # around each event, where only events are uploaded

PROBLEM = "upload"
EXPIRED = "expired"  # why the cloud refuses what has left the history already

log = logging.getLogger(__name__)


class Allows(Protocol):
    """What may be uploaded, by the entitlement."""

    @property
    def upload_changed(self) -> asyncio.Event:
        """Set when something else may be uploaded than before."""
        ...

    def upload(self, camera: str) -> UploadPolicy | None:
        """None when the cloud has not named the camera: it would not take its footage."""
        ...


async def upload_forever(
    cameras: tuple[str, ...],
    backlog: Backlog,
    cloud: CloudApi,
    online: asyncio.Event,
    windows: Allows,
    board: Board,
    clock: Clock,
) -> None:
    """Empty the backlog, wait for more, and so on.

    `online` is set while the cloud is connected in the other way (MQTT): when it comes back, nobody waits
    for the end of a long pause.
    """
    budget = Budget()
    uploads = [
        _CameraUpload(camera, backlog, cloud, online, windows, board, clock, budget) for camera in cameras
    ]
    async with asyncio.TaskGroup() as tree:
        for event in (backlog.added, windows.upload_changed):
            tree.create_task(_wake_all(event, [upload.wake for upload in uploads]), name="upload wake")
        for upload in uploads:
            tree.create_task(upload.run(), name=f"upload {upload.camera}")


async def _wake_all(event: asyncio.Event, wakes: Iterable[asyncio.Event]) -> None:
    """One event has one owner; here it becomes one for each camera."""
    while True:
        await event.wait()
        event.clear()
        for wake in wakes:
            wake.set()


class _Outcome(Enum):
    NOTHING_TO_DO = "nothing to do"
    PROGRESS = "progress"
    STUCK = "stuck"


class _CameraUpload:
    """One camera's way to the cloud."""

    def __init__(
        self,
        camera: str,
        backlog: Backlog,
        cloud: CloudApi,
        online: asyncio.Event,
        windows: Allows,
        board: Board,
        clock: Clock,
        budget: Budget,
    ) -> None:
        self.camera = camera
        self.wake = asyncio.Event()
        self._backlog = backlog
        self._cloud = cloud
        self._online = online
        self._windows = windows
        self._board = board
        self._clock = clock
        self._budget = budget
        self._failures = 0
        self._head_ms = 0  # the oldest segment, and how often it failed
        self._head_failures = 0
        self._refused_at = 0.0  # monotonic

    async def run(self) -> None:
        while True:
            self.wake.clear()
            try:
                outcome = await self._round()
            except CloudRefusedHub as error:
                self._board.set_problem(PROBLEM, f"Uploading waits: {error}")
                await self._clock.sleep(REFUSED_S)
                continue
            except TryLater as error:
                self._failed(str(error))
                outcome = _Outcome.STUCK
            await self._wait(outcome)

    async def _wait(self, outcome: _Outcome) -> None:
        if outcome is _Outcome.STUCK:
            await self._pause(delay_after(self._failures))
        elif outcome is _Outcome.NOTHING_TO_DO:
            await sleep_or(self.wake, LOOK_S, self._clock)

    async def _pause(self, seconds: float) -> None:
        """A pause ends early, and the pauses start anew, when the cloud comes back."""
        if self._online.is_set():
            await self._clock.sleep(seconds)
        elif await wait_at_most(self._online, seconds, self._clock):
            self._failures = 1

    async def _round(self) -> _Outcome:
        """One batch."""
        segments = await self._next()
        if not segments:
            return _Outcome.NOTHING_TO_DO
        if segments[0].start_ms != self._head_ms:
            self._head_ms, self._head_failures = segments[0].start_ms, 0
        step_over = self._head_failures >= STEPPED_OVER_AFTER
        done = await upload_batch(segments, self._backlog, self._cloud, self._budget, step_over=step_over)
        self._head_failures += 1
        for reason in done.refusals:
            self._refused(reason)
        if done.progress:
            self._achieved()
            return _Outcome.PROGRESS
        self._failed(done.trouble)
        return _Outcome.STUCK

    async def _next(self) -> Sequence[Segment]:
        """What may be uploaded and is not yet, oldest first."""
        policy = self._windows.upload(self.camera)
        if policy == "all":
            return await self._backlog.oldest(self.camera, BATCH_SEGMENTS)
        if policy == "events":
            return await self._backlog.oldest_of_events(
                self.camera, EVENT_PRE_MS, EVENT_POST_MS, BATCH_SEGMENTS
            )
        return ()

    def _achieved(self) -> None:
        if self._failures:
            log.info("uploading %s goes on", self.camera)
        self._failures = 0
        self._board.set_problem(PROBLEM, None)
        if self._clock.monotonic() - self._refused_at >= REFUSAL_SHOWN_S:
            self._board.set_problem(f"refused:{self.camera}", None)

    def _failed(self, trouble: str) -> None:
        self._failures += 1
        level = logging.WARNING if self._failures == 1 else logging.DEBUG
        log.log(level, "uploading %s waits: %s", self.camera, trouble)
        if self._failures >= SHOWN_AFTER:
            self._board.set_problem(PROBLEM, f"Uploading waits: {trouble}")

    def _refused(self, reason: str) -> None:
        """For good: the segment stays on the hub and is counted there. One that expired is no trouble."""
        if reason == EXPIRED:
            log.info("a segment of %s expired on its way to the cloud", self.camera)
            return
        log.warning("the cloud refused a segment of %s: %s", self.camera, reason)
        self._refused_at = self._clock.monotonic()
        text = f"The cloud refused footage of {self.camera}: {reason}"
        self._board.set_problem(f"refused:{self.camera}", text)
