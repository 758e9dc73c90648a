"""How an endpoint says what it is: for the document at /v1/openapi.json, and for the check before it runs.

    @described(
        "Erase some of a history, in two steps",
        who=Who.OWNER,
        tags=("history",),
        path=CameraPath, body=Erase,
        answers={200: Erased},
        problems=(NO_SUCH_CAMERA, NOT_CONFIRMED),
    )
    async def _erase(request: web.Request) -> web.Response:
        wanted = asked_body(request, Erase)

First it is found out who asks, then path, query and body are checked (400 with `field`), then it runs.
A pydantic model is checked here; a plain dataclass (a hub's message) is only described: its handler reads it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import wraps
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel

from backsight_cloud.domain.people import Role
from backsight_cloud.web import problem_kinds as kinds
from backsight_cloud.web.access import account_of, hub_of
from backsight_cloud.web.checking import check_body, check_query
from backsight_cloud.web.etags import expected
from backsight_cloud.web.idempotency import once
from backsight_cloud.web.problem_kinds import Kind
from backsight_cloud.web.problems import Handler, Problem

Model = TypeVar("Model", bound=BaseModel)

_PATH: web.RequestKey[BaseModel] = web.RequestKey("asked_path")
_QUERY: web.RequestKey[BaseModel] = web.RequestKey("asked_query")
_BODY: web.RequestKey[BaseModel] = web.RequestKey("asked_body")
_DESCRIPTION = "backsight_description"  # on the handler, for whoever walks the router


class Who(StrEnum):
    """Who may ask."""

    PUBLIC = "public"
    OWNER = "owner"  # the account to which it belongs; what is another's does not exist for it
    VIEWER = "viewer"  # the owner, and whom they share the camera with
    OPERATOR = "operator"
    HUB = "hub"


@dataclass(frozen=True, slots=True)
class Media:
    """An answer that is no JSON."""

    content_type: str


Answer = type | Media | None  # None: no body


@dataclass(frozen=True, slots=True)
class Description:
    """All that is said of an endpoint."""

    summary: str
    who: Who
    tags: tuple[str, ...]
    answers: Mapping[int, Answer]
    path: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    body: type | Media | None = None
    problems: tuple[Kind, ...] = ()
    moves_money: bool = False  # then `Idempotency-Key` is required
    if_match: bool = False  # then `If-Match` is required; the handler calls `etags.expected`
    etag: bool = False  # the answer has an `ETag`
    more: str = field(default="", repr=False)  # the handler's docstring


def described(
    summary: str,
    *,
    who: Who,
    tags: tuple[str, ...],
    answers: Mapping[int, Answer],
    path: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    body: type | Media | None = None,
    problems: tuple[Kind, ...] = (),
    moves_money: bool = False,
    if_match: bool = False,
    etag: bool = False,
) -> Callable[[Handler], Handler]:
    """Describe a handler, and check who asks and what before it runs."""

    def decorate(handler: Handler) -> Handler:
        description = Description(
            summary,
            who,
            tags,
            answers,
            path,
            query,
            body,
            problems,
            moves_money,
            if_match,
            etag,
            more=handler.__doc__ or "",
        )
        answer = _checked(handler, description)
        setattr(answer, _DESCRIPTION, description)
        return answer

    return decorate


def description_of(handler: object) -> Description | None:
    """What was said of a handler, if it was."""
    return getattr(handler, _DESCRIPTION, None)


def asked_path(request: web.Request, model: type[Model]) -> Model:
    """The checked parameters of the address's path."""
    return _of_kind(request[_PATH], model)


def asked_query(request: web.Request, model: type[Model]) -> Model:
    """The checked parameters behind the question mark."""
    return _of_kind(request[_QUERY], model)


def asked_body(request: web.Request, model: type[Model]) -> Model:
    """The checked body."""
    return _of_kind(request[_BODY], model)


def _of_kind(value: BaseModel, model: type[Model]) -> Model:
    if not isinstance(value, model):
        raise TypeError(f"the endpoint is described with {type(value).__name__}, not {model.__name__}")
    return value


def _checked(handler: Handler, description: Description) -> Handler:
    ask, path, query, body = _ASKING[description.who], description.path, description.query, description.body
    run = once(handler) if description.moves_money else handler
    model = body if isinstance(body, type) and issubclass(body, BaseModel) else None

    @wraps(handler)
    async def answer(request: web.Request) -> web.StreamResponse:
        if ask is not None:
            await ask(request)
        if path is not None:
            request[_PATH] = check_query(path, request.match_info)
        if query is not None:
            request[_QUERY] = check_query(query, request.query)
        if model is not None:
            request[_BODY] = check_body(model, await request.read())
        if description.if_match:
            expected(request)
        return await run(request)

    return answer


async def _operator(request: web.Request) -> None:
    if (await account_of(request)).role is not Role.OPERATOR:
        raise Problem.of(kinds.NOT_ALLOWED, "this is for an operator of the service")


_ASKING: dict[Who, Callable[[web.Request], Awaitable[object]] | None] = {
    Who.PUBLIC: None,
    Who.OWNER: account_of,
    Who.VIEWER: account_of,
    Who.OPERATOR: _operator,
    Who.HUB: hub_of,
}
