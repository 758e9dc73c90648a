"""What the pruner asks all the time, kept in memory, so that an idle pass costs no trip to the database.

Changed only in the index's thread, right after a commit; read from anywhere.
"""

import sqlite3
from dataclasses import dataclass, field

from backsight_agent.adapters.store.schema import camera_of, number_of
from backsight_agent.adapters.store.undated import has_undated
from backsight_shared.segment import Segment


@dataclass(slots=True)
class Heads:
    """Per camera the smallest end of what is dated, all bytes, the horizon that was reached; the garbage."""

    oldest_end_ms: dict[str, int] = field(default_factory=dict)
    size_bytes: dict[str, int] = field(default_factory=dict)
    reached_ms: dict[str, int] = field(default_factory=dict)
    garbage: int = 0

    def added(self, segment: Segment, *, dated: bool = True) -> None:
        """A segment was finished; one that is not dated does not expire."""
        camera = segment.camera
        if dated:
            self.dated(camera, segment.end_ms)
        self.size_bytes[camera] = self.size_bytes.get(camera, 0) + segment.size_bytes

    def dated(self, camera: str, end_ms: int) -> None:
        """A segment has come to the moment at which it was."""
        self.oldest_end_ms[camera] = min(end_ms, self.oldest_end_ms.get(camera, end_ms))

    def erased(self, camera: str, now: "Left") -> None:
        """Segments left: what there is now."""
        if now.oldest_end_ms is None:
            self.oldest_end_ms.pop(camera, None)
        else:
            self.oldest_end_ms[camera] = now.oldest_end_ms
        if now.reached_ms is not None:
            self.reached_ms[camera] = now.reached_ms
        self.size_bytes[camera] = max(0, self.size_bytes.get(camera, 0) - now.gone_bytes)
        self.garbage = now.garbage

    def load(self, db: sqlite3.Connection) -> None:
        """Start from what the database says: a seek for each camera, and one walk for their sizes."""
        self.oldest_end_ms.clear()
        sizes = db.execute("SELECT camera, sum(size_bytes) FROM segment GROUP BY camera")
        self.size_bytes = {camera_of(camera): size for camera, size in sizes}
        for camera in cameras_in(db):
            oldest = oldest_end(db, camera)
            if oldest is not None:
                self.oldest_end_ms[camera_of(camera)] = oldest
        reached = db.execute("SELECT camera, reached_ms FROM camera WHERE reached_ms IS NOT NULL")
        self.reached_ms.update((camera_of(camera), moment) for camera, moment in reached)
        self.garbage = count_garbage(db)


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a camera after segments went."""

    oldest_end_ms: int | None
    reached_ms: int | None
    garbage: int
    gone_bytes: int


def left(db: sqlite3.Connection, camera: str, gone_bytes: int) -> Left:
    """To be asked in the transaction that took them."""
    number = number_of(camera)
    row = db.execute("SELECT reached_ms FROM camera WHERE camera = ?", (number,)).fetchone()
    return Left(oldest_end(db, number), row and row[0], count_garbage(db), gone_bytes)


def cameras_in(db: sqlite3.Connection) -> list[int]:
    """Every camera that has ever had a run, segments or a horizon."""
    return [camera for (camera,) in db.execute("SELECT camera FROM camera ORDER BY camera")]


def oldest_end(db: sqlite3.Connection, camera: int) -> int | None:
    """The smallest end of a camera's dated segments: one seek, where all are dated."""
    sql = "SELECT min(end_ms) FROM segment WHERE camera = :camera"
    if has_undated(db, camera):
        sql += " AND run_ms NOT IN (SELECT run_ms FROM undated WHERE camera = :camera)"
    (oldest,) = db.execute(sql, {"camera": camera}).fetchone()
    return None if oldest is None else int(oldest)


def count_garbage(db: sqlite3.Connection) -> int:
    """How many files are still to be unlinked."""
    return int(db.execute("SELECT count(*) FROM garbage").fetchone()[0])
