"""What a fact of a mail looks like: the same name is the same kind of thing everywhere."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from backsight_cloud.domain.documents import OTHER_ITEMS
from backsight_cloud.domain.plans import PLANS

Fits = Callable[[Any], bool]

_NO_OWN: Mapping[str, Fits] = {}


def shape_of(name: str) -> Fits:
    """The same name is the same kind of fact everywhere."""
    if name.endswith("_ms"):
        return _a_moment
    return _SHAPES.get(name, _cents if name.endswith("cents") else _text)


def complete(name: str, value: Any) -> Any:
    if value is None or name not in ROWS:
        return value
    return [{key: row.get(key) for key in ROWS[name]} for row in value]


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _an_address(value: Any) -> bool:
    return isinstance(value, str) and re.match(r"https?://[^\s<>\"]+\Z", value) is not None


def _a_moment(value: Any) -> bool:
    return type(value) is int and 0 <= value < 253_370_764_800_000  # the year 9999


def _cents(value: Any) -> bool:
    return type(value) is int


def _a_number(value: Any) -> bool:
    return type(value) in (int, float) and value >= 0


def _a_plan(value: Any) -> bool:
    return value in PLANS


def _a_cycle(value: Any) -> bool:
    return value in ("month", "year")


def _a_list_of_cameras(value: Any) -> bool:
    return isinstance(value, Sequence) and all(isinstance(one, str) for one in value)


def _what_is_billed(value: Any) -> bool:
    return value in PLANS or value in OTHER_ITEMS


def _what_leaves(value: Any) -> bool:
    return _rows(value, needed={"camera", "count"}, allowed=LEAVING)


def _lines_of_a_document(value: Any) -> bool:
    return _rows(value, needed={"plan", "cents"}, allowed=LINE, own={"plan": _what_is_billed})


def _sums(value: Any) -> bool:
    return isinstance(value, Mapping) and all(_cents(one) for one in value.values())


def _rows(value: Any, needed: set[str], allowed: Sequence[str], own: Mapping[str, Fits] = _NO_OWN) -> bool:
    """`own`: what these rows know by a name that is something else elsewhere."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        return False
    return all(isinstance(row, Mapping) and _row(row, needed, allowed, own) for row in value)


def _row(row: Mapping[str, Any], needed: set[str], allowed: Sequence[str], own: Mapping[str, Fits]) -> bool:
    given = {name: value for name, value in row.items() if value is not None}
    fits = all((own.get(name) or shape_of(name))(value) for name, value in given.items())
    return needed <= set(given) and set(row) <= set(allowed) and fits


LEAVING = ("camera", "name", "count", "hours", "size_bytes", "from_ms", "to_ms", "at_ms")
LINE = ("plan", "camera", "cycle", "from_ms", "to_ms", "cents", "unused_days", "period_days")
ROWS = {"leaves": LEAVING, "lines": LINE}

_SHAPES: Mapping[str, Fits] = {
    "link": _an_address,
    "plan": _a_plan,
    "from_plan": _a_plan,
    "to_plan": _a_plan,
    "cycle": _a_cycle,
    "cameras": _a_list_of_cameras,
    "leaves": _what_leaves,
    "lines": _lines_of_a_document,
    "money": _sums,
    "count": _a_number,
    "hours": _a_number,
    "size_bytes": _a_number,
    "left": _a_number,
    "days": _a_number,
    "unused_days": _a_number,
    "period_days": _a_number,
    "attempt": _a_number,
    "month": _a_number,
    "year": _a_number,
}
