"""Reads promise logs back: what a hub had promised when it died. Shares no code with what wrote them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Place = tuple[str, int]  # camera, start_ms
Span = tuple[str, int, int]  # camera, from_ms, to_ms
WORDS = {
    *("begins", "opened", "dies", "step", "trouble", "fragment", "finished"),
    *("erasing", "erased", "swept", "uploaded", "refused", "stored", "owner_erasing", "owner_erased"),
}
MADE_MS = 1_767_225_600_000  # 2026: a moment before that was shown by a clock that nobody had set


@dataclass(frozen=True, slots=True)
class Written:
    """A fragment that `append` acknowledged: its frames, and sum and size of all fragments up to it."""

    first: int
    count: int
    sum: int
    size: int


@dataclass(slots=True)
class Piece:
    """A segment as far as it was promised."""

    place: Place  # where it was when it was promised: of an undated one, not for ever
    life: int
    fragments: list[Written] = field(default_factory=list)
    end_ms: int | None = None  # promised as finished
    run_ms: int = 0
    finished_at: int = 0
    late_ms: int = 0  # how late its frames may have come to the hub

    @property
    def is_undated(self) -> bool:
        """Recorded before the time was known."""
        return self.place[1] < MADE_MS

    @property
    def frames(self) -> tuple[int, int]:
        """The first frame and how many follow it, itself included."""
        return self.fragments[0].first, sum(one.count for one in self.fragments)

    @property
    def least_end_ms(self) -> int:
        """Where it ends at the earliest: as promised, or by its acknowledged fragments (15 frames/s)."""
        if self.end_ms is not None:
            return self.end_ms
        return self.place[1] + sum(one.count for one in self.fragments) * 1000 // 15


@dataclass(slots=True)
class LifeTold:
    """One life, from its first line to its last."""

    number: int
    opened_at: int | None = None
    knows_at: int = 0  # since when its clock is right
    last_at: int = 0
    late_ms: int = 0  # how late the machine was with frames, at the most
    finished: int = 0
    fragments: int = 0
    died_at_step: str = ""
    erasing: list[tuple[int, str, int, int]] = field(default_factory=list)  # at, camera, horizon, hub's clock
    erased: list[tuple[int, str, int]] = field(default_factory=list)
    swept: list[tuple[int, int]] = field(default_factory=list)  # at, files left


@dataclass
class Told:
    """Everything that was said so far, over all lives."""

    pieces: dict[Place, Piece] = field(default_factory=dict)
    asked_spans: list[Span] = field(default_factory=list)  # that the owner wanted erased
    erased_spans: list[Span] = field(default_factory=list)  # and that the store said were
    lives: list[LifeTold] = field(default_factory=list)
    uploaded: set[Place] = field(default_factory=set)
    stored: dict[Place, int] = field(default_factory=dict)  # by the cloud's own word; where each ends
    refused: dict[Place, str] = field(default_factory=dict)
    steps: set[str] = field(default_factory=set)
    troubles: list[str] = field(default_factory=list)
    at: int = 0  # the moment of the newest line

    def hear(self, lines: Iterable[str]) -> None:
        """Take lines in, in their order."""
        for line in lines:
            said = json.loads(line)
            self.at = said["at"]
            self._life(said["life"]).last_at = said["at"]
            if said["word"] in WORDS:
                getattr(self, f"_{said['word']}")(said)

    def asked_to_erase(self, camera: str) -> int:
        """The furthest horizon that the hub began to act upon."""
        return _furthest(camera, ([one[:3] for one in life.erasing] for life in self.lives))

    def erased_since(self, camera: str, moment_ms: int) -> int:
        """The furthest horizon that the store said was acted upon after a moment."""
        since = [[one for one in life.erased if one[0] > moment_ms] for life in self.lives]
        return _furthest(camera, since)

    def _life(self, number: int) -> LifeTold:
        if not self.lives or self.lives[-1].number != number:
            self.lives.append(LifeTold(number))
        return self.lives[-1]

    def _key(self, said: Mapping[str, Any]) -> Place:
        """As the place; but two boots may both record at the same moment of 1970."""
        start_ms = said["start_ms"]
        return said["camera"], start_ms if start_ms >= MADE_MS else -(said["life"] << 44) - start_ms

    def _fragment(self, said: Mapping[str, Any]) -> None:
        place, key = (said["camera"], said["start_ms"]), self._key(said)
        piece = self.pieces.get(key)
        if piece is None or piece.life != said["life"]:
            piece = self.pieces[key] = Piece(place, said["life"])
        life = self.lives[-1]
        life.fragments, life.late_ms = life.fragments + 1, max(life.late_ms, said["late_ms"])
        piece.late_ms = life.late_ms
        piece.fragments.append(Written(said["first"], said["count"], said["sum"], said["size"]))

    def _finished(self, said: Mapping[str, Any]) -> None:
        piece = self.pieces[self._key(said)]
        self.lives[-1].finished += 1
        piece.end_ms, piece.run_ms, piece.finished_at = said["end_ms"], said["run_ms"], said["at"]

    def _begins(self, said: Mapping[str, Any]) -> None:
        self.lives[-1].knows_at = said.get("knows_at", said["at"])

    def _opened(self, said: Mapping[str, Any]) -> None:
        self.lives[-1].opened_at = said["at"]

    def _dies(self, said: Mapping[str, Any]) -> None:
        self.lives[-1].died_at_step = said["name"]

    def _erasing(self, said: Mapping[str, Any]) -> None:
        now = (said["at"], said["camera"], said["horizon_ms"], said["now_ms"])
        self.lives[-1].erasing.append(now)

    def _erased(self, said: Mapping[str, Any]) -> None:
        self.lives[-1].erased.append((said["at"], said["camera"], said["horizon_ms"]))

    def _owner_erasing(self, said: Mapping[str, Any]) -> None:
        self.asked_spans.append((said["camera"], said["from_ms"], said["to_ms"]))

    def _owner_erased(self, said: Mapping[str, Any]) -> None:
        self.erased_spans.append((said["camera"], said["from_ms"], said["to_ms"]))

    def _swept(self, said: Mapping[str, Any]) -> None:
        self.lives[-1].swept.append((said["at"], said["left"]))

    def _uploaded(self, said: Mapping[str, Any]) -> None:
        self.uploaded.update((camera, start_ms) for camera, start_ms in said["segments"])

    def _stored(self, said: Mapping[str, Any]) -> None:
        self.stored.update({(camera, start_ms): end_ms for camera, start_ms, end_ms in said["segments"]})

    def _refused(self, said: Mapping[str, Any]) -> None:
        self.refused[said["camera"], said["start_ms"]] = said["reason"]

    def _step(self, said: Mapping[str, Any]) -> None:
        self.steps.add(said["name"])

    def _trouble(self, said: Mapping[str, Any]) -> None:
        self.troubles.append(f"life {said['life']}: {said['task']}: {said['text']}")


class Ear:
    """Hears what a growing promise log says since the last time."""

    def __init__(self, path: Path) -> None:
        self.told = Told()
        self._path, self._place = path, 0

    def listen(self) -> Told:
        """Everything said so far."""
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._place)
                data = file.read()
            self._place += len(data)
            self.told.hear(data.decode().splitlines())
        return self.told


def _furthest(camera: str, spans: Iterable[Iterable[tuple[int, str, int]]]) -> int:
    return max((horizon for said in spans for _, one, horizon in said if one == camera), default=-1)


def reaches_into(spans: Iterable[Span], camera: str, start_ms: int, end_ms: int) -> bool:
    """Whether something of a camera overlaps one of the spans."""
    return any(one == camera and start_ms < to_ms and end_ms > from_ms for one, from_ms, to_ms in spans)
