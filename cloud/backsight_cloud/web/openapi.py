"""Makes the OpenAPI 3.1 document from the descriptions on the handlers: the code is its only source."""

import json
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from inspect import cleandoc
from typing import Any, cast

from aiohttp import web
from pydantic import BaseModel, TypeAdapter

from backsight_cloud.web import problem_kinds as kinds
from backsight_cloud.web.access import SESSION_COOKIE
from backsight_cloud.web.described import Description, Media, Who, described, description_of
from backsight_cloud.web.idempotency import AGAIN_HEADER, HEADER, KEY_PATTERN
from backsight_cloud.web.problem_kinds import Kind

Json = dict[str, Any]

VERSION = "1"
TITLE = "Backsight"

_COMPONENTS = "#/components/schemas/{model}"
_HIDDEN = frozenset({"HEAD", "OPTIONS", "*"})
_PROBLEM_SCHEMA: Json = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "description": "the kind of problem: a stable address"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what is wrong, and the way out"},
        "field": {"type": "string", "description": "which part of the request is wrong"},
    },
    "required": ["type", "title", "status"],
}


def routes() -> list[web.RouteDef]:
    """The document, and what each kind of problem means."""
    return [
        web.get("/v1/openapi.json", _DESCRIBED(_Document().get)),
        web.get(kinds.PATH + "{name}", _problem),
    ]


_DESCRIBED = described(
    "This document", who=Who.PUBLIC, tags=("service",), answers={200: Media("application/json")}
)


class _Document:
    """The document, made when it is first asked for: by then all routes are there."""

    def __init__(self) -> None:
        self._text = ""

    async def get(self, request: web.Request) -> web.Response:
        self._text = self._text or json.dumps(document(request.app), indent=1)
        return web.Response(text=self._text, content_type="application/json")


async def _problem(request: web.Request) -> web.Response:
    """What `type` of a problem leads to: for a person who reads a log."""
    name = request.match_info["name"]
    for kind in kinds.all_kinds():
        if kind.name == name:
            text = f"{kind.status} {kind.title}\n\n{kind.what_to_do}\n"
            return web.Response(text=text, headers={"Cache-Control": "no-cache"})
    raise web.HTTPNotFound


def described_routes(site: web.Application) -> Iterator[tuple[str, str, Description | None]]:
    """(method, path, description) of every route below /v1."""
    for route in site.router.routes():
        path = route.resource.canonical if route.resource else ""
        if path.startswith("/v1/") and route.method not in _HIDDEN:
            yield route.method, path, description_of(route.handler)


def document(site: web.Application) -> Json:
    """The whole document."""
    found = [(method, path, what) for method, path, what in described_routes(site) if what is not None]
    schemas = _Schemas(what for _, _, what in found)
    paths: dict[str, Json] = {}
    for method, path, what in found:
        paths.setdefault(path, {})[method.lower()] = _operation(method, path, what, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": VERSION, "summary": "The video history of cameras"},
        "paths": paths,
        "components": {
            "schemas": {"Problem": _PROBLEM_SCHEMA, **schemas.components()},
            "securitySchemes": _SECURITY,
        },
    }


_SECURITY: Json = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": "From POST /v1/sessions. Unsafe requests also send `Origin`: our own address.",
    },
    "hub": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A short-lived token, signed with the hub's own key.",
    },
}


class _Schemas:
    """JSON schemas of all models together, so that what they share is there once."""

    def __init__(self, descriptions: Iterable[Description]) -> None:
        asked: set[type] = set()
        shown: set[type] = set()
        for what in descriptions:
            asked.update(model for model in (what.path, what.query, what.body) if isinstance(model, type))
            shown.update(answer for answer in what.answers.values() if isinstance(answer, type))
        inputs: list[Any] = [(model, "validation", TypeAdapter(model)) for model in _ordered(asked)]
        outputs: list[Any] = [(model, "serialization", TypeAdapter(model)) for model in _ordered(shown)]
        made, all_of_them = TypeAdapter.json_schemas([*inputs, *outputs], ref_template=_COMPONENTS)
        self._made = cast(Mapping[tuple[type, str], Json], made)
        self._definitions: dict[str, Json] = all_of_them.get("$defs", {})
        self._as_parameters: set[str] = set()

    def asked(self, model: type) -> Json:
        return self._made[model, "validation"]

    def shown(self, model: type) -> Json:
        return self._made[model, "serialization"]

    def parameters(self, model: type[BaseModel], place: str) -> Iterator[Json]:
        """Each field of a path's or query's model."""
        schema = self.asked(model)
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            self._as_parameters.add(name)
            schema = self._definitions[name]
        for name, value in schema.get("properties", {}).items():
            needed = place == "path" or name in schema.get("required", ())
            given = {key: value[key] for key in ("description", "deprecated") if key in value}
            plain = {key: value[key] for key in value if key not in (*given, "title")}
            yield {"name": name, "in": place, "required": needed, **given, "schema": _never_null(plain)}

    def components(self) -> dict[str, Json]:
        return {name: value for name, value in self._definitions.items() if name not in self._as_parameters}


