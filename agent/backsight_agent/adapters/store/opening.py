"""Opens the hub's store: locks its folder, checks that index and media belong together, recovers, serves."""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from backsight_agent.adapters.store.activity import Activity
from backsight_agent.adapters.store.backlog import StoredBacklog
from backsight_agent.adapters.store.base import Base
from backsight_agent.adapters.store.events import StoredEvents
from backsight_agent.adapters.store.files import Media, Steps
from backsight_agent.adapters.store.heads import Heads
from backsight_agent.adapters.store.history import StoredHistory
from backsight_agent.adapters.store.identity import check_identity
from backsight_agent.adapters.store.recordings import StoredRecordings
from backsight_agent.adapters.store.recovery import recover
from backsight_agent.adapters.store.retention import StoredRetention
from backsight_agent.adapters.store.schema import ensure_schema
from backsight_agent.adapters.store.threads import FileThreads, Index, file_error
from backsight_agent.ports import StoreFailed
from backsight_shared.clock import Clock

_SWEPT_AT_START = 2_000  # files; what more there is the pruner unlinks as its first deed


@dataclass(frozen=True, slots=True)
class Store:
    """The store's sides: each task gets the one that it needs."""

    recordings: StoredRecordings
    retention: StoredRetention
    backlog: StoredBacklog
    history: StoredHistory
    events: StoredEvents


def _no_steps(step: str) -> None:
    """Nobody wants to know."""


@asynccontextmanager
async def open_store(folder: Path, clock: Clock, steps: Steps = _no_steps) -> AsyncIterator[Store]:
    """The store in a state folder, made when new, recovered before anything else.

    `steps` is told of every step that a crash may fall behind. Raises StoreFailed or StoreFull.
    """
    with _locked(folder):
        media, heads, activity = Media(folder / "media"), Heads(), Activity()
        async with _threads(folder / "agent.db") as (index, files):
            await index.read(lambda db: _make_ready(db, media, heads, clock.now_ms(), steps))
            base = Base(media, index, files, heads, activity, asyncio.Event(), steps)
            store = Store(
                StoredRecordings(base),
                StoredRetention(base),
                StoredBacklog(media, index, files, base.added),
                StoredHistory(media, index, files),
                StoredEvents(index, asyncio.Event()),
            )
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


def _make_ready(db: sqlite3.Connection, media: Media, heads: Heads, now_ms: int, steps: Steps) -> None:
    ensure_schema(db)
    check_identity(db, media.root, steps)
    recover(db, media, now_ms, steps)
    heads.load(db)


@asynccontextmanager
async def _threads(path: Path, *, read_only: bool = False) -> AsyncIterator[tuple[Index, FileThreads]]:
    """The store's threads; joined at the end, with what was begun done."""
    index, files = Index(path, read_only=read_only), FileThreads()
    try:
        await index.open()
        yield index, files
    finally:
        await asyncio.to_thread(files.close)
        await index.close()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Two agents on one folder would take each other's unfinished files for those of a crash."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / "agent.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise file_error(error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise StoreFailed(f"Another agent is running on {folder}: stop it first") from error
    finally:
        os.close(descriptor)
