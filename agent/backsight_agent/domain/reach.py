"""Says why a camera's history on this hub is shorter than its window, where something took it away."""

from collections.abc import Sequence

from backsight_agent.domain.ledger import Erasure, Reason

SLACK_MS = 15 * 60_000  # nobody misses less
NEAR_MS = 120_000  # what left ends this near to where the history begins


def why_short(oldest_ms: int | None, window_ms: int | None, lines: Sequence[Erasure], now_ms: int) -> str:
    """A sentence; empty where the history is as long as it may be, or where nothing was recorded before.

    `oldest_ms` is where the history begins; `lines` are the newest of the camera's ledger.
    """
    if oldest_ms is None or window_ms is None or now_ms - oldest_ms >= window_ms - SLACK_MS:
        return ""
    taken = [line for line in lines if abs(line.to_ms - oldest_ms) <= NEAR_MS or line.to_ms > oldest_ms]
    reached = f"On this hub its history reaches back {span(now_ms - oldest_ms)} instead of {span(window_ms)}"
    if any(line.reason == Reason.DISK_FULL for line in taken):
        return f"{reached}: the disk has no room for more"
    if any(line.reason == Reason.OWNER for line in taken):
        return f"{reached}: what was before was erased"
    if any(line.reason == Reason.LOST for line in taken):
        return f"{reached}: the disk lost what was before"
    return ""


def span(ms: int) -> str:
    """A length of time as an owner would say it."""
    hours = ms / 3_600_000
    if hours >= 48:
        return f"{hours / 24:.0f} days"
    return f"{hours:.0f} hours" if hours >= 2 else f"{ms // 60_000} minutes"
