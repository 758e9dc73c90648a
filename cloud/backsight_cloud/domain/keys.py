"""Names of objects: where a camera's media lie, below its account."""

import re
from datetime import UTC, datetime

_WORD = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"  # never begins with a dot: no `..`, nothing hidden
_KEY = re.compile(rf"{_WORD}(/{_WORD}){{1,7}}")


def segment_key(account: str, camera: str, start_ms: int) -> str:
    """A segment's object, in a folder for each day (UTC): a folder holds some 9,000 at most."""
    day = datetime.fromtimestamp(start_ms / 1000, UTC)
    return f"{account}/{camera}/{day:%Y%m%d}/{start_ms}.m4s"


def run_key(account: str, camera: str, run_ms: int) -> str:
    """The object of a run's init."""
    return f"{account}/{camera}/runs/{run_ms}.mp4"


def is_key(text: str) -> bool:
    """Whether the text can be an object's name: it leads nowhere but below the root."""
    return _KEY.fullmatch(text) is not None
