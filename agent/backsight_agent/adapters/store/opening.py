"""Opens the hub's store: locks its folder, checks that index and media belong together, recovers, serves."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from backsight_agent.adapters.store.activity import Activity
from backsight_agent.adapters.store.backlog import StoredBacklog
from backsight_agent.adapters.store.ballast import Ballast
from backsight_agent.adapters.store.base import Base
from backsight_agent.adapters.store.dating import StoredUndated
from backsight_agent.adapters.store.events import StoredEvents
from backsight_agent.adapters.store.files import Media, Steps
from backsight_agent.adapters.store.heads import Heads
from backsight_agent.adapters.store.history import StoredHistory
from backsight_agent.adapters.store.lock import locked
from backsight_agent.adapters.store.mounting import StoredDisks
from backsight_agent.adapters.store.presence import Presence
from backsight_agent.adapters.store.recordings import StoredRecordings
from backsight_agent.adapters.store.retention import StoredRetention
from backsight_agent.adapters.store.room import StoredRoom
from backsight_agent.adapters.store.threads import FileThreads, Index
from backsight_agent.ports import StoreFailed
from backsight_shared.clock import Clock

_SWEPT_AT_START = 2_000  # files; what more there is the pruner unlinks as its first deed


@dataclass(frozen=True, slots=True)
class Store:
    """The store's sides: each task gets the one that it needs."""

    recordings: StoredRecordings
    retention: StoredRetention
    room: StoredRoom
    disks: StoredDisks
    backlog: StoredBacklog
    history: StoredHistory
    events: StoredEvents
    undated: StoredUndated


def _no_steps(step: str) -> None:
    """Nobody wants to know."""


@asynccontextmanager
async def open_store(
    folder: Path, clock: Clock, steps: Steps = _no_steps, elsewhere: Mapping[str, Path] | None = None
) -> AsyncIterator[Store]:
    """The store in a state folder, made when new, recovered before anything else.

    `steps` is told of every step that a crash may fall behind; `elsewhere` names the folder of each camera
    that is not written into the state folder. Raises StoreFailed or StoreFull.
    """
    with locked(folder):
        media, activity = Media(folder / "media", elsewhere), Activity()
        async with _threads(folder / "agent.db") as (index, files):
            presence, added, full = Presence(media), asyncio.Event(), asyncio.Event()
            noted = asyncio.Event()
            files.full = index.full = full
            base = Base(media, presence, index, files, Heads(), activity, added, full, clock, steps)
            disks = StoredDisks(base, folder)
            ballast = Ballast(base, folder)
            await disks.open()
            store = Store(
                StoredRecordings(base),
                retention := StoredRetention(base, ballast),
                StoredRoom(base, retention, ballast),
                disks,
                StoredBacklog(media, index, files, base.added),
                StoredHistory(media, index, files),
                StoredEvents(index, noted),
                StoredUndated(base, noted),
            )
            await store.room.keep_ballast()
            await store.retention.sweep(_SWEPT_AT_START)
            try:
                yield store
            finally:
                activity.close_files()


@asynccontextmanager
async def open_to_read(folder: Path) -> AsyncIterator[StoredHistory]:
    """What a store's history says while no agent runs; nothing is changed. Raises StoreFailed."""
    if not (folder / "agent.db").exists():
        raise StoreFailed(f"There is no history in {folder} yet: agent.db is not there")
    async with _threads(folder / "agent.db", read_only=True) as (index, files):
        yield StoredHistory(Media(folder / "media"), index, files)


@asynccontextmanager
async def _threads(path: Path, *, read_only: bool = False) -> AsyncIterator[tuple[Index, FileThreads]]:
    """The store's threads; joined at the end, with what was begun done."""
    index, files = Index(path, read_only=read_only), FileThreads()
    try:
        if read_only:
            await index.open()
        yield index, files
    finally:
        await asyncio.to_thread(files.close)
        await index.close()
