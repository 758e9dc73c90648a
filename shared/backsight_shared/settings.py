"""Reads a TOML file into frozen dataclasses, strictly: every mistake with its file, line, key and way out.

A field's type says how its value is written: str, int, float, bool, Path (relative to the file's folder), a
dataclass (a table), tuple[X, ...], dict[str, X], `X | None`, a class with `from_text` written as text, or one
with `from_value`, which takes what TOML has. A field `from_` is the key `from`: a word of Python.
"""

import dataclasses
import difflib
import re
import tomllib
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self, TypeVar, cast

from backsight_shared.errors import NeedsAttention
from backsight_shared.toml_lines import Place, line_of, lines_of

T = TypeVar("T")


class BadSettings(NeedsAttention):
    """A settings file says something that we cannot obey; all that is wrong with it, one line each."""


class Choice(StrEnum):
    """One of some words; a subclass names them."""

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Raises ValueError for anything else."""
        try:
            return cls(text)
        except ValueError as error:
            raise ValueError("must be " + " or ".join(f'"{one}"' for one in cls)) from error


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A length of time, written `90s`, `30m`, `12h` or `14d`."""

    ms: int

    @classmethod
    def from_text(cls, text: str) -> "Duration":
        """Raises ValueError for anything else, and for no time at all."""
        written = re.fullmatch(r"([1-9][0-9]{0,8})\s*([smhd])", text.strip())
        if not written:
            raise ValueError('must be a length of time like "90s", "30m", "12h" or "14d"')
        return cls(int(written[1]) * _UNIT_MS[written[2]])


_UNIT_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to listen, written `127.0.0.1:8470` or `[::1]:8470`; port 0 is any free one."""

    host: str
    port: int

    @classmethod
    def from_text(cls, text: str) -> "Listen":
        """Raises ValueError for anything else."""
        written = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^\s:\[\]]+)):([0-9]{1,5})", text.strip())
        if not written or int(written[3]) > 65535:
            raise ValueError('must be an address and a port like "127.0.0.1:8470" or "[::1]:8470"')
        return cls(written[1] or written[2], int(written[3]))


def settings_from(shape: type[T], text: str, file: Path) -> T:
    """The text of `file` as `shape`; raises BadSettings with everything that is wrong."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadSettings(f"{file}: this is not TOML: {error}") from error
    reader = _Reader(file, lines_of(text))
    value = reader.table(shape, table, ())
    if reader.mistakes:
        raise BadSettings("\n".join(reader.mistakes))
    return cast(T, value)


class _Wrong(Exception):
    """One mistake, already noted."""


class _Reader:
    def __init__(self, file: Path, lines: dict[Place, int]) -> None:
        self.mistakes: list[str] = []
        self._file = file
        self._lines = lines

    def table(self, shape: Any, table: Mapping[str, Any], place: Place) -> object:
        """The dataclass, or None when something in it is wrong (noted)."""
        fields = {field.name.rstrip("_"): field for field in dataclasses.fields(shape)}
        for key in (key for key in table if key not in fields):
            self._note((*place, key), _unknown(key, list(fields)))
        hints, given, before = typing.get_type_hints(shape), {}, len(self.mistakes)
        for name, field in fields.items():
            if name in table:
                given[field.name] = self._tried(hints[field.name], table[name], (*place, name))
            elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                self._note((*place, name), "is missing")
        if len(self.mistakes) > before:
            return None
        try:
            return cast(object, shape(**given))
        except ValueError as error:
            self._note(place, str(error))
            return None

    def _tried(self, shape: Any, value: object, place: Place) -> object:
        try:
            return self._value(shape, value, place)
        except _Wrong:
            return None

    def _value(self, shape: Any, value: object, place: Place) -> object:
        origin, arguments = typing.get_origin(shape), typing.get_args(shape)
        if origin in (typing.Union, types.UnionType):
            return self._value(next(one for one in arguments if one is not types.NoneType), value, place)
        if origin is tuple:
            items = cast(list[object], self._of_kind(list, value, place))
            return tuple(self._value(arguments[0], item, (*place, i)) for i, item in enumerate(items))
        if origin is dict:
            members = cast(dict[str, object], self._of_kind(dict, value, place))
            return {key: self._value(arguments[1], item, (*place, key)) for key, item in members.items()}
        if hasattr(shape, "from_text"):
            return self._from_text(shape, value, place)
        if hasattr(shape, "from_value"):
            return self._made(shape.from_value, value, place)
        if dataclasses.is_dataclass(shape):
            return self.table(shape, cast(dict[str, Any], self._of_kind(dict, value, place)), place)
        if shape is Path:
            return self._file.parent / Path(cast(str, self._of_kind(str, value, place))).expanduser()
        return self._of_kind(shape, value, place)

    def _from_text(self, shape: Any, value: object, place: Place) -> object:
        return self._made(shape.from_text, self._of_kind(str, value, place), place)

    def _made(self, make: Callable[[Any], object], value: object, place: Place) -> object:
        try:
            return make(value)
        except ValueError as error:
            raise self._wrong(place, str(error)) from error

    def _of_kind(self, kind: Any, value: object, place: Place) -> object:
        if kind is float and type(value) is int:
            return float(value)
        if type(value) is not kind:
            raise self._wrong(
                place, f"must be {_KINDS.get(kind, kind)}, not {_KINDS.get(type(value), 'that')}"
            )
        return value

    def _wrong(self, place: Place, text: str) -> _Wrong:
        self._note(place, text)
        return _Wrong()

    def _note(self, place: Place, text: str) -> None:
        line = line_of(place, self._lines)
        where = f"{self._file}:{line}" if line else f"{self._file}"
        self.mistakes.append(f"{where}: {_written(place)} {text}".replace(":  ", ": "))


_KINDS = {
    str: 'text in "quotes"',
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list [..]",
    dict: "a table",
}


def _unknown(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return "is not known" + (f"; is {close[0]} meant?" if close else f"; known here: {', '.join(known)}")


def _written(place: Place) -> str:
    """`camera[1].name`, as a person would write it."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")
