"""Cells that hang together, and cells that lie in a zone."""

from collections.abc import Iterator, Sequence

Polygon = Sequence[tuple[float, float]]


def blobs_of(cells: set[int], width: int) -> Iterator[int]:
    """The size of each group of neighbouring cells (also across corners); a cell is row * width + column."""
    left = set(cells)
    while left:
        found, size = [left.pop()], 0
        while found:
            place = found.pop()
            size += 1
            near = _neighbours(place, width) & left
            left -= near
            found.extend(near)
        yield size


def inside(zones: Sequence[Polygon], width: int, height: int) -> list[bool]:
    """For each cell whether its middle lies in one of the polygons (0..1); all of them without any."""
    middles = [((x + 0.5) / width, (y + 0.5) / height) for y in range(height) for x in range(width)]
    return [not zones or any(_holds(zone, *middle) for zone in zones) for middle in middles]


def _neighbours(place: int, width: int) -> set[int]:
    column = place % width
    columns = [step for step in (-1, 0, 1) if 0 <= column + step < width]
    return {place + row * width + step for row in (-1, 0, 1) for step in columns} - {place}


def _holds(zone: Polygon, x: float, y: float) -> bool:
    """Even-odd rule: a ray to the right crosses the edge an odd number of times."""
    crossed = False
    for (ax, ay), (bx, by) in zip(zone, [*zone[1:], zone[0]], strict=True):
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            crossed = not crossed
    return crossed
