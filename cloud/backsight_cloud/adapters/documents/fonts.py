"""Finds fonts on this machine and what they can write; without any, PDF's own Latin one."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont

_FOLDER = Path("/usr/share/fonts/truetype")
_REGULAR = (
    _FOLDER / "dejavu/DejaVuSans.ttf"
)  # fonts-dejavu-core: Latin, Greek, Cyrillic, Arabic, Hebrew and more
_BOLD = _FOLDER / "dejavu/DejaVuSans-Bold.ttf"
_OTHERS = (  # for characters that it lacks; the first that has them
    _FOLDER / "droid/DroidSansFallbackFull.ttf",  # fonts-droid-fallback: Chinese, Japanese
    _FOLDER / "nanum/NanumGothic.ttf",  # fonts-nanum: Korean
    _FOLDER / "freefont/FreeSans.ttf",  # fonts-freefont-ttf: scripts of India, and more
)


@dataclass(frozen=True, slots=True)
class Fonts:
    """What is used, and which characters there are. Without files: PDF's Helvetica."""

    regular: Path | None
    bold: Path | None
    others: tuple[Path, ...]
    characters: frozenset[int]

    def writable(self, text: str) -> str:
        """The text with a box in the place of each character that no font has."""
        box = "\N{WHITE SQUARE}" if self.regular else "?"
        return "".join(one if ord(one) in self.characters else box for one in text)


@lru_cache
def installed(regular: Path = _REGULAR, bold: Path = _BOLD, others: Sequence[Path] = _OTHERS) -> Fonts:
    """Those that are there."""
    if not regular.is_file():
        return Fonts(None, None, (), frozenset(range(0x20, 0x7F)) | frozenset(range(0xA0, 0x100)))
    found = tuple(path for path in others if path.is_file())
    characters = frozenset[int]().union(*(_characters(path) for path in (regular, *found)))
    return Fonts(regular, bold if bold.is_file() else regular, found, characters)


def _characters(path: Path) -> frozenset[int]:
    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap() or {})
