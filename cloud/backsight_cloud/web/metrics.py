"""The page of metrics, on a listener of its own: an operator's, never a part of what the world can reach.

Requests are counted here as well: by the route as it is written in the code, never by what strangers ask for.
"""

import hmac
import time
from collections.abc import Callable, Iterable
from ipaddress import ip_address

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from backsight_cloud.domain.vitals import UNKNOWN, Requests
from backsight_shared.exposition import OPENMETRICS, PLAIN, Family, accepts_openmetrics, expose

Page = Callable[[], Iterable[Family]]


def metrics_site(page: Page, token: str | None) -> web.Application:
    """`GET /metrics`, for who has the token; without one, for this machine's own programs."""

    async def metrics(request: web.Request) -> web.Response:
        _refuse_strangers(request, token)
        openmetrics = accepts_openmetrics(request.headers.get(hdrs.ACCEPT, ""))
        text = expose(page(), openmetrics=openmetrics)
        headers = {"Content-Type": OPENMETRICS if openmetrics else PLAIN, "Cache-Control": "no-store"}
        return web.Response(body=text.encode(), headers=headers)

    site = web.Application()
    site.router.add_get("/metrics", metrics)
    return site


def counting(requests: Requests) -> Middleware:
    """Counts every request, and how long it took."""

    @web.middleware
    async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
        began, status = time.perf_counter(), 0
        try:
            answer = await handler(request)
            status = answer.status
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            requests.answered(_route(request), request.method, status, time.perf_counter() - began)
        return answer

    return counted


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else UNKNOWN


def _refuse_strangers(request: web.Request, token: str | None) -> None:
    """Raises HTTPUnauthorized, or HTTPMisdirectedRequest for a name that a web page made up for us."""
    if token is None:
        if not _is_this_machine(request.headers.get(hdrs.HOST, "")):
            raise web.HTTPMisdirectedRequest(text="Use the address in digits, or localhost\n")
        return
    scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), token.encode()):
        raise web.HTTPUnauthorized(headers={hdrs.WWW_AUTHENTICATE: "Bearer"}, text="Not without the token\n")


def _is_this_machine(host: str) -> bool:
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name.lower() == "localhost"
