"""Tells a monitor whether every part of the service is well, without saying more to a stranger."""

from collections.abc import Mapping

from aiohttp import web

from backsight_cloud.web.described import Who, described
from backsight_cloud.web.owner_shapes import Health

PROBLEMS: web.AppKey[Mapping[str, str]] = web.AppKey("problems")  # by the name of the worker, newest text


def routes() -> list[web.RouteDef]:
    """`GET /v1/health`: 200 when all is well, else 503 with the workers that are in trouble."""
    return [web.get("/v1/health", _health)]


@described("How the service is", who=Who.PUBLIC, tags=("service",), answers={200: Health, 503: Health})
async def _health(request: web.Request) -> web.Response:
    problems = request.app[PROBLEMS]
    troubled = sorted(problems)
    return web.json_response({"ok": not troubled, "troubled": troubled}, status=503 if troubled else 200)
