"""What the sides of one open store share."""

import asyncio
from dataclasses import dataclass

from backsight_agent.adapters.store.activity import Activity
from backsight_agent.adapters.store.files import Media, Steps
from backsight_agent.adapters.store.heads import Heads
from backsight_agent.adapters.store.threads import FileThreads, Index


@dataclass(frozen=True, slots=True)
class Base:
    """Threads, addresses and what is known in memory."""

    media: Media
    index: Index
    files: FileThreads
    heads: Heads
    activity: Activity
    added: asyncio.Event
    steps: Steps
