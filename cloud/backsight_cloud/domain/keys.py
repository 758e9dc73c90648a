"""Names of objects: where a camera's media lie, below its account."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

_WORD = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"  # never begins with a dot: no `..`, nothing hidden
_KEY = re.compile(rf"{_WORD}(/{_WORD}){{1,7}}")
_OURS = re.compile(
    r"([^/]+)/([0-9a-f]{12})/(?:runs/([0-9]{1,15})\.mp4|[0-9]{8}/([0-9]{1,15})\.m4s)", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Named:
    """What an object is, by its name."""

    account: str
    camera: str
    kind: Literal["segment", "run"]
    ms: int  # start of the segment, or of the run


def segment_key(account: str, camera: str, start_ms: int) -> str:
    """A segment's object, in a folder for each day (UTC): a folder holds some 9,000 at most."""
    day = datetime.fromtimestamp(start_ms / 1000, UTC)
    return f"{account}/{camera}/{day:%Y%m%d}/{start_ms}.m4s"


def run_key(account: str, camera: str, run_ms: int) -> str:
    """The object of a run's init."""
    return f"{account}/{camera}/runs/{run_ms}.mp4"


def named(key: str) -> Named | None:
    """What the object of this name is; None for a name that we give to nothing."""
    parts = _OURS.fullmatch(key)
    if parts is None or not is_key(key):
        return None
    account, camera, run_ms, start_ms = parts.groups()
    is_run = run_ms is not None
    found = Named(account, camera, "run" if is_run else "segment", int(run_ms if is_run else start_ms))
    again = run_key if is_run else segment_key
    return found if again(account, camera, found.ms) == key else None


def is_key(text: str) -> bool:
    """Whether the text can be an object's name: it leads nowhere but below the root."""
    return _KEY.fullmatch(text) is not None
