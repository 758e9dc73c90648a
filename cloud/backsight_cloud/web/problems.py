"""Answers errors: problem+json (RFC 9457) for programs, a page for browsers, and never our insides."""

import logging
import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web

from backsight_cloud.domain.versions import Stale
from backsight_cloud.services.accounts import SignInRefused
from backsight_cloud.services.limits import TooManyTries
from backsight_cloud.web.problem_kinds import STALE, Kind, kind_of
from backsight_cloud.web.rendering import DashboardNotBuilt, page
from backsight_shared.errors import Malformed, NeedsAttention, TryLater

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ANSWER_BEGUN: web.RequestKey[bool] = web.RequestKey("answer_begun")  # some of the answer has gone out

log = logging.getLogger(__name__)


class Problem(Exception):
    """What went wrong, for whoever asked. `extra` are more members of the JSON object."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str = "",
        *,
        headers: dict[str, str] | None = None,
        extra: dict[str, object] | None = None,
    ) -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status = status
        self.title = title
        self.detail = detail
        self.headers = headers or {}
        self.extra = extra or {}

    @classmethod
    def of(
        cls,
        kind: Kind,
        detail: str = "",
        *,
        headers: dict[str, str] | None = None,
        extra: dict[str, object] | None = None,
    ) -> "Problem":
        """One of a declared kind."""
        return cls(kind.status, kind.title, detail, headers=headers, extra=extra)


@web.middleware
async def answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into an answer; one after the answer has begun can only end the connection."""
    try:
        return await handler(request)
    except web.HTTPException as answer:
        if answer.status < 400:
            raise
        headers = {name: answer.headers[name] for name in ("Allow",) if name in answer.headers}
        return _answer(request, Problem(answer.status, answer.reason, headers=headers))
    except Problem as problem:
        return _answer(request, problem)
    except Exception as error:
        if request.get(ANSWER_BEGUN):
            raise
        return _answer(request, problem_of(error) or _told_to_the_log(error, request))


def problem_of(error: Exception) -> Problem | None:
    """What an error says to whoever asked, when it is about what they asked; None for our own troubles."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, TooManyTries):
        return Problem(429, "Too many tries", str(error), headers={"Retry-After": str(error.wait_s)})
    if isinstance(error, SignInRefused):
        return Problem(401, "Not signed in", str(error))
    if isinstance(error, Malformed):
        return Problem(400, "Bad request", str(error))
    if isinstance(error, Stale):
        return Problem.of(STALE, str(error))
    if isinstance(error, NeedsAttention):
        return Problem(422, "Refused", str(error))
    return None


def _told_to_the_log(error: Exception, request: web.Request) -> Problem:
    if isinstance(error, TryLater | TimeoutError):
        log.warning("%s %s: %s: %s", request.method, request.path, type(error).__name__, error)
        return Problem(503, "Try again later", "the service is busy", headers={"Retry-After": "5"})
    reference = secrets.token_hex(4)
    log.error("%s %s failed (reference %s)", request.method, request.path, reference, exc_info=error)
    return Problem(500, "Our mistake", f"something went wrong here; reference {reference}")


def _answer(request: web.Request, problem: Problem) -> web.Response:
    if "text/html" in request.headers.get("Accept", ""):
        return _page(problem)
    return web.json_response(
        problem_json(problem),
        status=problem.status,
        headers=problem.headers,
        content_type="application/problem+json",
    )


def problem_json(problem: Problem) -> dict[str, object]:
    """The JSON object that says it."""
    kind = kind_of(problem.status, problem.title)
    body: dict[str, object] = {
        "type": kind.address if kind else "about:blank",
        "title": problem.title,
        "status": problem.status,
    }
    if problem.detail:
        body["detail"] = problem.detail
    return body | problem.extra


def _page(problem: Problem) -> web.Response:
    """The same for a person, whether or not they are signed in."""
    detail = problem.detail or _phrase(problem.status)
    try:
        answer = page(
            "stopped.html", status=problem.status, zone="UTC", headline=problem.title, detail=detail
        )
    except DashboardNotBuilt as error:
        answer = web.Response(status=problem.status, text=f"{problem.title}: {detail} ({error})")
    answer.headers.update(problem.headers)
    return answer


def _phrase(status: int) -> str:
    return HTTPStatus(status).description
