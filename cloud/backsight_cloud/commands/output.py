"""What a command answers: a value for programs, lines for people."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """The same twice."""

    value: object
    lines: Sequence[str]

    def text(self, *, as_json: bool) -> str:
        return json.dumps(self.value) if as_json else "\n".join(self.lines)


def table(rows: Sequence[Mapping[str, object]], empty: str) -> list[str]:
    """Aligned columns under their names; `empty` when there is nothing to show."""
    if not rows:
        return [empty]
    names = list(rows[0])
    cells = [names, *([str(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in cells]


def when(moment_ms: int | None) -> str:
    """A moment as people read it, UTC."""
    if not moment_ms:
        return "-"
    return datetime.fromtimestamp(moment_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def size(size_bytes: int) -> str:
    """Bytes as people read them."""
    for unit, factor in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:.1f} {unit}"
    return f"{size_bytes / 1000:.1f} kB"


def how_long(length_ms: int | None) -> str:
    """A window as it is written in cloud.toml."""
    if length_ms is None:
        return "-"
    for unit, unit_ms in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000)):
        if length_ms and length_ms % unit_ms == 0:
            return f"{length_ms // unit_ms}{unit}"
    return f"{length_ms // 1000}s"
