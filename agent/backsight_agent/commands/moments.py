"""Reads moments as people write them on the command line."""

import re
from datetime import datetime

from backsight_shared.errors import NeedsAttention
from backsight_shared.settings import Duration


class BadMoment(NeedsAttention):
    """A --from or --to that says no moment."""


def moment_of(option: str, text: str, now_ms: int) -> int:
    """UTC milliseconds. Raises BadMoment."""
    if re.fullmatch(r"[0-9]{11,16}", text):
        return int(text)
    try:
        if re.fullmatch(r"[0-9]+ ?[smhd]", text):
            return now_ms - Duration.from_text(text).ms
        return round(datetime.fromisoformat(text).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError, OSError) as error:
        raise BadMoment(
            f'{option} {text!r} is no moment: write "2026-11-24T12:00", "2h" (ago), or UTC milliseconds'
        ) from error
