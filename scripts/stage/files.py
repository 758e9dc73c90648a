"""Looks into media folders in which files and folders disappear at any moment."""

import os
from pathlib import Path


def segment_files(folder: Path) -> list[Path]:
    """Every segment file below a folder. `os.walk` passes over what is gone by the time it gets there."""
    return [
        Path(where, name) for where, _, names in os.walk(folder) for name in names if name.endswith(".m4s")
    ]
