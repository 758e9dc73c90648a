"""Judges a hub's folder against what the hub had promised, knowing nothing of the store but files and tables.

Called when no process has the folder open and recovery is done: then rows and files must agree exactly.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from zlib import crc32

from faulting.film_source import CYCLE
from faulting.findings import Findings
from faulting.left import HubIndex, Line, Row, begins_with, files_below, hub_index, wrong_frames
from faulting.rule import Steps, horizon_ms, leaves_ms
from faulting.told import MADE_MS, LifeTold, Piece, Place, Told, reaches_into

LATE_MS = 11_000  # a segment and a second: what may be kept past its window, files included
DOUBT_MS = 60_000  # a clock that is off by more must not delete
LEARNS_MS = (
    120_000  # from a clock's being set right to its being believed, what it dated moved, and the next look
)
OFF_MS = 2_000  # how far a segment's moment may be from when its frames were taken
LIFTED = (
    "disk_full",
)  # reasons by which footage may leave inside its window; the owner's are promised spans


def nobody_held_up(from_ms: int, to_ms: int) -> int:
    """A machine that never stalls."""
    return 0


@dataclass(frozen=True, slots=True)
class Measures:
    """What is too much. More where a second of the machine is many of the hub's."""

    late_ms: int = LATE_MS
    off_ms: int = OFF_MS
    held_up_ms: Callable[[int, int], int] = (
        nobody_held_up  # how long the machine itself did, between two moments
    )
    fragments_promised: bool = True  # not after a power cut: they are not synced
    holes: bool = False  # whether a power cut may leave holes in what was not synced


