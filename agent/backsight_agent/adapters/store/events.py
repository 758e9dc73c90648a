"""What was noticed at the cameras: kept with the history, erased with it, sent to the cloud."""

import asyncio
import sqlite3
from collections.abc import Sequence

from backsight_agent.adapters.store.schema import EVENTS_SINCE, camera_of, number_of
from backsight_agent.adapters.store.threads import Index
from backsight_shared.event import LONGEST_EVENT_MS, Event, EventKind, Origin

_COLUMNS = "camera, start_ms, end_ms, kind, origin, score"

_NOTE = """
INSERT INTO event (camera, start_ms, end_ms, kind, origin, score) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (camera, start_ms, kind, origin) DO UPDATE SET
    end_ms = excluded.end_ms, score = max(score, excluded.score), sent = 0
WHERE excluded.end_ms > end_ms
"""

# An event is an hour long at most: none that begins earlier can reach into the span.
_BETWEEN = f"""
SELECT {_COLUMNS} FROM event
WHERE camera = ? AND start_ms >= ? - {LONGEST_EVENT_MS} AND start_ms < ? AND end_ms > ?
ORDER BY start_ms, kind, origin
"""  # noqa: S608 - only constants of our own

_SENT = """
UPDATE event SET sent = 1
WHERE camera = ? AND start_ms = ? AND kind = ? AND origin = ? AND end_ms = ? AND score = ?
"""


def read_events(
    db: sqlite3.Connection, camera: str, from_ms: int, to_ms: int, horizon_ms: int | None
) -> list[Event]:
    """Events that overlap the span and end after the horizon, in order of start."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version < EVENTS_SINCE:
        return []  # only read, not yet opened by this version's agent
    after = from_ms if horizon_ms is None else max(from_ms, horizon_ms)
    return events_of(db.execute(_BETWEEN, (number_of(camera), from_ms, to_ms, after)))


class StoredEvents:
    """Implements the port EventLog."""

    def __init__(self, index: Index, added: asyncio.Event) -> None:
        self._index = index
        self._added = added

    @property
    def added(self) -> asyncio.Event:
        """Set when something is to be sent to the cloud."""
        return self._added

    async def note(self, event: Event) -> None:
        """Keep an event durably, or renew it; it is to be sent (again)."""
        row = (number_of(event.camera), event.start_ms, event.end_ms, event.kind, event.origin, event.score)
        await self._index.change(lambda db: db.execute(_NOTE, row))
        self._added.set()

    async def unsent(self, cameras: Sequence[str], limit: int) -> Sequence[Event]:
        """The oldest events of these cameras that the cloud does not have as they are now."""
        if not cameras:
            return []
        these = ", ".join("?" * len(cameras))
        sql = (
            f"SELECT {_COLUMNS} FROM event INDEXED BY event_unsent"  # noqa: S608 - question marks of our own
            f" WHERE sent = 0 AND camera IN ({these}) ORDER BY start_ms LIMIT ?"
        )
        values = (*map(number_of, cameras), limit)
        return await self._index.read(lambda db: events_of(db.execute(sql, values)))

    async def mark_sent(self, events: Sequence[Event]) -> None:
        """The cloud has them; one that was renewed meanwhile stays unsent."""
        rows = [
            (number_of(one.camera), one.start_ms, one.kind, one.origin, one.end_ms, one.score)
            for one in events
        ]
        await self._index.change(lambda db: db.executemany(_SENT, rows))


def events_of(rows: sqlite3.Cursor) -> list[Event]:
    """Rows of _COLUMNS."""
    return [
        Event(camera_of(camera), start_ms, end_ms, EventKind(kind), Origin(origin), score)
        for camera, start_ms, end_ms, kind, origin, score in rows
    ]
