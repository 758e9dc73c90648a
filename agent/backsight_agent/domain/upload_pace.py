"""How much is sent at one time: much on a fast link, one after the other on a slow one.

Several puts at once fill a link that is fast but far. On a slow one each would only take the longer, and
whatever comes in between, an event, would have to wait for all of them.
"""

from dataclasses import dataclass, replace

PUTS_AT_ONCE = 4  # at most
QUICK_S, SLOW_S = 1.0, 10.0  # seconds for one put: below, one more at a time; above, half as many
FIRST_ROWS = 4  # segments in the first batch

BATCH_S = 20.0  # seconds; puts of a batch that have not begun by then are left to the next one


@dataclass(frozen=True, slots=True)
class Pace:
    """What the link has shown so far. It begins slowly: a fast link shows itself within seconds."""

    at_once: int = 1  # puts, and batches, on the way at one time
    rows: int = FIRST_ROWS  # segments in a batch

    def after_put(self, took_s: float) -> "Pace":
        """A segment arrived."""
        if took_s > SLOW_S:
            return replace(self, at_once=max(1, self.at_once // 2))
        return replace(self, at_once=min(PUTS_AT_ONCE, self.at_once + 1)) if took_s < QUICK_S else self

    def after_failure(self) -> "Pace":
        """A segment did not arrive: a link that comes and goes carries few whole ones at a time."""
        return replace(self, at_once=max(1, self.at_once // 2))

    def after_batch(self, offered: int, undone: int, most: int) -> "Pace":
        """A batch ended; `undone` of its segments failed, or had not begun when its time was over."""
        rows = max(1, offered - undone) if undone else min(most, max(self.rows, 2 * offered))
        return replace(self, rows=rows)
