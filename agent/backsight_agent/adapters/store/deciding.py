"""Decides where everything undated belongs, in one transaction: from then on nothing can be done by half."""

# ruff: noqa: S608 - only constants of our own are put into these statements

import logging
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter

from backsight_agent.adapters.store.activity import InUse
from backsight_agent.adapters.store.erasing import Erasing, erase_owned
from backsight_agent.adapters.store.events import events_of, note
from backsight_agent.adapters.store.files import Media, part_of
from backsight_agent.adapters.store.heads import Left, left
from backsight_agent.adapters.store.reanchoring import starts_of
from backsight_agent.adapters.store.schema import camera_of, number_of
from backsight_agent.domain.anchoring import (
    MOST_NUDGES,
    TIME_UNKNOWN,
    TOUCH_MS,
    UNKNOWN_BOOT,
    BootSpan,
    BootTime,
    free_shift,
    is_exact,
    meeting,
    packed,
)
from backsight_agent.domain.ledger import Reason
from backsight_agent.ports import Erased
from backsight_shared.event import Event

_EVENT = "camera, start_ms, end_ms, kind, origin, score"
_HAS_RUN = "EXISTS (SELECT 1 FROM run WHERE run.camera = undated.camera AND run.run_ms = undated.run_ms)"
_FORGOTTEN = f"DELETE FROM undated WHERE shift_ms IS NULL AND NOT {_HAS_RUN}"
_COUNT = f"""
SELECT (SELECT count(*) FROM undated WHERE {_HAS_RUN}) + (SELECT count(*) FROM event WHERE boot IS NOT NULL)
"""
_TAKEN = """
SELECT start_ms FROM segment WHERE camera = :camera AND start_ms BETWEEN :from AND :to AND run_ms <> :run
UNION ALL SELECT ms FROM garbage WHERE camera = :camera AND ms BETWEEN :from AND :to
UNION ALL SELECT run_ms FROM run WHERE camera = :camera AND run_ms BETWEEN :from AND :to AND run_ms <> :run
"""
_DATED = (
    "NOT EXISTS (SELECT 1 FROM undated WHERE undated.camera = {0}.camera AND undated.run_ms = {0}.run_ms)"
)
_FOLLOWS = f"""
SELECT min(ms) FROM (
    SELECT start_ms AS ms FROM segment
        WHERE camera = :camera AND start_ms > :start AND start_ms < :end AND {_DATED.format("segment")}
    UNION ALL SELECT run_ms FROM run
        WHERE camera = :camera AND run_ms > :start AND run_ms < :end AND {_DATED.format("run")}
    UNION ALL SELECT run_ms + shift_ms FROM undated
        WHERE camera = :camera AND run_ms <> :run AND run_ms + shift_ms > :start AND run_ms + shift_ms < :end
)
"""
_BEFORE = f"""
SELECT max(end_ms) FROM segment
    WHERE camera = :camera AND end_ms > :start AND end_ms <= :start + :touch AND run_ms <> :run
    AND start_ms < :start AND {_DATED.format("segment")}
"""

_BOOTS_DONE = """
SELECT boot FROM boot WHERE boot NOT IN
    (SELECT boot FROM undated UNION SELECT boot FROM event WHERE boot IS NOT NULL)
"""
_ERASED = "SELECT 1 FROM erased_span WHERE camera = ? AND from_ms < ? AND to_ms > ? LIMIT 1"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Run:
    """An undated run that nothing is decided of yet."""

    camera: int
    run_ms: int
    boot: str
    offset_ms: int


def count_undated(db: sqlite3.Connection) -> int:
    """How many runs and events."""
    return int(db.execute(_COUNT).fetchone()[0])


