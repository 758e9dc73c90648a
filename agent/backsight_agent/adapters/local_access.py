"""Who may read the local API: this machine's own programs, or whoever has the token.

The Host header is checked because a web page can make a browser believe that its own name is this address
(DNS rebinding), and then read what it is answered. An address in digits cannot be rebound; a name can.
"""

import hmac
import ipaddress
import socket

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from backsight_agent.adapters.local_problems import Problem


def check_host(*, lan: bool) -> Middleware:
    """Lets pass only requests that name this machine by its address or a name of its own."""
    own = {"localhost"} | (_own_names() if lan else set())

    @web.middleware
    async def checked(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = _without_port(request.headers.get(hdrs.HOST, ""))
        if host.lower() not in own and not _is_address(host, lan=lan):
            detail = "Use the address in digits, or localhost: other names could be a web page's trick"
            raise Problem(421, "This machine is not called that", detail)
        return await handler(request)

    return checked


def check_token(token: str) -> Middleware:
    """Lets pass only requests with the token: `Authorization: Bearer ...`, or `?token=` for players."""

    @web.middleware
    async def checked(request: web.Request, handler: Handler) -> web.StreamResponse:
        scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if scheme.lower() != "bearer":
            given = request.query.get("token", "")
        if not hmac.compare_digest(given.strip().encode(), token.encode()):
            raise Problem(401, "Not without the token", "Give the token of token_file as Bearer or ?token=")
        return await handler(request)

    return checked


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_address(host: str, *, lan: bool) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return lan or address.is_loopback


def _own_names() -> set[str]:
    name = socket.gethostname().lower()
    return {name, f"{name.partition('.')[0]}.local"}
