"""Reads JSON values into frozen dataclasses and back, strictly, naming the place of what is wrong.

The hub has no validation library; the cloud describes the same dataclasses in its OpenAPI document.
Unknown keys are ignored: a newer other side may say more than we know.
"""

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar, cast

from backsight_shared.errors import Malformed

T = TypeVar("T")


def read(shape: type[T], value: object, where: str = "message") -> T:
    """The value as the dataclass `shape`; raises Malformed with the path of the first thing wrong."""
    return cast(T, _read(shape, value, where))


def write(value: Any) -> Any:
    """What `json.dumps` takes, for a dataclass, a sequence, a mapping or a plain value."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: write(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): write(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [write(item) for item in value]
    return value


def _read(shape: Any, value: object, where: str) -> object:
    if dataclasses.is_dataclass(shape):
        return _read_dataclass(shape, value, where)
    origin, arguments = typing.get_origin(shape), typing.get_args(shape)
    if origin in (typing.Union, types.UnionType):
        return _read_optional(arguments, value, where)
    if origin is typing.Literal:
        return _one_of(arguments, value, where)
    if origin is tuple:
        return _read_tuple(arguments[0], value, where)
    if origin is dict:
        return _read_dict(arguments[1], value, where)
    if isinstance(shape, type) and issubclass(shape, Enum):
        return shape(_one_of([member.value for member in shape], value, where))
    return _read_plain(shape, value, where)


def _read_dataclass(shape: Any, value: object, where: str) -> object:
    if not isinstance(value, dict):
        raise Malformed(f"{where} must be an object, not {_kind(value)}")
    given = {}
    for field in dataclasses.fields(shape):
        if field.name in value:
            given[field.name] = _read(_hints(shape)[field.name], value[field.name], f"{where}.{field.name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise Malformed(f"{where}.{field.name} is missing")
    try:
        return shape(**given)
    except ValueError as error:
        raise Malformed(f"{where}: {error}") from error


@lru_cache
def _hints(shape: type) -> dict[str, Any]:
    return typing.get_type_hints(shape)


def _read_optional(arguments: tuple[Any, ...], value: object, where: str) -> object:
    if value is None:
        return None
    return _read(next(shape for shape in arguments if shape is not type(None)), value, where)


def _one_of(allowed: Any, value: object, where: str) -> object:
    if value not in allowed:
        raise Malformed(f"{where} must be one of {', '.join(map(repr, allowed))}, not {_short(value)}")
    return value


def _read_tuple(shape: Any, value: object, where: str) -> object:
    if not isinstance(value, (list, tuple)):
        raise Malformed(f"{where} must be a list, not {_kind(value)}")
    return tuple(_read(shape, item, f"{where}[{index}]") for index, item in enumerate(value))


def _read_dict(shape: Any, value: object, where: str) -> object:
    if not isinstance(value, dict):
        raise Malformed(f"{where} must be an object, not {_kind(value)}")
    return {key: _read(shape, item, f"{where}.{key}") for key, item in value.items()}


def _read_plain(shape: Any, value: object, where: str) -> object:
    if shape is Any or shape is object:
        return value
    if shape is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return _finite(value, where)
    if not isinstance(value, shape) or (shape is not bool and isinstance(value, bool)):
        raise Malformed(f"{where} must be {_NAMES.get(shape, shape.__name__)}, not {_kind(value)}")
    return value


def _finite(value: float, where: str) -> float:
    """Python's JSON also reads NaN, Infinity and whole numbers that no float can hold."""
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Malformed(f"{where} must be a finite number")
    return number


_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def _kind(value: object) -> str:
    return "nothing" if value is None else f"{_NAMES.get(type(value), type(value).__name__)}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:40] + "..."