def _ordered(models: Iterable[type]) -> list[type]:
    return sorted(models, key=lambda model: (model.__name__, model.__module__))


def _never_null(schema: Json) -> Json:
    """A text in an address cannot be null: it is there or not."""
    if "anyOf" not in schema:
        return schema
    choices = [choice for choice in schema["anyOf"] if choice != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    return {**rest, **choices[0]} if len(choices) == 1 else {**rest, "anyOf": choices}


def _operation(method: str, path: str, what: Description, schemas: _Schemas) -> Json:
    made: Json = {
        "summary": what.summary,
        "operationId": _name_of(method, path),
        "tags": list(what.tags),
        "x-who": what.who.value,
        "security": _security(what.who),
        "responses": {
            **{
                str(status): _answer(status, answer, what, schemas) for status, answer in what.answers.items()
            },
            **_problems(method, path, what),
        },
    }
    if what.more:
        made["description"] = cleandoc(what.more)
    if parameters := list(_parameters(path, what, schemas)):
        made["parameters"] = parameters
    if what.body is not None:
        made["requestBody"] = {"required": True, "content": _content(what.body, schemas.asked)}
    return made


def _name_of(method: str, path: str) -> str:
    words = path.removeprefix("/v1/").replace("{", "").replace("}", "").replace(".", "/").split("/")
    return "_".join([method.lower(), *(word.replace("-", "_") for word in words)])


def _security(who: Who) -> list[Json]:
    if who is Who.PUBLIC:
        return []
    return [{"hub": []}] if who is Who.HUB else [{"session": []}]


def _parameters(path: str, what: Description, schemas: _Schemas) -> Iterator[Json]:
    if what.path is not None:
        yield from schemas.parameters(what.path, "path")
    else:
        for part in path.split("{")[1:]:
            name = part.partition("}")[0]
            yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    if what.query is not None:
        yield from schemas.parameters(what.query, "query")
    if what.moves_money:
        yield _header(HEADER, "new for each new request, the same when it is sent again", pattern=KEY_PATTERN)
    if what.if_match:
        yield _header("If-Match", "the `ETag` of what was read")


def _header(name: str, text: str, **more: str) -> Json:
    return {
        "name": name,
        "in": "header",
        "required": True,
        "description": text,
        "schema": {"type": "string", **more},
    }


def _answer(status: int, answer: object, what: Description, schemas: _Schemas) -> Json:
    made: Json = {"description": HTTPStatus(status).phrase}
    headers = {}
    if what.etag and status < 300:
        headers["ETag"] = {"required": True, "schema": {"type": "string"}}
    if what.moves_money:
        headers[AGAIN_HEADER] = {"schema": {"type": "string", "const": "true"}}
    if headers:
        made["headers"] = headers
    if answer is not None:
        made["content"] = _content(answer, schemas.shown)
    return made


def _content(answer: object, schema_of: Any) -> Json:
    if isinstance(answer, Media):
        return {answer.content_type: {}}
    return {"application/json": {"schema": schema_of(answer)}}


def _problems(method: str, path: str, what: Description) -> dict[str, Json]:
    """By status, each with the kinds that it may be."""
    by_status: dict[str, list[Kind]] = {}
    for kind in dict.fromkeys([*_usual_problems(method, path, what), *what.problems]):
        by_status.setdefault(str(kind.status), []).append(kind)
    made = {status: _problem_answer(status, group) for status, group in sorted(by_status.items())}
    return {**made, "5XX": _problem_answer("5XX", [kinds.OUR_MISTAKE, kinds.TRY_AGAIN_LATER])}


def _usual_problems(method: str, path: str, what: Description) -> Iterator[Kind]:
    if "{" in path:
        yield kinds.NOT_FOUND  # a value that no address can have
    if what.path or what.query or what.body or what.moves_money:
        yield kinds.BAD_REQUEST
    if what.body:
        yield kinds.BODY_TOO_LARGE
    if what.who is not Who.PUBLIC:
        yield kinds.NOT_A_HUB if what.who is Who.HUB else kinds.NOT_SIGNED_IN
    if what.who is Who.OPERATOR:
        yield kinds.NOT_ALLOWED
    if method not in ("GET", "HEAD") and what.who is not Who.HUB:
        yield kinds.REFUSED
    if what.moves_money:
        yield from (kinds.IN_PROGRESS, kinds.KEY_USED)
    if what.if_match:
        yield from (kinds.STALE, kinds.CONDITION_NEEDED)


def _problem_answer(status: str, group: list[Kind]) -> Json:
    text = "; ".join(f"{kind.title} (`{kind.address}`)" for kind in group)
    schema: Json = {"$ref": "#/components/schemas/Problem"}
    if status != "5XX":
        addresses = [kind.address for kind in group]
        schema = {"allOf": [schema, {"properties": {"type": {"enum": addresses}}}]}
    return {"description": text, "content": {"application/problem+json": {"schema": schema}}}
