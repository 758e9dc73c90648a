"""Guards every request: headers, time, cross-site forgery, and how long an answer may take."""

import asyncio
import hmac
import re
from urllib.parse import urlsplit

from aiohttp import web

from backsight_cloud.web.access import csrf_token, session_secret
from backsight_cloud.web.keys import CLOCK
from backsight_cloud.web.problems import ANSWER_BEGUN, Handler, Problem
from backsight_shared.wire import TIME_HEADER

MOST_BODY_BYTES = 1024 * 1024  # of a request that is read whole; uploads are streamed and bound themselves

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "font-src 'self'; connect-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; "
        "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
# Proven by a token, a signed address or a signature, never by a cookie.
_NO_COOKIE = ("/v1/hub/", "/v1/objects/", "/v1/payment-hook", "/mail/unsubscribe/")

_USUAL_S = 30.0  # seconds for a request and its whole answer
_MEDIA_S = 3600.0  # a long clip over a slow line
_MEDIA = re.compile(r"/v1/objects/.*|/v1/cameras/[^/]+/(clip\.mp4|runs/.*|segments/.*)")


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """On every answer: what a browser may do with it, and our time for hubs."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "backsight"  # the versions of what we are built on are nobody's business
    response.headers[TIME_HEADER] = str(request.app[CLOCK].now_ms())
    request[ANSWER_BEGUN] = True


@web.middleware
async def bound_time(request: web.Request, handler: Handler) -> web.StreamResponse:
    """End what takes too long, so that slow clients do not pile up."""
    async with asyncio.timeout(_MEDIA_S if _MEDIA.fullmatch(request.path) else _USUAL_S):
        return await handler(request)


@web.middleware
async def refuse_forgery(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Unsafe requests must come from our own pages; forms of a session carry its token as well."""
    if request.method not in _SAFE and not request.path.startswith(_NO_COOKIE):
        _refuse_other_sites(request)
        if session_secret(request) and request.content_type in _FORMS and request.can_read_body:
            await _refuse_without_token(request)
    return await handler(request)


def _refuse_other_sites(request: web.Request) -> None:
    """Browsers say where a request comes from; a program without a session has nothing to be stolen."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        ours = site == "same-origin"
    elif origin is not None:
        ours = urlsplit(origin).netloc == request.host
    else:
        ours = not session_secret(request)
    if not ours:
        raise Problem(403, "Refused", "this must come from our own pages (Sec-Fetch-Site or Origin)")


async def _refuse_without_token(request: web.Request) -> None:
    given = request.headers.get("X-CSRF-Token")
    if given is None:
        field = (await request.post()).get("csrf")
        given = field if isinstance(field, str) else ""
    if not hmac.compare_digest(given.encode(), csrf_token(request).encode()):
        raise Problem(403, "Refused", "this form is from an earlier session: load the page again")
