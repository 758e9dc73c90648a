"""The rows that say what was recorded before the time was known. They are few, and mostly there are none."""

import sqlite3

from backsight_agent.adapters.store.schema import UNDATED_SINCE, number_of
from backsight_agent.domain.anchoring import Undated
from backsight_shared.segment import Run

_UNDATED = """
INSERT INTO undated (camera, run_ms, boot, offset_ms) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET boot = excluded.boot, offset_ms = excluded.offset_ms, shift_ms = NULL
"""


def insert_undated(db: sqlite3.Connection, run: Run, undated: Undated) -> None:
    """Mark a run that begins: its moments may not be true."""
    note_boot(db, undated.boot)
    db.execute(_UNDATED, (number_of(run.camera), run.run_ms, undated.boot, undated.offset_ms))


def note_boot(db: sqlite3.Connection, boot: str) -> None:
    """Keep the order of the boots in which anything was undated."""
    db.execute("INSERT OR IGNORE INTO boot (boot) VALUES (?)", (boot,))


def is_undated(db: sqlite3.Connection, camera: int, run_ms: int) -> bool:
    """Whether a run's moments may not be true."""
    row = db.execute("SELECT 1 FROM undated WHERE camera = ? AND run_ms = ?", (camera, run_ms)).fetchone()
    return row is not None


def has_undated(db: sqlite3.Connection, camera: int) -> bool:
    """Whether a camera has any such run. Also asked of an index that no agent of this version has opened."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version < UNDATED_SINCE:
        return False
    return db.execute("SELECT 1 FROM undated WHERE camera = ? LIMIT 1", (camera,)).fetchone() is not None
