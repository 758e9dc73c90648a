"""Signing in, in one step or two; the sessions of an account, and their end."""

from aiohttp import web

from backsight_cloud.domain.browsers import described as browser_named
from backsight_cloud.domain.records import Account
from backsight_cloud.services.accounts import SESSION_LIFE_MS, SecondFactorNeeded
from backsight_cloud.services.sessions import SessionView
from backsight_cloud.web import account_kinds as kinds
from backsight_cloud.web.access import account_of, address_of, clear_session, session_secret, set_session
from backsight_cloud.web.account_kinds import account_problems
from backsight_cloud.web.account_models import (
    Challenge,
    Ended,
    SecondStep,
    SessionNamed,
    ShownSession,
    ShownSessions,
    SignedIn,
    SignIn,
    Which,
    answer,
    done,
)
from backsight_cloud.web.described import Who, asked_body, asked_path, asked_query, described
from backsight_cloud.web.keys import ACCOUNTS, PEOPLE
from backsight_cloud.web.problem_kinds import NOT_SIGNED_IN, TOO_MANY_TRIES

_TAGS = ("sessions",)


def routes() -> list[web.RouteDef]:
    """`current` is the session that asks."""
    return [
        web.post("/v1/sessions", _sign_in),
        web.post("/v1/sessions/second-factor", _second_step),
        web.get("/v1/sessions", _list),
        web.delete("/v1/sessions", _sign_out_everywhere),
        web.delete("/v1/sessions/current", _sign_out),
        web.delete("/v1/sessions/{session}", _end),
    ]


def browser_of(request: web.Request) -> str:
    """A few words for the list of sessions."""
    return browser_named(request.headers.get("User-Agent", ""))


@described(
    "Sign in",
    who=Who.PUBLIC,
    tags=_TAGS,
    body=SignIn,
    answers={201: SignedIn, 202: Challenge},
    problems=(NOT_SIGNED_IN, kinds.ADDRESS_NOT_CONFIRMED, TOO_MANY_TRIES),
)
async def _sign_in(request: web.Request) -> web.Response:
    """201 with a cookie; or 202 with a challenge, when a one-time code is needed as well."""
    asked = asked_body(request, SignIn)
    with account_problems():
        try:
            secret, account = await request.app[ACCOUNTS].sign_in(
                asked.email, asked.password, address_of(request), browser_of(request)
            )
        except SecondFactorNeeded as needed:
            return answer(Challenge(challenge=needed.challenge, until_ms=needed.expires_ms), 202)
    return _signed_in(secret, account)


@described(
    "Sign in: the second step",
    who=Who.PUBLIC,
    tags=_TAGS,
    body=SecondStep,
    answers={201: SignedIn},
    problems=(NOT_SIGNED_IN, TOO_MANY_TRIES),
)
async def _second_step(request: web.Request) -> web.Response:
    """A one-time code, or a recovery code in its place; each is good once."""
    asked = asked_body(request, SecondStep)
    secret, account = await request.app[ACCOUNTS].second_step(
        asked.challenge, asked.code, address_of(request), browser_of(request)
    )
    return _signed_in(secret, account)


@described("List the sessions", who=Who.OWNER, tags=_TAGS, answers={200: ShownSessions})
async def _list(request: web.Request) -> web.Response:
    """The one that was used last first."""
    account = await account_of(request)
    views = await request.app[PEOPLE].sessions.of(account.id, session_secret(request))
    return answer(ShownSessions(sessions=[_shown(view) for view in views]))


@described("Sign out everywhere", who=Who.OWNER, tags=_TAGS, query=Which, answers={200: Ended})
async def _sign_out_everywhere(request: web.Request) -> web.Response:
    account, others = await account_of(request), asked_query(request, Which).others
    here = session_secret(request) if others else ""
    response = answer(Ended(sessions_ended=await request.app[PEOPLE].sessions.end_all(account.id, here)))
    if not others:
        clear_session(response)
    return response


@described("Sign out", who=Who.PUBLIC, tags=_TAGS, answers={204: None})
async def _sign_out(request: web.Request) -> web.Response:
    """Without a session there is nothing to end, and that is no trouble."""
    if secret := session_secret(request):
        await request.app[ACCOUNTS].sign_out(secret)
    response = done()
    clear_session(response)
    return response


@described(
    "End one session",
    who=Who.OWNER,
    tags=_TAGS,
    path=SessionNamed,
    answers={204: None},
    problems=(kinds.NO_SUCH_SESSION,),
)
async def _end(request: web.Request) -> web.Response:
    account, named = await account_of(request), asked_path(request, SessionNamed)
    with account_problems():
        await request.app[PEOPLE].sessions.end(account.id, named.session)
    return done()


def _signed_in(secret: str, account: Account) -> web.Response:
    who = SignedIn(
        account=account.id,
        email=account.email,
        zone=account.zone,
        role=account.role,
        confirmed=account.confirmed_ms is not None,
    )
    response = answer(who, 201)
    set_session(response, secret, SESSION_LIFE_MS // 1000)
    return response


def _shown(view: SessionView) -> ShownSession:
    session = view.session
    return ShownSession(
        id=session.id,
        current=view.current,
        browser=session.browser,
        address=session.address,
        created_ms=session.created_ms,
        seen_ms=session.seen_ms,
        expires_ms=session.expires_ms,
    )
