"""The code describes the API: every endpoint, what it takes and answers, what may go wrong and what to do."""

import ast
import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

import backsight_cloud
from backsight_cloud.web.checking import check_body, check_query
from backsight_cloud.web.described import Description, Who
from backsight_cloud.web.openapi import described_routes, document
from backsight_cloud.web.owner_shapes import Erase, SpanAsked
from backsight_cloud.web.problem_kinds import all_kinds, kind, kind_of
from backsight_cloud.web.problems import Problem
from backsight_cloud.web.site import make_site
from fakes.api_world import api_world
from fakes.clock import FakeClock

WEB = Path(backsight_cloud.__file__).parent / "web"
PAGE = Path(__file__).parents[3] / "docs" / "api.md"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> web.Application:
    """The whole application; only its routes are looked at."""

    async def made() -> web.Application:
        async with api_world(tmp_path_factory.mktemp("state"), FakeClock()) as world:
            return make_site(world.services)

    return asyncio.run(made())


@pytest.fixture
def whole(site: web.Application) -> dict[str, Any]:
    return document(site)


# ------------------------------------------------------------ every endpoint


def test_no_endpoint_is_without_a_description(site: web.Application) -> None:
    assert [f"{method} {path}" for method, path, what in described_routes(site) if what is None] == []


def test_each_says_in_a_line_what_it_is_for(site: web.Application) -> None:
    for _, path, what in _described(site):
        assert 5 <= len(what.summary) <= 80, path
        assert what.summary[0].isupper(), path
        assert not what.summary.endswith("."), path
        assert what.tags, path


def test_what_moves_money_belongs_to_an_account(site: web.Application) -> None:
    for _, path, what in _described(site):
        assert not what.moves_money or what.who in (Who.OWNER, Who.OPERATOR), path


def test_each_parameter_of_a_path_is_described(whole: dict[str, Any]) -> None:
    for path, operations in whole["paths"].items():
        for operation in operations.values():
            named = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path)), path


def _described(site: web.Application) -> list[tuple[str, str, Description]]:
    return [(method, path, what) for method, path, what in described_routes(site) if what is not None]


# ------------------------------------------------------------ the document


def test_it_is_openapi_3_1(whole: dict[str, Any]) -> None:
    assert whole["openapi"] == "3.1.0"
    assert {"session", "hub"} <= set(whole["components"]["securitySchemes"])


def test_every_reference_leads_somewhere(whole: dict[str, Any]) -> None:
    names = re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(whole))
    assert set(names) <= set(whole["components"]["schemas"])


def test_every_operation_has_a_name_of_its_own(whole: dict[str, Any]) -> None:
    names = [each["operationId"] for item in whole["paths"].values() for each in item.values()]
    assert len(names) == len(set(names))


def test_no_password_has_an_example_or_a_default(whole: dict[str, Any]) -> None:
    for schema in whole["components"]["schemas"].values():
        for name, value in schema.get("properties", {}).items():
            assert "password" not in name or not {"default", "examples"} & set(value)


# ------------------------------------------------------------ kinds of problems


def test_every_problem_that_the_code_raises_is_of_a_declared_kind() -> None:
    for file in sorted(WEB.glob("*.py")):
        for call in ast.walk(ast.parse(file.read_text())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Problem":
                status, title = call.args[0], call.args[1]
                if isinstance(status, ast.Constant) and isinstance(title, ast.Constant):
                    known = kind_of(int(str(status.value)), str(title.value))
                    assert known, f"{file.name}:{call.lineno} {status.value} {title.value}"


def test_every_kind_is_on_the_page_with_what_to_do(site: web.Application) -> None:
    text = PAGE.read_text()
    missing = [each.name for each in all_kinds() if f"| `{each.name}` | {each.status} |" not in text]
    assert missing == []


def test_the_page_names_no_kind_that_there_is_not(site: web.Application) -> None:
    names = re.findall(r"^\| `([a-z-]+)` \| \d{3} \|", PAGE.read_text(), re.MULTILINE)
    assert set(names) <= {each.name for each in all_kinds()}


def test_a_kind_is_declared_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        kind(400, "Bad request", "something else")


# ------------------------------------------------------------ what a request brings


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        (b"[", None, "not JSON"),
        (b"\xff", None, "not JSON"),
        (b"[]", None, "object"),
        (b'{"from_ms": "1"}', "from_ms", "from_ms must be a whole number"),
        (b'{"from_ms": 1.5}', "from_ms", "from_ms must be a whole number"),
        (b'{"everything": 1}', "everything", "everything must be true or false"),
        (b'{"confirm": null}', "confirm", "confirm must be text"),
    ],
)
def test_a_body_of_another_shape_is_refused_with_the_field_and_what_it_must_be(
    body: bytes, field: str | None, says: str
) -> None:
    with pytest.raises(Problem) as refused:
        check_body(Erase, body)
    assert refused.value.status == 400
    assert refused.value.extra.get("field") == field
    assert says in refused.value.detail


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "from"),
        ({"from": "1"}, "to"),
        ({"from": "x", "to": "1"}, "from"),
        ({"from": "1", "to": "-1"}, "to"),
    ],
)
def test_a_query_of_another_shape_names_the_parameter_as_it_is_written(
    query: dict[str, str], field: str
) -> None:
    with pytest.raises(Problem) as refused:
        check_query(SpanAsked, query)
    assert refused.value.extra["field"] == field
    assert refused.value.detail.startswith(field)


def test_what_was_sent_is_not_repeated() -> None:
    with pytest.raises(Problem) as refused:
        check_body(Erase, b'{"confirm": ["s3cret"]}')
    assert "s3cret" not in refused.value.detail
