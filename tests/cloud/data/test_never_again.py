"""A segment never reappears: what left the cloud's history once is not in it again, in any order of things.

Footage is uploaded, lost, retried, committed late; it expires, plans change, owners erase and hubs come back.
The machine runs on the fake database and on SQLite.
"""

import asyncio
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.domain.entitling import changed_to
from backsight_cloud.domain.keys import run_key, segment_key
from backsight_cloud.ports import Database
from backsight_cloud.services.erasing import NothingToErase, OwnersErasing, TooManySpans
from backsight_cloud.services.ingest import Ingest, StillLeaving
from backsight_cloud.services.playback import Playback
from backsight_cloud.services.pruning import PruneHealth, Pruner
from backsight_cloud.services.verifying import verify_what_is_due
from backsight_cloud.services.wakes import Wakes
from backsight_shared.erased import Wanted
from backsight_shared.segment import Segment
from backsight_shared.wire import Batch, RunOffer
from fakes.clock import NOON_MS, FakeClock
from fakes.database import FakeDatabase
from fakes.household import ANNA, DOOR, HOUR_MS, MINUTE_MS, SECOND_MS, a_hub, a_run, a_window, move_in
from fakes.objects import FakeObjects

T = TypeVar("T")

GRID_MS = 30 * SECOND_MS
SLOTS = 40  # of segments: twenty minutes, in four runs
WINDOWS_MS = (5 * MINUTE_MS, 10 * MINUTE_MS, 60 * MINUTE_MS)

slots = st.integers(0, SLOTS - 1)
moments = st.integers(0, SLOTS * GRID_MS // SECOND_MS)


def segment_at(slot: int) -> Segment:
    """Half a minute each; ten slots are a run."""
    start_ms, run_ms = NOON_MS + slot * GRID_MS, NOON_MS + slot // 10 * 10 * GRID_MS
    return Segment(DOOR, start_ms, start_ms + GRID_MS, run_ms, slot % 10, 9)


class NeverAgain(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.clock, self.wakes, self.objects = FakeClock(NOON_MS + HOUR_MS), Wakes(), FakeObjects()
        self.seen: set[int] = set()
        self.left: set[int] = set()  # what was once there and is not any more, and what an owner erased
        self.database = self.do(self.open())
        self.ingest = Ingest(self.database, self.objects, self.clock, self.wakes)
        self.erasing = OwnersErasing(self.database, b"key", self.wakes, self.clock)
        self.pruner = Pruner(self.database, self.objects, self.wakes, self.clock, PruneHealth())

    def do(self, work: Awaitable[T]) -> T:
        return self.loop.run_until_complete(work)

    async def open(self) -> Database:
        return FakeDatabase()

    def teardown(self) -> None:
        self.do(self.stack.aclose())
        self.loop.close()

    @initialize()
    def begin(self) -> None:
        self.do(move_in(self.database, WINDOWS_MS[-1]))
        self.clock.jump(-HOUR_MS + SLOTS * GRID_MS)

    # ------------------------------------------------------------ what can happen

    @rule(some=st.sets(slots, min_size=1, max_size=6))
    def ask_for_places(self, some: set[int]) -> None:
        try:
            self.do(self.ingest.places(a_hub(), batch_of(some)))
        except StillLeaving:
            return

    @rule(some=st.sets(slots, min_size=1, max_size=6))
    def bytes_arrive(self, some: set[int]) -> None:
        for segment in map(segment_at, some):
            key = segment_key(ANNA, DOOR, segment.start_ms)
            self.objects.held[key] = b"s" * segment.size_bytes
            self.objects.held[run_key(ANNA, DOOR, segment.run_ms)] = b"init"

    @rule(some=st.sets(slots, min_size=1, max_size=6))
    def commit(self, some: set[int]) -> None:
        self.do(self.ingest.commits(a_hub(), batch_of(some)))

    @rule(some=st.sets(slots, min_size=1, max_size=12))
    def upload(self, some: set[int]) -> None:
        self.ask_for_places(some)
        self.bytes_arrive(some)
        self.commit(some)

    @rule(start=moments, length=st.integers(1, 300))
    def owner_erases(self, start: int, length: int) -> None:
        from_ms = NOON_MS + start * SECOND_MS
        self.erase(Wanted(from_ms, from_ms + length * SECOND_MS))

    @rule()
    def owner_erases_everything(self) -> None:
        self.erase(Wanted())

    @rule(window_ms=st.sampled_from(WINDOWS_MS))
    def plan_changes(self, window_ms: int) -> None:
        self.do(self.set_window(window_ms))

    @rule(seconds=st.integers(1, 300))
    def time_passes(self, seconds: int) -> None:
        self.clock.jump(seconds * SECOND_MS)

    @rule(lies=st.booleans())
    def pruner_runs(self, lies: bool) -> None:
        self.objects.lies_about = set(list(self.objects.held)[:2]) if lies else set()
        self.do(self.pruner.once(look=True))

    @rule()
    def deletions_are_verified(self) -> None:
        work = verify_what_is_due(self.database, self.objects, self.wakes, self.clock, PruneHealth())
        self.do(work)

    # ------------------------------------------------------------ what holds

    @invariant()
    def nothing_is_back(self) -> None:
        here = self.do(self.listed())
        assert not here & self.left
        self.left |= self.seen - here
        self.seen |= here

    def erase(self, wanted: Wanted) -> None:
        try:
            preview = self.do(self.erasing.preview(ANNA, DOOR, wanted))
            done = self.do(self.erasing.erase(ANNA, DOOR, wanted, preview.confirm))
        except (NothingToErase, TooManySpans):
            return
        span = done.span
        for slot in range(SLOTS):  # also what never was here: it must not come later
            segment = segment_at(slot)
            if segment.start_ms < span.to_ms and segment.end_ms > span.from_ms:
                self.left.add(segment.start_ms)

    async def set_window(self, window_ms: int) -> None:
        async with self.database.begin() as tx:
            steps = await tx.cameras.steps(DOOR) or a_window(window_ms)
            await tx.cameras.replace_steps(DOOR, changed_to(steps, window_ms, self.clock.now_ms()))

    async def listed(self) -> set[int]:
        """Everything that any reader is shown."""
        history = Playback(self.database, self.objects, self.clock)
        segments = await history.segments(ANNA, DOOR, 0, NOON_MS + 24 * HOUR_MS)
        return {segment.start_ms for segment in segments}


class NeverAgainInSqlite(NeverAgain):
    async def open(self) -> Database:
        folder = self.stack.enter_context(TemporaryDirectory())
        url = f"sqlite+aiosqlite:///{Path(folder)}/cloud.db"
        return await self.stack.enter_async_context(open_database(url))


def batch_of(some: set[int]) -> Batch:
    segments = [segment_at(slot) for slot in sorted(some)]
    runs = sorted({segment.run_ms for segment in segments})
    return Batch(tuple(RunOffer(a_run(run_ms), 4) for run_ms in runs), tuple(segments))


TestNeverAgain = NeverAgain.TestCase
TestNeverAgain.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)

TestNeverAgainInSqlite = pytest.mark.timeout(120)(NeverAgainInSqlite.TestCase)
TestNeverAgainInSqlite.settings = settings(max_examples=12, stateful_step_count=30, deadline=None)
