"""What the service tells, it tells in kinds that there are, with their facts; no kind is never told."""

import ast
from collections.abc import Iterator
from pathlib import Path

from backsight_cloud.domain.notices import KINDS

CLOUD = Path(__file__).parents[3] / "cloud" / "backsight_cloud"
TOLD_BY = {"say", "tell", "_tell"}  # methods of billing's sheet, and of those who tell by mail


def calls() -> Iterator[tuple[str, ast.Call]]:
    for file in sorted(CLOUD.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in TOLD_BY
            ):
                yield f"{file.name}:{node.lineno}", node


def kinds_of(call: ast.Call) -> list[str]:
    """The words among the arguments: a kind is always written out."""
    arguments = (
        call.args[:1] if isinstance(call.func, ast.Attribute) and call.func.attr == "say" else call.args
    )
    return [one.value for one in arguments if isinstance(one, ast.Constant) and isinstance(one.value, str)]


def test_every_kind_that_is_told_is_one_that_there_is() -> None:
    assert [(place, kind) for place, call in calls() for kind in kinds_of(call) if kind not in KINDS] == []


def test_billing_gives_each_kind_facts_that_it_knows() -> None:
    for place, call in calls():
        facts = {keyword.arg for keyword in call.keywords if keyword.arg not in (None, "to")}
        for kind in kinds_of(call):
            assert facts <= set(KINDS[kind].names), place


def test_there_is_a_template_for_each_kind_and_no_other() -> None:
    shared = {"said"}
    templates = {file.stem for file in (CLOUD / "adapters" / "mail_templates").glob("*.j2")}
    assert templates - shared == set(KINDS)


def test_every_kind_is_told_by_somebody() -> None:
    written_where_documents_are = {"receipt", "credit_note"}
    told = {kind for _, call in calls() for kind in kinds_of(call)}
    assert set(KINDS) - written_where_documents_are - told == set()
