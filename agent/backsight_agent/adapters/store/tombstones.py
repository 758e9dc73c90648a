"""What an owner erased, written down beside the footage: an index made anew from files must know of it.

Files outlive their rows for a moment. Should the index be lost in that moment, they would come back.
"""

import json
from pathlib import Path

from backsight_agent.adapters.store.files import Steps, make_folder, write_durably

_NAME = "erased.json"
_MOST = 256  # spans; older ones left the history long ago, files and all


def note_erased(folder: Path, from_ms: int, to_ms: int, steps: Steps) -> None:
    """Add a span to a camera's, durably, before anything is erased."""
    spans = sorted({*erased_in(folder), (from_ms, to_ms)})
    make_folder(folder)
    write_durably(folder / _NAME, json.dumps(spans[-_MOST:]).encode(), steps)


def erased_in(folder: Path) -> list[tuple[int, int]]:
    """The spans (from, to) of a camera. What cannot be read is not there."""
    try:
        return [(int(begin), int(end)) for begin, end in json.loads((folder / _NAME).read_bytes())]
    except (OSError, ValueError, TypeError):
        return []
