"""Remembers which frames went out over which connection, and when."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

KEPT = 1000  # connections remembered for each camera
SPANS_KEPT = 1000  # unbroken stretches remembered for each connection


@dataclass
class Span:
    """An unbroken stretch of frames, by their absolute index."""

    first: int
    last: int
    first_sent_ms: int
    last_sent_ms: int


@dataclass
class Entry:
    """One connection that carried a stream."""

    via: str
    client: str
    opened_ms: int
    closed_ms: int | None = None
    frames: int = 0
    spans: deque[Span] = field(default_factory=lambda: deque(maxlen=SPANS_KEPT))

    def sent(self, index: int) -> None:
        """Frame `index` has just been written whole."""
        now = _now_ms()
        self.frames += 1
        if self.spans and self.spans[-1].last == index - 1:
            self.spans[-1].last, self.spans[-1].last_sent_ms = index, now
        else:
            self.spans.append(Span(index, index, now, now))


class Journal:
    """All connections of one camera, the latest last."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=KEPT)
        self._forgotten_frames = 0

    @contextmanager
    def stream(self, via: str, client: str) -> Iterator[Entry]:
        """Keep an entry for as long as the block lasts."""
        if len(self.entries) == KEPT:
            self._forgotten_frames += self.entries[0].frames
        entry = Entry(via, client, _now_ms())
        self.entries.append(entry)
        try:
            yield entry
        finally:
            entry.closed_ms = _now_ms()

    @property
    def open_streams(self) -> int:
        """How many connections carry a stream now."""
        return sum(entry.closed_ms is None for entry in self.entries)

    @property
    def frames_sent(self) -> int:
        """Over all connections, since the camera was started."""
        return self._forgotten_frames + sum(entry.frames for entry in self.entries)

    def describe(self, cycle: int) -> list[dict[str, Any]]:
        """The connections as JSON; `number` is what is painted into the frame."""
        return [_described(entry, cycle) for entry in self.entries]


def _described(entry: Entry, cycle: int) -> dict[str, Any]:
    spans = [asdict(span) for span in entry.spans]
    ends = None
    if entry.spans:
        first, last = entry.spans[0], entry.spans[-1]
        ends = (
            {"index": first.first, "number": first.first % cycle, "sent_ms": first.first_sent_ms},
            {"index": last.last, "number": last.last % cycle, "sent_ms": last.last_sent_ms},
        )
    return {
        "via": entry.via,
        "client": entry.client,
        "opened_ms": entry.opened_ms,
        "closed_ms": entry.closed_ms,
        "frames": entry.frames,
        "first": ends and ends[0],
        "last": ends and ends[1],
        "spans": spans,
    }


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
