"""Looks at the history's index without changing it, whether an agent has it open or not."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from backsight_agent.adapters.store.identity import identity_of, roots_in
from backsight_agent.adapters.store.schema import number_of
from backsight_agent.domain.judging_index import IndexFacts

CHECK_S = 10.0  # seconds; a whole check of a million rows takes one on a small board
RECENT = 360  # segments, an hour: what a camera needs is measured by them
_STEPS = 20_000  # of SQLite's machine between two looks at the time
_TOLD = 2  # lines of damage


@dataclass(frozen=True, slots=True)
class Measured:
    """What the history says of one camera: bytes a second of late, and how far it reaches."""

    bytes_s: float
    kept_s: float


@dataclass(frozen=True, slots=True)
class SeenIndex:
    """The index's facts, and what it measured of cameras that it knows."""

    facts: IndexFacts
    cameras: dict[str, Measured] = field(default_factory=dict)
    further_roots: tuple[Path, ...] = ()  # folders beside the first that were written into


def look_at_index(state: Path, cameras: Sequence[str]) -> SeenIndex:
    """Blocks, for a bounded time."""
    file, media = state / "agent.db", state / "media"
    try:
        facts = IndexFacts(file.exists(), media_identity=identity_of(media), media_there=media.is_dir())
        if not facts.exists:
            return SeenIndex(facts)
        facts = replace(facts, size_bytes=file.stat().st_size)
        with _reading(file) as db:
            return _seen(db, facts, cameras)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            return SeenIndex(replace(facts, error=str(error)))
        return SeenIndex(replace(facts, damage=str(error)))
    except OSError as error:
        return SeenIndex(IndexFacts(exists=True, error=error.strerror or str(error)))


def _seen(db: sqlite3.Connection, facts: IndexFacts, cameras: Sequence[str]) -> SeenIndex:
    row = db.execute("SELECT value FROM meta WHERE name = 'identity'").fetchone()
    damage, whole = _checked(db)
    facts = replace(facts, identity=row and str(row[0]), damage=damage, checked_whole=whole)
    if damage:
        return SeenIndex(facts)
    measured = {camera: found for camera in cameras if (found := _measured(db, number_of(camera)))}
    return SeenIndex(facts, measured, tuple(roots_in(db)))


def _checked(db: sqlite3.Connection) -> tuple[str, bool]:
    """What is damaged, and whether all of it was looked at."""
    end = time.monotonic() + CHECK_S
    db.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        said = [str(line) for (line,) in db.execute(f"PRAGMA quick_check({_TOLD})")]
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_INTERRUPT:
            raise
        return "", False
    finally:
        db.set_progress_handler(None, 0)
    return "" if said == ["ok"] else "; ".join(said), True


def _measured(db: sqlite3.Connection, camera: int) -> Measured | None:
    newest = (
        "SELECT start_ms, end_ms, size_bytes FROM segment WHERE camera = ? ORDER BY start_ms DESC LIMIT ?"
    )
    rows = db.execute(newest, (camera, RECENT)).fetchall()
    if not rows:
        return None
    length_ms = sum(end - start for start, end, _ in rows)
    (first_ms,) = db.execute("SELECT min(start_ms) FROM segment WHERE camera = ?", (camera,)).fetchone()
    size_bytes = sum(size for _, _, size in rows)
    return Measured(size_bytes * 1000 / max(1, length_ms), (rows[0][1] - first_ms) / 1000)


@contextmanager
def _reading(file: Path) -> Iterator[sqlite3.Connection]:
    address = f"{file.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None, timeout=5.0)) as db:
        yield db
