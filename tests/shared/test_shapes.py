"""JSON is read strictly, and what is wrong is named by its place; what is written reads back the same."""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_shared.errors import Malformed
from backsight_shared.shapes import read, write


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Part:
    number: int
    size: float = 0.0

    def __post_init__(self) -> None:
        if self.number < 0:
            raise ValueError("a part's number cannot be negative")


@dataclass(frozen=True, slots=True)
class Whole:
    name: str
    good: bool
    parts: tuple[Part, ...] = ()
    by_key: dict[str, Part] = field(default_factory=dict)
    maybe: str | None = None
    colour: Colour = Colour.RED
    mode: Literal["all", "off"] = "all"


PARTS = st.builds(Part, st.integers(0, 2**53), st.floats(allow_nan=False, allow_infinity=False))
WHOLES = st.builds(
    Whole,
    name=st.text(),
    good=st.booleans(),
    parts=st.lists(PARTS, max_size=3).map(tuple),
    by_key=st.dictionaries(st.text(), PARTS, max_size=3),
    maybe=st.none() | st.text(),
    colour=st.sampled_from(Colour),
    mode=st.sampled_from(["all", "off"]),
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(WHOLES)
def test_what_is_written_reads_back_the_same(whole: Whole) -> None:
    assert read(Whole, json.loads(json.dumps(write(whole)))) == whole


def refusal(value: Any) -> str | None:
    """What is said against a value, None when it is taken."""
    try:
        found = read(Whole, value)
    except Malformed as error:
        return str(error)
    assert isinstance(found, Whole)
    return None


@given(JSON)
def test_anything_else_is_refused_in_our_words(value: Any) -> None:
    said = refusal(value)
    assert said is None or said.startswith("message")


@given(JSON)
def test_any_part_may_be_anything_and_is_read_or_refused(value: Any) -> None:
    for key in ("name", "good", "parts", "by_key", "maybe", "colour", "mode"):
        said = refusal({"name": "x", "good": True, key: value})
        assert said is None or f"message.{key}" in said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "message must be an object, not nothing"),
        ([], "message must be an object, not list"),
        ({}, "message.name is missing"),
        ({"name": 1, "good": True}, "message.name must be text, not a whole number"),
        ({"name": "x", "good": 1}, "message.good must be true or false, not a whole number"),
        ({"name": "x", "good": True, "parts": "abc"}, "message.parts must be a list, not text"),
        ({"name": "x", "good": True, "parts": [{"number": 1}, {}]}, "message.parts[1].number is missing"),
        (
            {"name": "x", "good": True, "parts": [{"number": True}]},
            "message.parts[0].number must be a whole number, not true or false",
        ),
        (
            {"name": "x", "good": True, "parts": [{"number": 1.0}]},
            "message.parts[0].number must be a whole number, not a number",
        ),
        (
            {"name": "x", "good": True, "parts": [{"number": -1}]},
            "message.parts[0]: a part's number cannot be negative",
        ),
        (
            {"name": "x", "good": True, "parts": [{"number": 1, "size": float("nan")}]},
            "message.parts[0].size must be a finite number",
        ),
        ({"name": "x", "good": True, "by_key": {"a": 1}}, "message.by_key.a must be an object"),
        (
            {"name": "x", "good": True, "parts": [{"number": 1, "size": 10**400}]},
            "message.parts[0].size must be a finite number",
        ),
        (
            {"name": "x", "good": True, "colour": "green"},
            "message.colour must be one of 'red', 'blue', not 'green'",
        ),
        (
            {"name": "x", "good": True, "mode": ["all"]},
            "message.mode must be one of 'all', 'off', not ['all']",
        ),
    ],
)  # fmt: skip
def test_the_place_and_the_way_out_are_named(value: Any, said: str) -> None:
    with pytest.raises(Malformed) as caught:
        read(Whole, value)
    assert said in str(caught.value)


def test_unknown_keys_are_left_for_newer_versions() -> None:
    assert read(Part, {"number": 1, "weight": 9}) == Part(1)


def test_a_whole_number_will_do_where_a_number_is_wanted() -> None:
    assert read(Part, {"number": 1, "size": 2}) == Part(1, 2.0)


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(Malformed) as caught:
        read(Whole, {"name": "x", "good": True, "mode": "a" * 10_000})
    assert len(str(caught.value)) < 200


def test_nothing_is_kept_of_an_absent_optional() -> None:
    assert read(Whole, {"name": "x", "good": False, "maybe": None}).maybe is None
