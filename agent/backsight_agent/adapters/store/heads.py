"""What the pruner asks all the time, kept in memory, so that an idle pass costs no trip to the database.

Changed only in the index's thread, right after a commit; read from anywhere.
"""

import sqlite3
from dataclasses import dataclass, field

from backsight_agent.adapters.store.schema import camera_of


@dataclass(slots=True)
class Heads:
    """Per camera the smallest segment end and the horizon acted upon; how much garbage there is."""

    oldest_end_ms: dict[str, int] = field(default_factory=dict)
    reached_ms: dict[str, int] = field(default_factory=dict)
    garbage: int = 0

    def added(self, camera: str, end_ms: int) -> None:
        """A segment was finished."""
        self.oldest_end_ms[camera] = min(end_ms, self.oldest_end_ms.get(camera, end_ms))

    def erased(self, camera: str, oldest_end_ms: int | None, reached_ms: int, garbage: int) -> None:
        """Segments left: what is the oldest now, and how much garbage there is."""
        if oldest_end_ms is None:
            self.oldest_end_ms.pop(camera, None)
        else:
            self.oldest_end_ms[camera] = oldest_end_ms
        self.reached_ms[camera] = reached_ms
        self.garbage = garbage

    def load(self, db: sqlite3.Connection) -> None:
        """Start from what the database says: a seek for each camera."""
        for camera in cameras_in(db):
            oldest = oldest_end(db, camera)
            if oldest is not None:
                self.oldest_end_ms[camera_of(camera)] = oldest
        reached = db.execute("SELECT camera, reached_ms FROM camera WHERE reached_ms IS NOT NULL")
        self.reached_ms.update((camera_of(camera), moment) for camera, moment in reached)
        self.garbage = count_garbage(db)


def cameras_in(db: sqlite3.Connection) -> list[int]:
    """Every camera that has ever had a run, segments or a horizon."""
    return [camera for (camera,) in db.execute("SELECT camera FROM camera ORDER BY camera")]


def oldest_end(db: sqlite3.Connection, camera: int) -> int | None:
    """The smallest segment end of a camera: one seek."""
    (oldest,) = db.execute("SELECT min(end_ms) FROM segment WHERE camera = ?", (camera,)).fetchone()
    return None if oldest is None else int(oldest)


def count_garbage(db: sqlite3.Connection) -> int:
    """How many files are still to be unlinked."""
    return int(db.execute("SELECT count(*) FROM garbage").fetchone()[0])
