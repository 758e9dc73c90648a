"""Finds out who is asking: a hub by its token, a person by the session cookie."""

import hashlib
import hmac

from aiohttp import web

from backsight_cloud.domain.records import Account, Hub
from backsight_cloud.web.keys import ACCOUNTS, ASKING_HUB, DATABASE, IDENTITY, MACHINE, SETTINGS, SIGNED_IN
from backsight_cloud.web.problems import Problem
from backsight_shared.signing import BadSignature, hub_of_token, verify_hub_token

SESSION_COOKIE = "__Host-backsight"

_BEARER = "Bearer "
_LONGEST_TOKEN = 4096  # characters


async def hub_of(request: web.Request) -> Hub:
    """The paired hub that signed the request's token; raises Problem 401."""
    if ASKING_HUB in request:
        return request[ASKING_HUB]
    token = request.headers.get("Authorization", "")
    if not token.startswith(_BEARER) or len(token) > _LONGEST_TOKEN:
        raise _not_a_hub("a hub's token is needed")
    token = token.removeprefix(_BEARER).strip()
    try:
        hub_id = hub_of_token(token)
        async with request.app[DATABASE].read() as view:
            hub = await view.hubs.hub(hub_id)
        if hub is None or hub.unpaired_ms is not None:
            raise _not_a_hub("this hub is not paired with this cloud")
        now_s = request.app[MACHINE].now_ms() // 1000
        verify_hub_token(token, hub.public_key_pem.encode(), request.app[IDENTITY], now_s)
    except BadSignature as error:
        raise _not_a_hub(str(error)) from error
    request[ASKING_HUB] = hub
    return hub


async def account_of(request: web.Request) -> Account:
    """Whose session the request has; raises Problem 401."""
    if SIGNED_IN in request:
        return request[SIGNED_IN]
    secret = session_secret(request)
    account = await request.app[ACCOUNTS].signed_in(secret) if secret else None
    if account is None:
        raise Problem(401, "Not signed in", "sign in first")
    request[SIGNED_IN] = account
    return account


def session_secret(request: web.Request) -> str:
    """The session's secret from the cookie, or nothing."""
    return request.cookies.get(SESSION_COOKIE, "")


def set_session(response: web.StreamResponse, secret: str, life_s: int) -> None:
    """Give the browser its session, out of the reach of scripts and of other sites."""
    response.set_cookie(
        SESSION_COOKIE, secret, max_age=life_s, path="/", secure=True, httponly=True, samesite="Lax"
    )


def clear_session(response: web.StreamResponse) -> None:
    """Take the session's cookie back."""
    response.del_cookie(SESSION_COOKIE, path="/", secure=True, httponly=True, samesite="Lax")


def csrf_token(request: web.Request) -> str:
    """What a form of this session carries in its field `csrf`; nothing without a session.

    Derived from the session's secret, so that it needs no storage and ends with the session.
    """
    secret = session_secret(request)
    return hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest() if secret else ""


def address_of(request: web.Request) -> str:
    """Who is limited for trying too often: the other end, or whom our own proxy names last."""
    if request.app[SETTINGS].http.behind_proxy:
        named = request.headers.get("X-Forwarded-For", "").split(",")[-1].strip()
        if named:
            return named
    return request.remote or ""


def _not_a_hub(detail: str) -> Problem:
    return Problem(401, "Not a paired hub", detail, headers={"WWW-Authenticate": "Bearer"})
