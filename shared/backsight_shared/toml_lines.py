"""Finds the line of a TOML file on which a key is written, which `tomllib` does not tell."""

import re

_HEADER = re.compile(r"\[(\[)?\s*([^\]]+?)\s*\]")
_KEY = re.compile(
    r"""((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
_STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'')

Place = tuple[str | int, ...]


def lines_of(text: str) -> dict[Place, int]:
    """The line, from 1, of each table and key; members of inline tables and arrays are not listed."""
    found: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    table: Place = ()
    for number, line in _statements(text):
        if header := _HEADER.match(line):
            table = _in_newest(_parts(header[2]), counts, own=bool(header[1]))
            if header[1]:
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault((*table, *_parts(key[1])), number)
    return found


def _in_newest(written: Place, counts: dict[Place, int], *, own: bool) -> Place:
    """`camera.motion` with the number of the newest `camera` in it; `own`: its last part is an array."""
    place: Place = ()
    for number, part in enumerate(written, start=1):
        place = (*place, part)
        if place in counts and not (own and number == len(written)):
            place = (*place, counts[place])
    return place


def line_of(place: Place, lines: dict[Place, int]) -> int | None:
    """The line of a place, or of the nearest thing that holds it."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place)


def _statements(text: str) -> list[tuple[int, str]]:
    """Lines that begin a statement: not those inside a text or an array that spans several lines."""
    begun: list[tuple[int, str]] = []
    quote, depth = "", 0
    for number, raw in enumerate(text.splitlines(), start=1):
        if quote:
            quote = "" if quote in raw else quote
            continue
        line = raw.strip()
        if depth == 0 and line and not line.startswith("#"):
            begun.append((number, line))
        quote, depth = _left_open(line, depth)
    return begun


def _left_open(line: str, depth: int) -> tuple[str, int]:
    """The multi-line quote that the line leaves open, and the depth of brackets at its end."""
    for quote in ('"""', "'''"):
        if line.count(quote) % 2:
            return quote, depth
    plain = _STRING.sub("", line).split("#")[0]
    return "", max(0, depth + plain.count("[") - plain.count("]"))


def _parts(dotted: str) -> Place:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))
