"""The index's tables, and how a camera's identity is kept in them."""

# ruff: noqa: S608 - only constants of our own are put into these statements

import sqlite3

from backsight_agent.ports import StoreFailed
from backsight_shared.segment import Run, Segment

VERSION = 4
EVENTS_SINCE = 2  # the version that brought the table of events
UNSENT_SINCE = 3  # the version that brought erasure.unsent
UNDATED_SINCE = 3  # the version that brought undated, and event.boot
COMPLETE = "complete"  # meta, since version 4: the index knows every file that was there when it was made
WAITING, UPLOADED, REFUSED = 0, 1, 2  # segment.upload
SEGMENT_FILE, INIT_FILE = 0, 1  # garbage.kind

SEGMENT_COLUMNS = "camera, start_ms, end_ms, run_ms, sequence, size_bytes"

# Cameras are the MAC as a number: 6 bytes in each row and index instead of 13.
_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE camera (
    camera     INTEGER PRIMARY KEY,
    reached_ms INTEGER,           -- the horizon that was acted upon
    newest_ms  INTEGER            -- where the camera last wrote: recovery looks from shortly before here
);

CREATE TABLE run (
    camera     INTEGER NOT NULL,
    run_ms     INTEGER NOT NULL,
    after      TEXT NOT NULL,
    init_bytes INTEGER NOT NULL,
    segments   INTEGER NOT NULL DEFAULT 0,  -- how many rows it has; the init goes with the last
    PRIMARY KEY (camera, run_ms)
) WITHOUT ROWID;
CREATE INDEX run_empty ON run (camera, run_ms) WHERE segments = 0;

CREATE TABLE segment (
    camera     INTEGER NOT NULL,
    start_ms   INTEGER NOT NULL,
    end_ms     INTEGER NOT NULL,
    run_ms     INTEGER NOT NULL,
    sequence   INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    upload     INTEGER NOT NULL DEFAULT 0,
    refusal    TEXT,
    PRIMARY KEY (camera, start_ms)
) WITHOUT ROWID;
CREATE INDEX segment_by_end ON segment (camera, end_ms);
CREATE INDEX segment_waiting ON segment (camera, start_ms) WHERE upload = 0;

-- Files without a row that are still to be unlinked.
CREATE TABLE garbage (
    camera INTEGER NOT NULL,
    kind   INTEGER NOT NULL,
    ms     INTEGER NOT NULL,            -- start_ms of a segment, run_ms of an init
    tries  INTEGER NOT NULL DEFAULT 0,  -- those that would not go come last
    PRIMARY KEY (camera, kind, ms)
) WITHOUT ROWID;
CREATE INDEX garbage_stuck ON garbage (tries) WHERE tries > 0;

CREATE TABLE erasure (
    id          INTEGER PRIMARY KEY,
    camera      INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    first_at_ms INTEGER NOT NULL,
    last_at_ms  INTEGER NOT NULL,
    from_ms     INTEGER NOT NULL,
    to_ms       INTEGER NOT NULL,
    count       INTEGER NOT NULL,
    size_bytes  INTEGER NOT NULL
);
CREATE INDEX erasure_by_camera ON erasure (camera, id);
"""

# Since version 2. Events are few: their kinds are kept as words.
_EVENTS = """
CREATE TABLE event (
    camera   INTEGER NOT NULL,
    start_ms INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    origin   TEXT NOT NULL,
    end_ms   INTEGER NOT NULL,
    score    INTEGER NOT NULL,
    sent     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (camera, start_ms, kind, origin)
) WITHOUT ROWID;
CREATE INDEX event_unsent ON event (start_ms) WHERE sent = 0;
"""


# Since version 3. These tables are nearly always empty.
_DATING_AND_ERASING = """
-- Runs that were recorded before the time was known: their moments are not true yet. Nothing of them is
-- uploaded or expires. `boot` and `offset_ms` (wall minus monotonic clock when it was anchored) say how to
-- date them; `shift_ms` is set once that is decided and being done, so that a crash cannot do it by half.
CREATE TABLE undated (
    camera    INTEGER NOT NULL,
    run_ms    INTEGER NOT NULL,
    boot      TEXT NOT NULL,
    offset_ms INTEGER NOT NULL,
    shift_ms  INTEGER,
    PRIMARY KEY (camera, run_ms)
) WITHOUT ROWID;

