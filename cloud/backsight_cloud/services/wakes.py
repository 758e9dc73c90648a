"""Wakes the service's workers when something changed, so that none of them polls."""

import asyncio
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Wakes:
    """One event for each worker. The worker clears it when it wakes."""

    prune: asyncio.Event = field(default_factory=asyncio.Event)  # a camera's windows or footage changed
    publish: asyncio.Event = field(default_factory=asyncio.Event)  # a hub needs a new entitlement
    revoke: asyncio.Event = field(default_factory=asyncio.Event)  # a hub was unpaired

    def all(self) -> None:
        """Look at everything: another process wrote to the database."""
        self.prune.set()
        self.publish.set()
        self.revoke.set()
