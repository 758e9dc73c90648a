"""Answers what went wrong as application/problem+json: what, and the way out."""

import json
import logging
from collections.abc import Mapping

from aiohttp import web
from aiohttp.typedefs import Handler

from backsight_agent.ports import StoreFailed, StoreFull
from backsight_shared.shapes import write

log = logging.getLogger(__name__)


class Problem(Exception):
    """An answer that says no. `more` adds members of its own."""

    def __init__(
        self, status: int, title: str, detail: str, more: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail, self.more = status, title, detail, more or {}


@web.middleware
async def answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """No caller ever sees a traceback or an HTML page."""
    try:
        return await handler(request)
    except Problem as problem:
        return _answer(problem)
    except web.HTTPException as error:
        return _answer(Problem(error.status, error.reason, _DETAILS.get(error.status, error.reason)))
    except (StoreFailed, StoreFull) as error:
        return _answer(Problem(503, "The store does not answer", str(error)))
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        return _answer(Problem(500, "The agent failed", "This is a defect: the agent's log says more"))


_DETAILS = {
    404: "There is nothing at this address; /cameras lists what there is",
    405: "Everything here is read with GET; /cameras/{camera}/erase takes POST",
}


def _answer(problem: Problem) -> web.Response:
    body = {"title": problem.title, "status": problem.status, "detail": problem.detail, **problem.more}
    headers = {"Cache-Control": "no-store"}
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    text = json.dumps(write(body), ensure_ascii=False)
    return web.Response(
        status=problem.status, text=text, content_type="application/problem+json", headers=headers
    )
