"""How fast footage may leave the house: a bucket that fills at the limit's rate and that each piece empties.

Time that nobody used counts for a moment only, so that a limit holds over every stretch of time, not just on
the average.
"""

from dataclasses import dataclass, replace

BURST_S = 0.25  # seconds; so much unused time may be made up for
PIECE_S = 0.25  # seconds; what is handed over at a time takes so long: a smooth flow, and few wake-ups
LEAST_PIECE, MOST_PIECE = 1024, 64 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Bucket:
    """A limit and how far it is used up. Moments are seconds of a monotonic clock."""

    bytes_per_s: float
    spent_until: float = float("-inf")  # up to this moment the rate is given away

    def __post_init__(self) -> None:
        if not self.bytes_per_s > 0:
            raise ValueError(f"a limit must let something through, not {self.bytes_per_s} bytes a second")

    def take(self, size_bytes: int, now: float) -> tuple["Bucket", float]:
        """After these bytes; and how many seconds they have to wait. Who asks first is served first."""
        begins = max(self.spent_until, now - BURST_S)
        after = replace(self, spent_until=begins + size_bytes / self.bytes_per_s)
        return after, max(0.0, after.spent_until - now)

    @property
    def piece_bytes(self) -> int:
        """How much is best asked for at a time."""
        return min(max(round(self.bytes_per_s * PIECE_S), LEAST_PIECE), MOST_PIECE)
