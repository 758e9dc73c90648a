"""How commands print: tables, moments, sizes, and JSON for programs."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime


def as_json(value: object) -> str:
    """One line."""
    return json.dumps(value, ensure_ascii=False)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as what is in them; the last is not padded. Control characters do not get through."""
    cells = [[_plain(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells)
    return "\n".join(line.rstrip() for line in lines)


def moment(ms: int | None) -> str:
    """A moment in this machine's time zone: "24 Nov 12:00:05"."""
    if ms is None:
        return "-"
    local = datetime.fromtimestamp(ms / 1000, UTC).astimezone()
    return f"{local.day} {local:%b %H:%M:%S}"


def size(number: int) -> str:
    """Bytes as people say them: "1.2 GB"."""
    amount, unit = float(number), "B"
    for bigger in ("kB", "MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, bigger
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def length(seconds: float) -> str:
    """A length of time by its largest unit or two: "2 d", "12 h", "3 min"."""
    for unit, one in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * one or (seconds >= one and seconds % one == 0):
            return f"{seconds / one:.0f} {unit}"
    return f"{seconds:.0f} s"


def _plain(cell: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in str(cell))
