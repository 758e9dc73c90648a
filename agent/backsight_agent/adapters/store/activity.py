"""What is being written now: the pruner leaves its runs alone, and closing closes its files."""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Written:
    """A file of a run that has no row yet; `descriptor` while it is open."""

    camera: str
    run_ms: int
    descriptor: int | None = None


@dataclass(slots=True)
class Activity:
    """Touched on the event loop only."""

    run_ms: dict[str, int] = field(default_factory=dict)  # by camera: the run that goes on
    open: dict[Path, Written] = field(default_factory=dict)
    leftovers: dict[Path, Written] = field(default_factory=dict)  # could not be finished yet; tried again

    def runs_in_use(self, camera: str) -> frozenset[int]:
        """The camera's runs that may still get a segment."""
        files = [*self.open.values(), *self.leftovers.values()]
        current = [self.run_ms[camera]] if camera in self.run_ms else []
        return frozenset([*current, *(file.run_ms for file in files if file.camera == camera)])

    def leftovers_of(self, camera: str) -> list[Path]:
        return [path for path, file in self.leftovers.items() if file.camera == camera]

    def close_files(self) -> None:
        """At the store's end: what is still open becomes a segment at the next start."""
        for file in self.open.values():
            if file.descriptor is not None:
                with suppress(OSError):
                    os.close(file.descriptor)
        self.open.clear()