def boots(db: sqlite3.Connection) -> list[BootSpan]:
    """Those that anything undecided is of, in their order; what is of no known boot comes first."""
    ends: dict[str, int] = {}
    for run in _undecided(db):
        ends[run.boot] = max(_end_ms(db, run) - run.offset_ms, ends.get(run.boot, 0))
    events = db.execute(
        "SELECT boot, max(end_ms - offset_ms) FROM event WHERE boot IS NOT NULL GROUP BY boot"
    )
    for boot, end_ms in events:
        ends[boot] = max(end_ms, ends.get(boot, 0))
    known = {boot: (order, zero) for order, boot, zero in db.execute("SELECT id, boot, zero_ms FROM boot")}
    in_order = sorted(ends, key=lambda boot: known.get(boot, (0, None))[0])
    return [BootSpan(boot, ends[boot], known.get(boot, (0, None))[1]) for boot in in_order]


@dataclass(frozen=True, slots=True)
class Decider:
    """One decision; to be made in one transaction."""

    db: sqlite3.Connection
    media: Media
    found: Mapping[str, BootTime]
    going_on: Collection[tuple[str, int]]  # runs (camera, run_ms) that segments are still to come to
    in_use: InUse
    now_ms: int

    def decide(self) -> dict[str, Left]:
        """For each camera of which something is dated by that alone, what there is of it now."""
        self.db.execute(_FORGOTTEN)
        exact = [(place.zero_ms, boot) for boot, place in self.found.items() if place.exact]
        self.db.executemany("UPDATE boot SET zero_ms = ? WHERE boot = ?", exact)
        gone = self._decide_known()
        self._decide_unknown()
        self._date_events()
        self._forget_boots()
        return {camera: left(self.db, camera, size_bytes) for camera, size_bytes in gone.items()}

    def _forget_boots(self) -> None:
        """Those of which nothing is undated any more; of this one something may be again."""
        known = [boot for (boot,) in self.db.execute(_BOOTS_DONE)]
        self.db.executemany(
            "DELETE FROM boot WHERE boot = ?",
            [(boot,) for boot in known if boot not in self.found or not self.found[boot].exact],
        )

    def _decide_known(self) -> dict[str, int]:
        """Those of boots that have a place; by camera, how many bytes of those that are right were erased."""
        gone: dict[str, int] = {}
        runs = [run for run in _undecided(self.db) if run.boot in self.found]
        firsts = {(run.camera, run.boot): run for run in reversed(runs)}
        for run in firsts.values():
            if not self.found[run.boot].exact:
                self._mark(run)
        for run in reversed(runs):  # each is to meet what follows it
            shift_ms = self.found[run.boot].zero_ms - run.offset_ms
            goes_on = (camera_of(run.camera), run.run_ms) in self.going_on
            if is_exact(shift_ms, goes_on=goes_on):
                camera = camera_of(run.camera)
                gone[camera] = gone.get(camera, 0) + self._date(run).size_bytes
            elif not goes_on:
                self._shift(run, self._between_neighbours(run, shift_ms))
        return gone

    def _between_neighbours(self, run: _Run, shift_ms: int) -> int:
        """The same shift, or one that is some milliseconds off: clocks were read, and slewed, in between."""
        row = {
            "camera": run.camera,
            "run": run.run_ms,
            "start": run.run_ms + shift_ms,
            "end": _end_ms(self.db, run) + shift_ms,
        }
        (follows_ms,) = self.db.execute(_FOLLOWS, row).fetchone()
        (before_ms,) = self.db.execute(_BEFORE, row | {"touch": TOUCH_MS}).fetchone()
        return meeting(shift_ms, (row["start"], row["end"]), before_ms, follows_ms)

    def _decide_unknown(self) -> None:
        """Those of which only the order of their moments is left: as late as possible, before all boots."""
        before_ms = min((place.zero_ms for place in self.found.values()), default=self.now_ms)
        of_none = [run for run in _undecided(self.db) if run.boot == UNKNOWN_BOOT]
        for _, runs in groupby(sorted(of_none, key=attrgetter("camera", "run_ms")), attrgetter("camera")):
            mine = list(runs)
            shifts = packed([(run.run_ms, _end_ms(self.db, run)) for run in mine], before_ms)
            for run, shift_ms in zip(mine, shifts, strict=True):
                self._mark(run)
                self._shift(run, shift_ms)

    def _mark(self, run: _Run) -> None:
        """The owner sees that the stretch before it is of unknown length."""
        sql = "UPDATE run SET after = ? WHERE camera = ? AND run_ms = ?"
        self.db.execute(sql, (TIME_UNKNOWN, run.camera, run.run_ms))

    def _date(self, run: _Run) -> Erased:
        """It is right as it is; what its owner has erased of it goes."""
        self.db.execute("DELETE FROM undated WHERE camera = ? AND run_ms = ?", (run.camera, run.run_ms))
        camera = camera_of(run.camera)
        erasing = Erasing(camera, Reason.OWNER.value, self.now_ms, self.in_use.runs_of(camera))
        return erase_owned(self.db, erasing, run.run_ms)

    def _shift(self, run: _Run, shift_ms: int) -> None:
        free = self._free(run, shift_ms)
        if free is None:
            log.warning("camera %s: run %d finds no place yet", camera_of(run.camera), run.run_ms)
            return
        sql = "UPDATE undated SET shift_ms = ? WHERE camera = ? AND run_ms = ?"
        self.db.execute(sql, (free, run.camera, run.run_ms))

    def _free(self, run: _Run, shift_ms: int) -> int | None:
        """A shift that brings no file to a place where one is or will be."""
        starts = [run.run_ms, *starts_of(self.db, run.camera, run.run_ms)]
        span = {"from": starts[0] + shift_ms, "to": starts[-1] + shift_ms + MOST_NUDGES}
        row = span | {"camera": run.camera, "run": run.run_ms}
        taken = {ms for (ms,) in self.db.execute(_TAKEN, row)}
        own = set(starts)
        while (free := free_shift(starts, shift_ms, frozenset(taken))) is not None:
            strange = {start + free for start in starts if self._is_strange(run, start + free, own)}
            if not strange:
                return free
            taken |= strange
        return None

    def _is_strange(self, run: _Run, moment_ms: int, own: Collection[int]) -> bool:
        """Whether there is a file that no row knows (yet)."""
        if moment_ms in own:
            return False
        path = self.media.segment(camera_of(run.camera), moment_ms)
        return any(place.exists() or part_of(place).exists() for place in self.media.everywhere(path))

    def _date_events(self) -> None:
        rows = self.db.execute(
            f"SELECT boot, offset_ms, sent, {_EVENT} FROM event WHERE boot IS NOT NULL"
        ).fetchall()
        rows = [row for row in rows if row[0] in self.found]
        moved: list[Event] = []
        for boot, offset_ms, _, *row in rows:
            shift_ms, key = self.found[boot].zero_ms - offset_ms, (row[0], row[1], row[3], row[4])
            where = "WHERE camera = ? AND start_ms = ? AND kind = ? AND origin = ?"
            if is_exact(shift_ms):
                self.db.execute(f"UPDATE event SET boot = NULL, offset_ms = NULL {where}", key)
            else:
                self.db.execute(f"DELETE FROM event {where}", key)
                (event,) = events_of([row])
                moved.append(
                    replace(event, start_ms=event.start_ms + shift_ms, end_ms=event.end_ms + shift_ms)
                )
        for event in moved:
            span = (number_of(event.camera), event.end_ms, event.start_ms)
            if self.db.execute(_ERASED, span).fetchone() is None:
                note(self.db, event)


def _undecided(db: sqlite3.Connection) -> Sequence[_Run]:
    """In the order in which they were, boot by boot."""
    sql = """SELECT camera, run_ms, undated.boot, offset_ms FROM undated LEFT JOIN boot USING (boot)
        WHERE shift_ms IS NULL ORDER BY coalesce(boot.id, 0), run_ms - offset_ms"""
    return [_Run(*row) for row in db.execute(sql).fetchall()]


def _end_ms(db: sqlite3.Connection, run: _Run) -> int:
    """Where a run ends; an empty one where it begins."""
    starts = starts_of(db, run.camera, run.run_ms)
    if not starts:
        return run.run_ms
    sql = "SELECT end_ms FROM segment WHERE camera = ? AND start_ms = ?"
    return int(db.execute(sql, (run.camera, starts[-1])).fetchone()[0])
