"""A cloud that takes a hub's batch in and prunes, and kills itself (SIGKILL) at the step that it is told.

Run as a process, `python -m fakes.dying_cloud`. Each line of its input is one life, "FOLDER NOW_MS KILL_AT
KILL_AFTER_MS" (0: not at all; `fakes/forked.py`). Steps are counted: every sync to the disk, and
the moment before and after every transaction and every call to the objects. Each promise that a life makes to
the hub is printed, "stored START".
"""

import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.adapters.objects import FolderObjects
from backsight_cloud.domain.keys import run_key, segment_key
from backsight_cloud.ports import Database, Transaction
from backsight_cloud.services.ingest import Ingest
from backsight_cloud.services.pruning import PruneHealth, Pruner
from backsight_cloud.services.wakes import Wakes
from backsight_shared.wire import Batch, RunOffer
from fakes.clock import NOON_MS, FakeClock
from fakes.forked import serve_lives
from fakes.household import ANNA, HOUR_MS, a_hub, a_run, segments_of

FIRST = a_run(NOON_MS - 12 * HOUR_MS)  # its two segments expire 10 and 20 s after noon
SECOND = a_run(FIRST.run_ms + 20_000)
BATCH = Batch(
    (RunOffer(FIRST, 4), RunOffer(SECOND, 4)),
    (*segments_of(FIRST, 2, size_bytes=9), *segments_of(SECOND, 2, size_bytes=9)),
)
PRUNED_AT_MS = NOON_MS + 20_000


class Steps:
    def __init__(self, kill_at: int) -> None:
        self._left = kill_at

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class SteppingDatabase:
    def __init__(self, database: Database, step: Callable[[], None]) -> None:
        self._database, self._step = database, step

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        self._step()
        async with self._database.begin() as tx:
            yield tx
            self._step()  # all is written, nothing is committed
        self._step()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        async with self._database.read() as tx:
            yield tx


class SteppingObjects(FolderObjects):
    step: Callable[[], None]

    async def put(self, key: str, data: bytes) -> None:
        self.step()
        await super().put(key, data)
        self.step()

    async def delete(self, keys: Sequence[str]) -> Sequence[str]:
        self.step()
        gone = await super().delete(keys)
        self.step()
        return gone


async def main(folder: Path, now_ms: int, kill_at: int) -> None:
    """One life of the cloud."""
    step, clock, wakes = Steps(kill_at), FakeClock(now_ms), Wakes()
    async with open_database(f"sqlite+aiosqlite:///{folder}/cloud.db") as opened:
        objects = SteppingObjects(folder / "media", b"key", clock)
        objects.step = step
        _step_at_each_sync(step)
        database = SteppingDatabase(opened, step)
        pruner = Pruner(database, objects, wakes, clock, PruneHealth())
        await pruner.once(look=True)  # what an earlier life left
        await _upload(Ingest(database, objects, clock, wakes), objects)
        clock.jump(PRUNED_AT_MS - now_ms)
        await pruner.once(look=True)
        await pruner.once(look=True)


async def _upload(ingest: Ingest, objects: FolderObjects) -> None:
    places = await ingest.places(a_hub(), BATCH)
    for place, offer in zip(places.runs, BATCH.runs, strict=True):
        if place.state == "put":
            await objects.put(run_key(ANNA, offer.run.camera, offer.run.run_ms), b"init")
    for place, segment in zip(places.segments, BATCH.segments, strict=True):
        if place.state == "put":
            await objects.put(segment_key(ANNA, segment.camera, segment.start_ms), b"nine byte")
    commits = await ingest.commits(a_hub(), BATCH)
    for commit, segment in zip(commits.segments, BATCH.segments, strict=True):
        print(commit.state, segment.start_ms, flush=True)


def _step_at_each_sync(step: Callable[[], None]) -> None:
    real: Any = os.fsync

    def fsync(descriptor: int) -> None:
        step()
        real(descriptor)

    os.fsync = fsync  # type: ignore[assignment]


async def live(words: Sequence[str]) -> None:
    folder, now_ms, kill_at, _ = words
    await main(Path(folder), int(now_ms), int(kill_at))


def kill_later(life: int, words: Sequence[str]) -> None:
    """At no step, but after so many milliseconds."""
    if kill_after_ms := int(words[3]):
        time.sleep(kill_after_ms / 1000)
        os.kill(life, signal.SIGKILL)


if __name__ == "__main__":
    serve_lives(live, kill_later)
