"""Keeps one change from undoing another: `ETag` on what is read, `If-Match` on what changes it (RFC 9110).

tag = tag_of(account.email, account.zone)     # whatever a change of the thing changes
return tagged(web.json_response(...), tag)    # GET
await service.change(..., expected(request))  # PATCH, PUT: it calls `expected.refuse_stale(tag)`
"""

from aiohttp import web

from backsight_cloud.domain.versions import Expected
from backsight_cloud.web.problem_kinds import CONDITION_NEEDED
from backsight_cloud.web.problems import Problem


def tagged(response: web.Response, tag: str) -> web.Response:
    """The response with its version."""
    response.headers["ETag"] = f'"{tag}"'
    return response


def expected(request: web.Request) -> Expected:
    """Which versions the request may change; raises Problem 428 when it does not say.

    The service compares inside its transaction: between a check out here and the change another could come.
    """
    given = request.headers.getall("If-Match", [])
    if not given:
        raise Problem.of(CONDITION_NEEDED, "If-Match must be the ETag of what you read")
    tags = [part.strip() for line in given for part in line.split(",")]
    if "*" in tags:
        return Expected(None)
    return Expected(frozenset(tag[1:-1] for tag in tags if len(tag) > 2 and tag[0] == tag[-1] == '"'))
