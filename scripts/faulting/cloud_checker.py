"""Judges a cloud's folder against what it had told its hub: *uploaded* means stored and indexed, once.

Called when the cloud is dead, as it lies there. Knows nothing of the cloud but its files and tables.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from zlib import crc32

from faulting.checker import Measures
from faulting.findings import Findings
from faulting.left import Row, begins_with, files_below
from faulting.rule import Steps, horizon_ms, leaves_ms
from faulting.told import Piece, Place

MISSING = "uploaded segments missing in the cloud"


@dataclass(frozen=True, slots=True)
class CloudIndex:
    """What `cloud.db` says."""

    rows: dict[Place, Row]
    runs: set[Place]
    pending: set[str]  # keys of objects that are placed or garbage


@dataclass
class CloudChecker:
    """One cloud's judge over a whole campaign."""

    folder: Path
    account: str
    windows: Mapping[str, Steps]
    findings: Findings
    measures: Measures
    compared: dict[Place, int] = field(default_factory=dict)  # whose bytes are known to be the hub's

    def check(
        self,
        stored: Mapping[Place, int],
        pieces: Mapping[Place, Piece],
        now_ms: int,
        up_since_ms: int | None,
        plan: str,
    ) -> set[Place]:
        """Everything that can be said at this moment; what of the stored has rightly left.

        `stored` are segments that must be there until their window has passed their end; `up_since_ms` is
        when the life that died had begun, None where nobody could have pruned.
        """
        self._plan = plan
        index, root = _read(self.folder / "cloud.db"), self.folder / "media"
        files = {str(path.relative_to(root)): path for path in files_below(root)}
        self._rows_and_files(index, {key: path for key, path in files.items() if not key.startswith(".")})
        for place in index.rows:
            self._compare(place, pieces.get(place))
        self._once(index)
        if up_since_ms is not None:
            self._in_time(index, now_ms, up_since_ms)
        left = set()
        for place, end_ms in stored.items():
            if place not in index.rows and end_ms <= horizon_ms(self.windows[place[0]], now_ms):
                left.add(place)
            elif place not in index.rows:
                self._broken(MISSING, f"{place}, which ends at {end_ms}")
        return left

    def _in_time(self, index: CloudIndex, now_ms: int, up_since_ms: int) -> None:
        for row in index.rows.values():
            due_ms = max(leaves_ms(self.windows[row.camera], row.end_ms), up_since_ms)
            late_ms = now_ms - due_ms - self.measures.held_up_ms(due_ms, now_ms)
            if late_ms > self.measures.late_ms:
                self._broken("late deletions", f"cloud: {row} is there {late_ms} ms past its moment")

    def _broken(self, promise: str, what: str) -> None:
        self.findings.breaks(promise, what, self._plan)

    def _rows_and_files(self, index: CloudIndex, files: Mapping[str, Path]) -> None:
        keys = {_place_of(key): key for key in files if key.endswith(".m4s")}
        for place, row in index.rows.items():
            size = files[keys[place]].stat().st_size if place in keys else None
            if size != row.size_bytes:
                self._broken("rows without files", f"cloud: {row}: its object has {size} bytes")
            init = f"{self.account}/{row.camera}/runs/{row.run_ms}.mp4"
            if init not in files:
                self._broken("rows without files", f"cloud: init of {row}")
        self._files = {place: files[key] for place, key in keys.items()}
        for place, key in keys.items():
            if place not in index.rows and key not in index.pending:
                self._broken("files without rows", f"cloud: {key}")
        for key in files:
            if key.endswith(".mp4") and _place_of(key) not in index.runs and key not in index.pending:
                self._broken("files without rows", f"cloud: {key}")

    def _compare(self, place: Place, piece: Piece | None) -> None:
        path = self._files.get(place)
        if piece is None or path is None:
            return
        last, segment = piece.fragments[-1], path.read_bytes()
        if self.compared.get(place) == (checksum := crc32(segment)):
            return
        if not begins_with(segment, last.size, last.sum):
            self._broken(MISSING, f"{place}: its bytes are not the hub's")
        self.compared[place] = checksum
        self.findings.add("segments compared in the cloud")

    def _once(self, index: CloudIndex) -> None:
        for camera in self.windows:
            rows = sorted((r for r in index.rows.values() if r.camera == camera), key=lambda r: r.start_ms)
            for before, after in pairwise(rows):
                if after.start_ms < before.end_ms:
                    self._broken("segments that overlap", f"cloud: {before} and {after}")


def _read(database: Path) -> CloudIndex:
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT camera, start_ms, end_ms, run_ms, sequence, size_bytes FROM segment")
        found = {(row[0], row[1]): Row(*row) for row in rows}
        runs = set(db.execute("SELECT camera, run_ms FROM run"))
        pending = {key for (key,) in db.execute("SELECT key FROM placed UNION SELECT key FROM garbage")}
        return CloudIndex(found, runs, pending)


def _place_of(key: str) -> Place:
    """Camera and moment of an object's name."""
    parts = key.split("/")
    return parts[1], int(parts[-1].split(".")[0])
