"""Whose batch goes to the cloud next, where more waits than the link carries.

What shows the newest events goes first, whatever camera it is of; the rest goes oldest first, the cameras in
turn. One batch in four belongs to the rest in any case, so that nothing waits for ever.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import Enum

EVENT_PRE_MS, EVENT_POST_MS = 5_000, 10_000  # around each event: what shows it
EVENTS_IN_A_ROW = 3  # batches; then one of the rest goes, when there is any


class Turn(Enum):
    """What a batch is made of."""

    EVENTS = "what shows the newest events"
    OLDEST = "the oldest"


@dataclass(frozen=True, slots=True)
class Ask:
    """A camera with something to send; `event_ms`: the moment of the newest event that some of it shows."""

    camera: str
    event_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What has been decided so far, as far as it matters."""

    events_in_a_row: int = 0
    served: tuple[str, ...] = ()  # cameras whose oldest had a turn, the longest ago first

    def next(self, asks: Collection[Ask]) -> tuple[Ask, Turn, "Order"]:
        """Who goes next, with what, and the order from then on. At least one must ask."""
        with_events = [ask for ask in asks if ask.event_ms is not None]
        if with_events and self.events_in_a_row < EVENTS_IN_A_ROW:
            chosen = max(with_events, key=lambda ask: (ask.event_ms or 0, ask.camera))
            return chosen, Turn.EVENTS, replace(self, events_in_a_row=self.events_in_a_row + 1)
        chosen = min(asks, key=lambda ask: (self._place(ask.camera), ask.camera))
        others = tuple(camera for camera in self.served if camera != chosen.camera)
        return chosen, Turn.OLDEST, Order(0, (*others, chosen.camera))

    def _place(self, camera: str) -> int:
        return self.served.index(camera) if camera in self.served else -1