@dataclass
class HubChecker:
    """One hub's judge over a whole campaign."""

    folder: Path
    cameras: Mapping[str, int]  # painted numbers
    windows: Mapping[str, Steps]
    base_ms: int
    findings: Findings
    measures: Measures = Measures()
    decoded: dict[Place, int] = field(
        default_factory=dict
    )  # whose pictures are known to be right, by checksum
    gone: Counter[str] = field(default_factory=Counter)  # segments that left, by camera
    judged: int = 0  # lives whose log was judged already
    erased: dict[str, int] = field(default_factory=dict)  # by camera: the horizon that those acted upon
    known_at: dict[Place, int] = field(default_factory=dict)  # since when a segment is known to have its row

    def check(self, told: Told, plan: str) -> None:
        """Everything that can be said at this moment."""
        self._plan = plan
        index, media = hub_index(self.folder / "agent.db"), self.folder / "media"
        files = {path: path.stat().st_size for path in files_below(media)}
        self._rows_and_files(index, files)
        for life in told.lives[self.judged :]:
            self._deletions(life, told, index)
        self._told(index, told)
        self._ledger(index)
        self._nothing_came_back(index, told)
        self._nothing_overlaps(index)
        self.judged = len(told.lives)

    def _broken(self, promise: str, what: str) -> None:
        self.findings.breaks(promise, what, self._plan)

    # ------------------------------------------------------------ rows and files

    def _rows_and_files(self, index: HubIndex, files: Mapping[Path, int]) -> None:
        named = {
            (path.relative_to(self.folder / "media").parts[0], int(path.stem)): path
            for path in files
            if path.suffix == ".m4s"
        }
        for place, row in index.rows.items():
            size = files[named[place]] if place in named else None
            if size != row.size_bytes:
                self._broken("rows without files", f"{place}: its file has {size} of {row.size_bytes} bytes")
        for place in set(named) - set(index.rows):
            self._broken("files without rows", f"{place}")
        for path in files:
            if path.name.endswith((".m4s.part", ".mp4.part")):
                self._broken("files without rows", f"{path.name} is unfinished still")
        self._inits(index, {(path.parts[-3], int(path.stem)) for path in files if path.parts[-2] == "runs"})
        self._files = named

    def _inits(self, index: HubIndex, inits: set[Place]) -> None:
        used = {(row.camera, row.run_ms) for row in index.rows.values()}
        for run in used - inits:
            self._broken("rows without files", f"init of run {run}")
        for run in inits - index.runs:
            self._broken("files without rows", f"init of run {run}")

    # ------------------------------------------------------------ what was promised

    def _told(self, index: HubIndex, told: Told) -> None:
        """Each promised segment, where it is now; and what nobody promised."""
        moved = self._moved(index, told)
        for key, piece in list(told.pieces.items()):
            if self._piece(piece, self._row_of(piece, index) or moved.get(key), index.ledger, told):
                del told.pieces[key]
        known = {(row.camera, row.start_ms) for row in moved.values()} | set(told.pieces)
        for place in set(index.rows) - known:
            self._unpromised(index.rows[place])

    def _row_of(self, piece: Piece, index: HubIndex) -> Row | None:
        """At its own place. In 1970 another may have come to it since."""
        row = index.rows.get(piece.place)
        if row is None or not piece.is_undated or piece.place not in self._files:
            return row
        last, content = piece.fragments[-1], self._files[piece.place].read_bytes()
        return row if begins_with(content, last.size, last.sum) else None

    def _moved(self, index: HubIndex, told: Told) -> dict[Place, Row]:
        """Where that is now which is not at its place: recorded in doubt and dated since; by its content."""
        missing = {key: piece for key, piece in told.pieces.items() if self._row_of(piece, index) is None}
        loose = [
            row for place, row in index.rows.items() if place not in told.pieces and place in self._files
        ]
        contents = {row: self._files[row.camera, row.start_ms].read_bytes() for row in loose if missing}
        found: dict[Place, Row] = {}
        for key, piece in missing.items():
            last = piece.fragments[-1]
            for row, content in contents.items():
                if row.camera == piece.place[0] and begins_with(content, last.size, last.sum):
                    found[key] = row
                    self.findings.add("segments found under another date")
                    break
        return found

    def _piece(self, piece: Piece, row: Row | None, ledger: list[Line], told: Told) -> bool:
        """Whether it is settled: it has left, as it had to."""
        promised = piece.end_ms is not None or self.measures.fragments_promised
        if row is not None:
            self._content(piece, row)
        elif self._may_have_left(piece, ledger, told):
            self.gone[piece.place[0]] += promised
            return True
        elif piece.end_ms is not None:
            self._broken("finished segments lost", f"{piece.place}, life {piece.life}")
        elif promised:
            what = f"all {len(piece.fragments)} of {piece.place}, life {piece.life}"
            self._broken("fragments lost beyond the one being written", what)
        return False

    def _end_ms(self, piece: Piece) -> int:
        """Where it ends at the earliest, in truth."""
        if not piece.is_undated:
            return piece.least_end_ms
        first, count = piece.frames
        return self.base_ms + (first + count) * 1000 // 15

    def _may_have_left(self, piece: Piece, ledger: list[Line], told: Told) -> bool:
        """By the furthest horizon that the hub acted upon (judged by itself), or as the ledger says."""
        camera, _ = piece.place
        if self._end_ms(piece) <= told.asked_to_erase(camera) + OFF_MS * piece.is_undated:
            return True
        if self._owner_erased(piece, told):
            return True
        return _lifted(piece.place, ledger)

    def _owner_erased(self, piece: Piece, told: Told) -> bool:
        """Whether its owner wanted some of it erased, by the time that it shows or by the true one."""
        camera, start_ms = piece.place
        if reaches_into(told.asked_spans, camera, start_ms, piece.least_end_ms):
            return True
        first, _ = piece.frames
        began_ms = self.base_ms + first * 1000 // 15
        return piece.is_undated and reaches_into(
            told.asked_spans, camera, began_ms - OFF_MS, self._end_ms(piece) + OFF_MS
        )

    def _content(self, piece: Piece, row: Row) -> None:
        path = self._files.get((row.camera, row.start_ms))
        if path is None:
            return
        segment, last = path.read_bytes(), piece.fragments[-1]
        promised = piece.end_ms is not None or self.measures.fragments_promised
        if promised and not begins_with(segment, last.size, last.sum):
            is_whole = piece.end_ms is not None
            promise = "finished segments lost" if is_whole else "fragments lost beyond the one being written"
            self._broken(promise, f"{piece.place}, life {piece.life}: its bytes differ")
            return
        first, count = piece.frames
        self._pictures(row, segment, first, count if promised else 0, promised=promised)
        self._dated(piece, row, first, count)

    def _unpromised(self, row: Row) -> None:
        """What reached the disk and was found again, though nobody had said so yet."""
        path = self._files.get((row.camera, row.start_ms))
        if path is not None:
            self._pictures(row, path.read_bytes(), None, 1, promised=False)

    def _pictures(self, row: Row, segment: bytes, first: int | None, count: int, *, promised: bool) -> None:
        place, checksum = (row.camera, row.start_ms), crc32(segment)
        init = self.folder / "media" / row.camera / "runs" / f"{row.run_ms}.mp4"
        if self.decoded.get(place) == checksum or not init.exists():
            return  # known, or said already
        painted = self.cameras[row.camera]
        found, wrong = wrong_frames(init.read_bytes(), segment, painted, first, count, CYCLE)
        if wrong and self.measures.holes and not promised:
            self.findings.add("damaged fragments taken for whole")
        elif wrong:
            self._broken("frames missing inside segments", f"{row}: {wrong}")
        self.findings.add("frames read back", found)
        self.decoded[place] = checksum

    def _dated(self, piece: Piece, row: Row, first: int, count: int) -> None:
        off_ms = row.start_ms - (self.base_ms + first * 1000 / 15)
        if row.start_ms < MADE_MS or (off_ms > 0 and row.start_ms != piece.place[1]):
            off_ms = (
                0.0  # not dated yet; or of a boot that ended before the time was known: as late as can be
            )
        if abs(off_ms) > self.measures.off_ms + piece.late_ms:
            self._broken("segments at the wrong moment", f"{row} is {off_ms:+.0f} ms from when it was taken")
        if piece.end_ms is not None and abs(row.end_ms - row.start_ms - count * 1000 / 15) > 2 + count // 15:
            self._broken("segments at the wrong moment", f"{row} shows {count} frames")

    # ------------------------------------------------------------ deletions

    def _ledger(self, index: HubIndex) -> None:
        for camera, count in self.gone.items():
            accounted = sum(line.count for line in index.ledger if line.camera == camera)
            if accounted < count:
                what = f"{camera}: {count} gone, {accounted} in the ledger"
                self._broken("segments gone that the ledger does not account for", what)

    def _nothing_came_back(self, index: HubIndex, told: Told) -> None:
        """What had its row when all until beyond its end was erased. What was found only later had none."""
        for place, row in index.rows.items():
            if (row.camera, row.run_ms) in index.undated:
                continue
            if reaches_into(told.erased_spans, row.camera, row.start_ms, row.end_ms):
                self._broken("reappeared segments", f"{row}, erased by its owner")
            piece = told.pieces.get(place)
            finished_at = piece.finished_at if piece and piece.end_ms is not None else told.at
            known_at = self.known_at.setdefault(place, finished_at)
            if told.erased_since(row.camera, known_at) >= row.end_ms:
                self._broken("reappeared segments", f"{row}, erased after {known_at}")
        for place in set(self.known_at) - set(index.rows):
            del self.known_at[place]

    def _nothing_overlaps(self, index: HubIndex) -> None:
        """Each moment of a camera is in one segment at the most; what is not dated yet may lie anywhere."""
        dated = [row for row in index.rows.values() if (row.camera, row.run_ms) not in index.undated]
        rows = sorted(dated, key=lambda row: (row.camera, row.start_ms))
        for before, after in pairwise(rows):
            if before.camera == after.camera and after.start_ms < before.end_ms:
                self._broken("segments that overlap", f"{before} and {after}")

    def _deletions(self, life: LifeTold, told: Told, index: HubIndex) -> None:
        """Whether a life deleted nothing too soon, and left nothing too late."""
        self.findings.add("segments finished", life.finished)
        self.findings.add("fragments written", life.fragments)
        self.findings.add("deletions", len(life.erasing))
        self.findings.add("kills at a named step", bool(life.died_at_step))
        for at_ms, camera, limit, now_ms in life.erasing:
            if abs(now_ms - at_ms) > DOUBT_MS:
                self._broken("early deletions", f"{camera}: by a clock that showed {now_ms} at {at_ms}")
            if limit > (own := horizon_ms(self.windows[camera], now_ms)):
                what = f"{camera}: up to {limit} at {now_ms}; the window reaches to {own}"
                self._broken("early deletions", what)
        if life.opened_at is not None:
            for piece in told.pieces.values():
                row = index.rows.get(piece.place)
                in_doubt = row is not None and (row.camera, row.run_ms) in index.undated
                if self._owner_erased(piece, told):
                    continue
                if not in_doubt and (row is not None or not _lifted(piece.place, index.ledger)):
                    self._left_in_time(piece, life, life.opened_at)
        for _, camera, limit in life.erased:
            self.erased[camera] = max(limit, self.erased.get(camera, -1))

    def _left_in_time(self, piece: Piece, life: LifeTold, opened_at: int) -> None:
        camera, end_ms = piece.place[0], piece.least_end_ms
        if piece.is_undated:
            return  # it leaves only after it was dated, some time after
        is_whole = piece.life < life.number or (piece.life == life.number and piece.end_ms is not None)
        is_promised = piece.end_ms is not None or self.measures.fragments_promised
        if not (is_whole and is_promised) or end_ms <= self.erased.get(camera, -1):
            return
        began_ms = opened_at if life.knows_at <= opened_at else life.knows_at + LEARNS_MS
        from_ms = max(leaves_ms(self.windows[camera], end_ms), began_ms, piece.finished_at)
        erased = [at for at, one, limit in life.erased if one == camera and limit >= end_ms]
        swept = [at for at, left in life.swept if left == 0 and erased and at >= erased[0]]
        gone_ms = swept[0] if swept else life.last_at
        late_ms = gone_ms - from_ms - self.measures.held_up_ms(from_ms, gone_ms)
        if late_ms > self.measures.late_ms:
            self._broken("late deletions", f"{piece.place}: {late_ms} ms late in life {life.number}")
        self.findings.most("latest deletion, ms past its moment", late_ms if swept else 0)


def _lifted(place: Place, ledger: list[Line]) -> bool:
    """Whether the ledger says that it left inside its window, for a reason for which it may."""
    camera, start_ms = place
    return any(
        line.camera == camera and line.reason in LIFTED and line.from_ms <= start_ms < line.to_ms
        for line in ledger
    )