-- The boots in which something was undated, in their order; `zero_ms` is the true time at which the boot's
-- monotonic clock was 0, once it is known.
CREATE TABLE boot (
    id      INTEGER PRIMARY KEY,
    boot    TEXT NOT NULL UNIQUE,
    zero_ms INTEGER
);

-- Events that were noted before the time was known; NULL in all others.
ALTER TABLE event ADD COLUMN boot TEXT;
ALTER TABLE event ADD COLUMN offset_ms INTEGER;
CREATE INDEX event_undated ON event (camera) WHERE boot IS NOT NULL;

-- What the owner erased: a segment that is finished later and reaches into it leaves at once.
CREATE TABLE erased_span (
    camera  INTEGER NOT NULL,
    from_ms INTEGER NOT NULL,
    to_ms   INTEGER NOT NULL,
    PRIMARY KEY (camera, from_ms, to_ms)
) WITHOUT ROWID;

-- What of the camera is meant for the cloud ('all', 'events'), and how many of a line's segments were meant
-- for it and did not get there.
ALTER TABLE camera ADD COLUMN upload TEXT;
ALTER TABLE erasure ADD COLUMN unsent INTEGER NOT NULL DEFAULT 0;
CREATE INDEX erasure_unsent ON erasure (camera, reason, unsent) WHERE unsent > 0;
"""

# Since version 4. An index of before that is in use is complete; a new one is once somebody has looked.
_COMPLETE = f"INSERT INTO meta (name, value) VALUES ('{COMPLETE}', '');"

_NOT_GARBAGE = "DELETE FROM garbage WHERE camera = ? AND kind = ? AND ms = ?"


def ensure_schema(db: sqlite3.Connection) -> None:
    """Make the tables of a new database, add those that an older one lacks; refuse a newer version's."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    steps = (_TABLES, _EVENTS, _DATING_AND_ERASING)
    if version < VERSION:
        missing = "".join(steps[version:]) + (_COMPLETE if version else "")
        db.executescript(f"BEGIN IMMEDIATE; {missing} PRAGMA user_version = {VERSION}; COMMIT;")
    elif version != VERSION:
        raise StoreFailed(
            f"agent.db has schema {version}; this version knows {VERSION}. Install the version that wrote it"
        )


def number_of(camera: str) -> int:
    """A camera's identity as the index keeps it."""
    return int(camera, 16)


def camera_of(number: int) -> str:
    """The camera's identity of a row."""
    return f"{number:012x}"


def segment_of(row: tuple[int, int, int, int, int, int]) -> Segment:
    """A row of SEGMENT_COLUMNS."""
    return Segment(camera_of(row[0]), *row[1:])


def insert_segment(db: sqlite3.Connection, segment: Segment) -> None:
    """The row of a finished file; its run counts it, and nothing unlinks it any more."""
    camera = number_of(segment.camera)
    values = (segment.start_ms, segment.end_ms, segment.run_ms, segment.sequence, segment.size_bytes)
    db.execute(f"INSERT INTO segment ({SEGMENT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", (camera, *values))
    count = "UPDATE run SET segments = segments + 1 WHERE camera = ? AND run_ms = ?"
    db.execute(count, (camera, segment.run_ms))
    ours = (camera, SEGMENT_FILE, segment.start_ms)
    db.execute(_NOT_GARBAGE, ours)
    note_newest(db, camera, segment.start_ms)


def insert_run(db: sqlite3.Connection, run: Run, init_bytes: int) -> None:
    """The row of a run whose init is durable."""
    camera = number_of(run.camera)
    row = (camera, run.run_ms, run.after, init_bytes)
    db.execute(
        "INSERT INTO run (camera, run_ms, after, init_bytes) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET after = excluded.after, init_bytes = excluded.init_bytes",
        row,
    )
    ours = (camera, INIT_FILE, run.run_ms)
    db.execute(_NOT_GARBAGE, ours)
    note_newest(db, camera, run.run_ms)


def note_newest(db: sqlite3.Connection, camera: int, moment_ms: int) -> None:
    """Where the camera last wrote, by order of writing: a clock that was set back moves it back."""
    db.execute(
        "INSERT INTO camera (camera, newest_ms) VALUES (?, ?)"
        " ON CONFLICT (camera) DO UPDATE SET newest_ms = excluded.newest_ms",
        (camera, moment_ms),
    )
