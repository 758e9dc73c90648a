"""What is being written now: the pruner leaves its runs alone, and closing closes its files."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from backsight_agent.adapters.store.files import part_of


@dataclass(frozen=True, slots=True)
class Written:
    """A file of a run that has no row yet; `descriptor` while it is open."""

    camera: str
    run_ms: int
    descriptor: int | None = None


@dataclass(frozen=True, slots=True)
class InUse:
    """What recovery must leave alone, as it was at one moment."""

    files: frozenset[Path] = frozenset()
    runs: Mapping[str, frozenset[int]] = field(default_factory=dict)  # by camera

    def runs_of(self, camera: str) -> frozenset[int]:
        return self.runs.get(camera, frozenset())


@dataclass(slots=True)
class Activity:
    """Touched on the event loop only."""

    run_ms: dict[str, int] = field(default_factory=dict)  # by camera: the run that goes on
    open: dict[Path, Written] = field(default_factory=dict)
    leftovers: dict[Path, Written] = field(default_factory=dict)  # could not be finished yet; tried again
    becoming: dict[str, int] = field(default_factory=dict)  # by camera: the run that another is moved to

    def runs_in_use(self, camera: str) -> frozenset[int]:
        """The camera's runs that may still get a segment."""
        files = [*self.open.values(), *self.leftovers.values()]
        current = [runs[camera] for runs in (self.run_ms, self.becoming) if camera in runs]
        return frozenset([*current, *(file.run_ms for file in files if file.camera == camera)])

    def in_use(self) -> InUse:
        """A snapshot for another thread."""
        written = [*self.open, *self.leftovers, *map(part_of, self.leftovers)]
        cameras = {
            *self.run_ms,
            *self.becoming,
            *(file.camera for file in [*self.open.values(), *self.leftovers.values()]),
        }
        return InUse(frozenset(written), {camera: self.runs_in_use(camera) for camera in cameras})

    def leftovers_of(self, camera: str) -> list[Path]:
        return [path for path, file in self.leftovers.items() if file.camera == camera]

    def close_files(self) -> None:
        """At the store's end: what is still open becomes a segment at the next start."""
        for file in self.open.values():
            if file.descriptor is not None:
                with suppress(OSError):
                    os.close(file.descriptor)
        self.open.clear()
