"""Lays out the plain text of a mail, for narrow screens and for people who hear it read."""

import textwrap
from collections.abc import Sequence

WIDTH = 72  # characters

Rows = Sequence[tuple[object, object]]


def wrapped(text: object) -> str:
    """One paragraph. An address is never broken."""
    words = " ".join(str(text).split(" ")).replace("\n", " ")
    return textwrap.fill(
        " ".join(part for part in words.split(" ") if part),
        WIDTH,
        break_long_words=False,
        break_on_hyphens=False,
    )


def figures(rows: Rows) -> str:
    """What is what, one a line; rows without a value are left out."""
    shown = [(str(label), str(value)) for label, value in rows if value is not None]
    return "\n".join(_hanging(f"{label}: {value}") for label, value in shown)


def bill(rows: Rows, total: tuple[object, object]) -> str:
    """Sums below each other, the last under a line."""
    lines = [(str(label), str(value)) for label, value in rows if value is not None]
    last = (str(total[0]), str(total[1]))
    room = max(len(value) for _, value in [*lines, last])
    rule = " " * (WIDTH - room) + "-" * room
    return "\n".join([*(_sum(*line, room) for line in lines), rule, _sum(*last, room)])


def items(rows: Sequence[object]) -> str:
    return "\n".join(_hanging(f"* {row}") for row in rows)


def _hanging(text: str) -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _sum(label: str, value: str, room: int) -> str:
    """The sum stands behind the last line of what it is for."""
    lines = textwrap.wrap(label, WIDTH - room - 2, subsequent_indent="  ", break_on_hyphens=False) or [""]
    lines[-1] = lines[-1].ljust(WIDTH - room) + value.rjust(room)
    return "\n".join(lines)
