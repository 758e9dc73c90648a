"""What waits for the cloud, kept by the database itself, whoever changes the segments.

Temporary tables and triggers of the one connection that writes: nothing of it is on the disk, a transaction
that is undone undoes it too, and nobody who adds, erases or dates segments has to think of it. So counting
costs the same at any backlog, and whoever looks for what shows an event looks only at events around which
something may still wait.
"""

# ruff: noqa: S608 - only constants of our own are put into these statements

import sqlite3

from backsight_agent.adapters.store.schema import WAITING, camera_of
from backsight_shared.event import LONGEST_EVENT_MS

MARGIN_MS = 60_000  # nobody wants more than this before or after an event; no segment is longer either

_AROUND_NEW = f"""
INSERT INTO unsettled (camera, start_ms, end_ms)
    SELECT camera, start_ms, end_ms FROM event
    WHERE camera = new.camera AND start_ms > new.start_ms - {LONGEST_EVENT_MS + MARGIN_MS}
        AND start_ms < new.end_ms + {MARGIN_MS} AND end_ms > new.start_ms - {MARGIN_MS}
    ON CONFLICT DO UPDATE SET end_ms = max(end_ms, excluded.end_ms);
"""

_ONE_MORE = "INSERT INTO waiting VALUES (new.camera, 1) ON CONFLICT DO UPDATE SET count = count + 1;"
_ONE_LESS = "UPDATE waiting SET count = count - 1 WHERE camera = old.camera;"

_NEW_EVENT = """
INSERT INTO unsettled (camera, start_ms, end_ms) VALUES (new.camera, new.start_ms, new.end_ms)
    ON CONFLICT DO UPDATE SET end_ms = max(end_ms, excluded.end_ms);
"""

_FOLLOW = f"""
DROP TABLE IF EXISTS temp.waiting;
DROP TABLE IF EXISTS temp.unsettled;

CREATE TEMP TABLE waiting (camera INTEGER PRIMARY KEY, count INTEGER NOT NULL);
INSERT INTO waiting
    SELECT camera, count(*) FROM segment INDEXED BY segment_waiting WHERE upload = {WAITING} GROUP BY camera;

-- Events around which a segment may wait. Long ones are few: for them it costs nothing to be wrong.
CREATE TEMP TABLE unsettled (camera INTEGER, start_ms INTEGER, end_ms INTEGER NOT NULL,
    PRIMARY KEY (camera, start_ms)) WITHOUT ROWID;
INSERT INTO unsettled
    SELECT camera, start_ms, max(end_ms) FROM event
    WHERE end_ms > (SELECT min(start_ms) FROM segment INDEXED BY segment_waiting
        WHERE camera = event.camera AND upload = {WAITING}) - {MARGIN_MS}
    GROUP BY camera, start_ms;

CREATE TEMP TRIGGER IF NOT EXISTS segment_came AFTER INSERT ON main.segment
WHEN new.upload = {WAITING} BEGIN {_ONE_MORE} {_AROUND_NEW} END;
CREATE TEMP TRIGGER IF NOT EXISTS segment_went AFTER DELETE ON main.segment
WHEN old.upload = {WAITING} BEGIN {_ONE_LESS} END;
CREATE TEMP TRIGGER IF NOT EXISTS segment_done AFTER UPDATE OF upload ON main.segment
WHEN old.upload = {WAITING} AND new.upload <> {WAITING} BEGIN {_ONE_LESS} END;
CREATE TEMP TRIGGER IF NOT EXISTS segment_again AFTER UPDATE OF upload ON main.segment
WHEN old.upload <> {WAITING} AND new.upload = {WAITING} BEGIN {_ONE_MORE} {_AROUND_NEW} END;
CREATE TEMP TRIGGER IF NOT EXISTS segment_moved AFTER UPDATE OF start_ms ON main.segment
WHEN new.upload = {WAITING} BEGIN {_AROUND_NEW} END;
CREATE TEMP TRIGGER IF NOT EXISTS event_came AFTER INSERT ON main.event BEGIN {_NEW_EVENT} END;
CREATE TEMP TRIGGER IF NOT EXISTS event_moved AFTER UPDATE OF start_ms, end_ms ON main.event
BEGIN
    DELETE FROM unsettled
        WHERE camera = old.camera AND start_ms = old.start_ms AND start_ms <> new.start_ms;
    {_NEW_EVENT}
END;
CREATE TEMP TRIGGER IF NOT EXISTS event_went AFTER DELETE ON main.event BEGIN
    DELETE FROM unsettled WHERE camera = old.camera AND start_ms = old.start_ms;
END;
"""


def follow(db: sqlite3.Connection) -> None:
    """From now on keep count of what waits. After a repair again: it begins anew."""
    db.execute("PRAGMA temp_store = MEMORY")
    db.executescript(_FOLLOW)


def counts(db: sqlite3.Connection) -> dict[str, int]:
    """How many segments of each camera wait."""
    rows = db.execute("SELECT camera, count FROM temp.waiting WHERE count > 0")
    return {camera_of(camera): count for camera, count in rows}
