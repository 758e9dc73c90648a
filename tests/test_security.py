"""SECURITY.md names for each threat the tests that show what stops it; every one of them exists."""

import ast
import re
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "SECURITY.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)))
ROWS = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith("| threat")]


@lru_cache
def names_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, functions)}


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_every_named_test_exists(file: str, name: str) -> None:
    assert name in names_in(file)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:60])
def test_every_threat_has_what_stops_it_and_what_shows_it(row: str) -> None:
    threat, stops, shown = (cell.strip() for cell in row.strip("|").split("|"))
    assert threat
    assert stops
    assert re.search(r"::test_\w+`", shown)


@pytest.mark.parametrize("part", ["The cloud", "The hub", "The broker", "The browser"])
def test_every_part_is_looked_at(part: str) -> None:
    assert f"## {part}" in TEXT


def test_it_says_how_to_report_a_weakness() -> None:
    assert "## Reporting a weakness" in TEXT
