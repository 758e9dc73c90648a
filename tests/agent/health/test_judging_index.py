"""An index is well when it is whole and belongs to the files beside it, or when nothing was ever recorded."""

from dataclasses import replace

import pytest

from backsight_agent.domain.findings import Level
from backsight_agent.domain.judging_index import IndexFacts, judge_index

OURS, OTHER = "0" * 32, "1" * 32
WHOLE = IndexFacts(True, size_bytes=4_000_000, identity=OURS, media_identity=OURS)


def levels(index: IndexFacts) -> list[Level]:
    return [finding.level for finding in judge_index(index)]


def test_a_whole_index_with_its_files_is_well() -> None:
    assert levels(WHOLE) == [Level.OK, Level.OK]


def test_a_hub_that_never_ran_is_well() -> None:
    assert levels(IndexFacts(exists=False, media_there=False)) == [Level.OK]


def test_files_without_an_index_are_a_warning_for_it_is_made_anew() -> None:
    (finding,) = judge_index(IndexFacts(exists=False, media_identity=OURS))
    assert finding.level is Level.WARNING
    assert "makes it anew" in finding.text


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (replace(WHOLE, damage="row 7 missing from index"), "it makes the index anew from the files"),
        (replace(WHOLE, error="unable to open database file"), "run this as the agent's user"),
    ],
)
def test_an_index_that_cannot_be_used_is_a_problem(index: IndexFacts, text: str) -> None:
    (finding,) = judge_index(index)
    assert finding.level is Level.PROBLEM
    assert text in finding.text


def test_a_check_that_took_too_long_is_a_warning() -> None:
    assert levels(replace(WHOLE, checked_whole=False)) == [Level.WARNING, Level.OK]


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (replace(WHOLE, media_identity=None, media_there=False), "mount their disk"),
        (replace(WHOLE, media_identity=OTHER), "two histories"),
        (replace(WHOLE, identity=None), "two histories"),
    ],
)
def test_an_index_beside_a_stranger_is_a_problem(index: IndexFacts, text: str) -> None:
    whole, belonging = judge_index(index)
    assert (whole.level, belonging.level) == (Level.OK, Level.PROBLEM)
    assert text in belonging.text
