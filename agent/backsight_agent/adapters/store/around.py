"""Finds what waits for the cloud and shows an event: of the newest events first, or of the oldest.

It walks over the events of which something may still wait (`waiting.py`) and strikes off those of which
nothing does: each event is looked at in vain once, however many there are.
"""

# ruff: noqa: S608 - only constants of our own are put into these statements

import sqlite3
from dataclasses import dataclass, field

from backsight_agent.adapters.store.schema import SEGMENT_COLUMNS, WAITING
from backsight_agent.adapters.store.waiting import MARGIN_MS

Row = tuple[int, int, int, int, int, int]  # of SEGMENT_COLUMNS

_EVENTS_AT_A_TIME = 500  # others want the index too

_SHOWING = f"""
SELECT {SEGMENT_COLUMNS} FROM segment INDEXED BY segment_waiting
WHERE camera = :camera AND upload = {WAITING} AND start_ms > :begin - {MARGIN_MS} AND start_ms < :end
    AND end_ms > :begin
ORDER BY start_ms LIMIT :limit
"""


@dataclass(slots=True)
class Walk:
    """One walk over a camera's events; `step` it until it has `ended`."""

    camera: int
    pre_ms: int
    post_ms: int
    limit: int
    newest_first: bool
    ended: bool = False
    _found: dict[int, Row] = field(default_factory=dict)  # by start
    _beyond: int | None = None  # the last event's moment

    def step(self, db: sqlite3.Connection) -> None:
        """Look at a number of events."""
        undated = {
            run for (run,) in db.execute("SELECT run_ms FROM undated WHERE camera = ?", (self.camera,))
        }
        events = self._next_events(db)
        settled = []
        for start_ms, end_ms in events:
            rows = self._showing(db, start_ms, end_ms)
            if not rows:
                settled.append((self.camera, start_ms))
            self._found |= {
                row[1]: row for row in rows if row[3] not in undated and row[1] not in self._found
            }
            if len(self._found) >= self.limit:
                break
        db.executemany("DELETE FROM temp.unsettled WHERE camera = ? AND start_ms = ?", settled)
        self._beyond = events[-1][0] if events else None
        self.ended = len(events) < _EVENTS_AT_A_TIME or len(self._found) >= self.limit

    @property
    def rows(self) -> list[Row]:
        """What was found: event by event, of each in order."""
        return list(self._found.values())[: self.limit]

    def _next_events(self, db: sqlite3.Connection) -> list[tuple[int, int]]:
        beyond, order = ("<", "DESC") if self.newest_first else (">", "ASC")
        further = f"AND start_ms {beyond} :beyond" if self._beyond is not None else ""
        return db.execute(
            f"SELECT start_ms, end_ms FROM temp.unsettled WHERE camera = :camera {further}"
            f" ORDER BY start_ms {order} LIMIT {_EVENTS_AT_A_TIME}",
            {"camera": self.camera, "beyond": self._beyond},
        ).fetchall()

    def _showing(self, db: sqlite3.Connection, start_ms: int, end_ms: int) -> list[Row]:
        wanted = {"camera": self.camera, "begin": start_ms - self.pre_ms, "end": end_ms + self.post_ms}
        return db.execute(_SHOWING, wanted | {"limit": self.limit}).fetchall()
