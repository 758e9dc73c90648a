"""Wakes the service's workers when something changed, so that none of them polls."""

import asyncio
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Wakes:
    """One event for each worker. The worker clears it when it wakes."""

    prune: asyncio.Event = field(default_factory=asyncio.Event)  # a camera's windows or footage changed
    publish: asyncio.Event = field(default_factory=asyncio.Event)  # a hub needs a new entitlement
    revoke: asyncio.Event = field(default_factory=asyncio.Event)  # a hub was unpaired
    mail: asyncio.Event = field(default_factory=asyncio.Event)  # there is mail to be sent
    clock: asyncio.Event = field(default_factory=asyncio.Event)  # the clock is to be moved (test mode)
    bill: asyncio.Event = field(default_factory=asyncio.Event)  # something is due, or money is to be moved

    def all(self) -> None:
        """Look at everything: another process wrote to the database."""
        self.prune.set()
        self.publish.set()
        self.revoke.set()
        self.mail.set()
        self.bill.set()
        self.clock.set()
