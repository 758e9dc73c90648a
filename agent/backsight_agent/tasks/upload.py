"""Moves finished segments to the cloud: several cameras and several puts at once, one batch after the other.

What shows the newest events goes first, the rest oldest first (`domain/upload_order.py`). A batch is asked
for its places, put, and committed; only what the cloud has stored and indexed counts as uploaded. Doing any
of it twice changes nothing, so a crash between two steps costs at most a repetition. Waiting grows only while
nothing is achieved. Memory holds one batch of rows per camera, whatever the backlog.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from backsight_agent.domain.states import Board
from backsight_agent.domain.upload_order import EVENT_POST_MS, EVENT_PRE_MS, Ask, Turn
from backsight_agent.ports import Backlog, CloudApi, CloudRefusedHub, StoreFailed
from backsight_agent.tasks.upload_batch import upload_batch
from backsight_agent.tasks.upload_budget import Budget
from backsight_agent.tasks.upload_line import Line
from backsight_agent.tasks.upload_missed import watch_missed
from backsight_agent.tasks.upload_putting import Sending
from backsight_agent.tasks.upload_telling import SHOWN_AFTER, Telling
from backsight_shared.clock import Clock, sleep_or, wait_at_most
from backsight_shared.entitlement import UploadPolicy
from backsight_shared.errors import TryLater
from backsight_shared.segment import Segment
from backsight_shared.supervision import delay_after
from backsight_shared.wire import BATCH_SEGMENTS

LOOK_S = 30.0  # seconds; a camera without anything to send looks again, though nobody woke it
REFUSED_S = 300.0  # seconds; after the cloud did not accept the hub: only a person changes that
STEPPED_OVER_AFTER = 3  # failures of the first segment until those behind it go first
NOTED_AGAIN_S = 600.0  # seconds; what is meant for the cloud is noted again: an index may have been made anew
EVENTS_REST_S = 60.0  # seconds; what shows events, and does not get through, has no precedence for so long

NOTHING_TAKEN = "the cloud did not take anything"


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
    line = Line(lambda: budget.pace.at_once)
    shared = _Shared(backlog, cloud, online, windows, board, clock, budget, line)
    uploads = [_CameraUpload(camera, shared) for camera in cameras]
    async with asyncio.TaskGroup() as tree:
        for event in (backlog.added, windows.upload_changed):
            tree.create_task(_wake_all(event, [upload.wake for upload in uploads]), name="upload wake")
        for upload in uploads:
            tree.create_task(upload.run(), name=f"upload {upload.camera}")
        missed = watch_missed(backlog, board, clock, lambda: any(upload.is_away for upload in uploads))
        tree.create_task(missed, name="upload missed")


async def _wake_all(event: asyncio.Event, wakes: Iterable[asyncio.Event]) -> None:
    """One event has one owner; here it becomes one for each camera."""
    while True:
        await event.wait()
        event.clear()
        for wake in wakes:
            wake.set()


class _Outcome(Enum):
    NOTHING_TO_DO = "nothing to do"
    GO_ON = "go on"
    STUCK = "stuck"
    NOT_ACCEPTED = "the cloud does not accept the hub"


@dataclass(frozen=True, slots=True)
class _Shared:
    """What all cameras upload with."""

    backlog: Backlog
    cloud: CloudApi
    online: asyncio.Event
    windows: Allows
    board: Board
    clock: Clock
    budget: Budget
    line: Line


@dataclass(slots=True)
class _First:
    """The first segment of the last batch of its kind, and how often it failed."""

    start_ms: int = -1
    failures: int = 0

    def is_now(self, start_ms: int) -> None:
        if start_ms != self.start_ms:
            self.start_ms, self.failures = start_ms, 0

    @property
    def to_step_over(self) -> int:
        """How many that fail in a row: one more with each time that it was in vain."""
        return max(0, self.failures - STEPPED_OVER_AFTER + 1)


class _CameraUpload:
    """One camera's way to the cloud."""

    def __init__(self, camera: str, by: _Shared) -> None:
        self.camera, self.wake = camera, asyncio.Event()
        self._by = by
        self._sending = Sending(by.backlog, by.cloud, by.budget, by.clock)
        self._telling = Telling(camera, by.board, by.clock)
        self._policy: UploadPolicy | None = None
        self._first = {turn: _First() for turn in Turn}
        self._events_again_at = self._noted_at = float("-inf")  # monotonic

    @property
    def is_away(self) -> bool:
        """Whether the cloud has been out of reach for a while."""
        return self._telling.failures >= SHOWN_AFTER

    async def run(self) -> None:
        try:
            while True:
                self.wake.clear()
                await self._wait(await self._outcome())
        finally:
            self._by.line.leave(self.camera)

    async def _outcome(self) -> _Outcome:
        """Of one batch, whatever goes wrong with it."""
        try:
            return await self._round()
        except CloudRefusedHub as error:
            self._telling.not_accepted(str(error))
            return _Outcome.NOT_ACCEPTED
        except (TryLater, StoreFailed) as error:
            self._telling.failed(str(error))
            return _Outcome.STUCK

    async def _wait(self, outcome: _Outcome) -> None:
        if outcome is _Outcome.GO_ON:
            return
        self._by.line.leave(self.camera)
        if outcome is _Outcome.NOT_ACCEPTED:
            await self._by.clock.sleep(REFUSED_S)
        elif outcome is _Outcome.STUCK:
            await self._pause(delay_after(self._telling.failures_for_pause))
        else:
            await sleep_or(self.wake, LOOK_S, self._by.clock)

    async def _pause(self, seconds: float) -> None:
        """A pause ends early, and the pauses start anew, when the cloud comes back."""
        if self._by.online.is_set():
            await self._by.clock.sleep(seconds)
        elif await wait_at_most(self._by.online, seconds, self._by.clock):
            self._telling.failures = 1

    async def _round(self) -> _Outcome:
        """One batch, when its turn has come."""
        await self._learn_policy()
        ask = await self._ask()
        if ask is None:
            return _Outcome.NOTHING_TO_DO
        turn = await self._by.line.turn(ask, self.wake)
        if turn is None:
            return _Outcome.GO_ON
        rows = max(self._by.budget.pace.rows, 2 * self._first[turn].to_step_over)
        segments = await self._next(turn, min(rows, BATCH_SEGMENTS))
        return await self._send(turn, segments) if segments else _Outcome.GO_ON

    async def _send(self, turn: Turn, segments: Sequence[Segment]) -> _Outcome:
        first, budget = self._first[turn], self._by.budget
        first.is_now(segments[0].start_ms)
        done = await upload_batch(segments, self._sending, step_over=first.to_step_over)
        budget.pace = budget.pace.after_batch(len(segments), done.undone, BATCH_SEGMENTS)
        for reason in done.refusals:
            self._telling.refused(reason)
        if done.undone and not done.progress and not done.trouble:
            return _Outcome.GO_ON  # others had the link for as long as this batch had time
        first.failures += 1  # until another one is the first
        if done.progress:
            self._telling.achieved()
            return _Outcome.GO_ON
        if turn is Turn.EVENTS and first.to_step_over:
            self._events_again_at = self._by.clock.monotonic() + EVENTS_REST_S
        self._telling.failed(done.trouble or NOTHING_TAKEN)
        return _Outcome.STUCK

    async def _learn_policy(self) -> None:
        """What is meant for the cloud is noted: what leaves before it got there is counted by that."""
        policy, now = self._by.windows.upload(self.camera), self._by.clock.monotonic()
        if policy != self._policy or (policy and now >= self._noted_at + NOTED_AGAIN_S):
            await self._by.backlog.is_meant(self.camera, policy)
            self._noted_at = now
        self._policy = policy

    async def _ask(self) -> Ask | None:
        """What this camera has to send."""
        if not await self._next(Turn.OLDEST, 1):
            return None
        resting = self._by.clock.monotonic() < self._events_again_at
        shown = () if resting else await self._next(Turn.EVENTS, 1)
        return Ask(self.camera, shown[0].start_ms if shown else None)

    async def _next(self, turn: Turn, limit: int) -> Sequence[Segment]:
        """What may be uploaded and is not yet."""
        if self._policy not in ("all", "events"):
            return ()
        around = self.camera, EVENT_PRE_MS, EVENT_POST_MS, limit
        if turn is Turn.EVENTS:
            return await self._by.backlog.newest_of_events(*around)
        if self._policy == "events":
            return await self._by.backlog.oldest_of_events(*around)
        return await self._by.backlog.oldest(self.camera, limit)
