"""What the sides of one open store share."""

import asyncio
from dataclasses import dataclass, field

from backsight_agent.adapters.store.activity import Activity
from backsight_agent.adapters.store.files import Media, Steps
from backsight_agent.adapters.store.heads import Heads
from backsight_agent.adapters.store.presence import Presence
from backsight_agent.adapters.store.threads import FileThreads, Index
from backsight_shared.clock import Clock


@dataclass(frozen=True, slots=True)
class Base:
    """Threads, addresses and what is known in memory."""

    media: Media
    presence: Presence
    index: Index
    files: FileThreads
    heads: Heads
    activity: Activity
    added: asyncio.Event
    full: asyncio.Event  # set when a write found no room
    clock: Clock
    steps: Steps
    moving: asyncio.Lock = field(default_factory=asyncio.Lock)  # files are on their way to other moments
