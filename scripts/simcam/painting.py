"""Every frame carries its camera and its number as a row of 32 black or white blocks at the top."""

from collections.abc import Sequence
from zlib import crc32

BLOCKS = 32  # across the picture: 8 bits camera, 16 bits frame number, 8 bits check
BLACK, WHITE = 24, 230  # luma; inside the legal range 16..235, so that no player clips them
MIDDLE = 127
SAMPLED = (3, 5)  # of eight: where a block is looked at, well inside its blurred edges


def painted_row(camera: int, number: int, width: int) -> bytes:
    """One line of luma with the code in it; the same line repeats over `row_height` lines."""
    block = width // BLOCKS
    bits = _code(camera, number)
    line = b"".join(bytes([WHITE if bits >> (BLOCKS - 1 - i) & 1 else BLACK]) * block for i in range(BLOCKS))
    return line.ljust(width, bytes([BLACK]))


def row_height(width: int) -> int:
    """How many lines the code covers: its blocks are square."""
    return width // BLOCKS


def read_painting(luma: Sequence[int], line_size: int, width: int) -> tuple[int, int] | None:
    """The (camera, number) painted into a luma plane, or None when the check does not agree."""
    block = width // BLOCKS
    code = 0
    for i in range(BLOCKS):
        points = [
            luma[(block * row // 8) * line_size + i * block + block * column // 8]
            for row in SAMPLED
            for column in SAMPLED
        ]
        code = code << 1 | (sum(points) > MIDDLE * len(points))
    camera, number = code >> 24, code >> 8 & 0xFFFF
    return (camera, number) if code == _code(camera, number) else None


def _code(camera: int, number: int) -> int:
    if not (0 <= camera <= 0xFF and 0 <= number <= 0xFFFF):
        raise ValueError(f"camera {camera} or frame {number} does not fit into the painting")
    content = camera.to_bytes(1, "big") + number.to_bytes(2, "big")
    return int.from_bytes(content, "big") << 8 | crc32(content) & 0xFF
