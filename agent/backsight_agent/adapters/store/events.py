"""What was noticed at the cameras: kept with the history, erased with it, sent to the cloud."""

import asyncio
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from backsight_agent.adapters.store.schema import EVENTS_SINCE, UNDATED_SINCE, camera_of, number_of
from backsight_agent.adapters.store.threads import Index
from backsight_agent.adapters.store.undated import note_boot
from backsight_agent.domain.anchoring import Undated
from backsight_shared.event import LONGEST_EVENT_MS, Event, EventKind, Origin

_COLUMNS = "camera, start_ms, end_ms, kind, origin, score"

_NOTE = """
INSERT INTO event (camera, start_ms, end_ms, kind, origin, score, boot, offset_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (camera, start_ms, kind, origin) DO UPDATE SET
    end_ms = excluded.end_ms, score = max(score, excluded.score), sent = 0
WHERE excluded.end_ms > end_ms
"""

# An event is an hour long at most: none that begins earlier can reach into the span. The horizon says nothing
# of moments that are not true.
_BETWEEN = f"""
SELECT {_COLUMNS} FROM event
WHERE camera = :camera AND start_ms >= :from - {LONGEST_EVENT_MS} AND start_ms < :to
    AND (end_ms > :after {{}})
ORDER BY start_ms, kind, origin
"""  # noqa: S608 - only constants of our own

_ERASED = "SELECT 1 FROM erased_span WHERE camera = ? AND from_ms < ? AND to_ms > ? LIMIT 1"

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
    undated = "OR boot IS NOT NULL AND end_ms > :from" if version >= UNDATED_SINCE else ""
    row = {"camera": number_of(camera), "from": from_ms, "to": to_ms, "after": after}
    return events_of(db.execute(_BETWEEN.format(undated), row))


def note(db: sqlite3.Connection, event: Event, undated: Undated | None = None) -> None:
    """The row of an event, new or renewed; none of a time that its owner has erased, though it goes on."""
    span = (number_of(event.camera), event.end_ms, event.start_ms)
    if undated is None and db.execute(_ERASED, span).fetchone():
        return
    row = (number_of(event.camera), event.start_ms, event.end_ms, event.kind, event.origin, event.score)
    if undated is not None:
        note_boot(db, undated.boot)
    db.execute(_NOTE, (*row, *((undated.boot, undated.offset_ms) if undated else (None, None))))


class StoredEvents:
    """Implements the port EventLog."""

    def __init__(self, index: Index, added: asyncio.Event) -> None:
        self._index = index
        self._added = added

    @property
    def added(self) -> asyncio.Event:
        """Set when something is to be sent to the cloud."""
        return self._added

    async def note(self, event: Event, undated: Undated | None = None) -> None:
        """Keep an event durably, or renew it; it is to be sent (again)."""
        await self._index.change(lambda db: note(db, event, undated))
        self._added.set()

    async def unsent(self, cameras: Sequence[str], limit: int) -> Sequence[Event]:
        """The oldest events of these cameras that the cloud does not have as they are now."""
        if not cameras:
            return []
        these = ", ".join("?" * len(cameras))
        sql = (
            f"SELECT {_COLUMNS} FROM event INDEXED BY event_unsent"  # noqa: S608 - question marks of our own
            f" WHERE sent = 0 AND boot IS NULL AND camera IN ({these}) ORDER BY start_ms LIMIT ?"
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


def events_of(rows: Iterable[Sequence[Any]]) -> list[Event]:
    """Rows of _COLUMNS."""
    return [
        Event(camera_of(camera), start_ms, end_ms, EventKind(kind), Origin(origin), score)
        for camera, start_ms, end_ms, kind, origin, score in rows
    ]
