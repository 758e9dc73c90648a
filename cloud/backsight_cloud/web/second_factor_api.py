"""One-time codes as a second factor: set up, confirmed, taken away; recovery codes, shown once."""

from aiohttp import web

from backsight_cloud.web import account_kinds as kinds
from backsight_cloud.web.access import account_of
from backsight_cloud.web.account_kinds import account_problems
from backsight_cloud.web.account_models import (
    BothFactors,
    OnlyCode,
    OnlyPassword,
    RecoveryCodes,
    ShownFactor,
    ShownSetup,
    answer,
    done,
)
from backsight_cloud.web.described import Who, asked_body, described
from backsight_cloud.web.keys import PEOPLE
from backsight_cloud.web.problem_kinds import TOO_MANY_TRIES

_TAGS = ("second factor",)
_BOTH = (kinds.WRONG_PASSWORD, kinds.WRONG_CODE, kinds.FACTOR_IS_OFF, TOO_MANY_TRIES)


def routes() -> list[web.RouteDef]:
    """What has a body is no DELETE: some proxies drop it."""
    return [
        web.get("/v1/account/second-factor", _show),
        web.post("/v1/account/second-factor", _begin),
        web.put("/v1/account/second-factor", _confirm),
        web.post("/v1/account/second-factor/removal", _take_away),
        web.post("/v1/account/recovery-codes", _new_codes),
    ]


@described("Show whether one-time codes are asked for", who=Who.OWNER, tags=_TAGS, answers={200: ShownFactor})
async def _show(request: web.Request) -> web.Response:
    state = await request.app[PEOPLE].second_factors.state(await account_of(request))
    shown = ShownFactor(
        on=state.is_on, since_ms=state.since_ms, recovery_codes_left=state.recovery_codes_left
    )
    return answer(shown)


@described(
    "Begin to set up one-time codes",
    who=Who.OWNER,
    tags=_TAGS,
    body=OnlyPassword,
    answers={201: ShownSetup},
    problems=(kinds.WRONG_PASSWORD, kinds.ADDRESS_NOT_CONFIRMED, kinds.FACTOR_IS_ON, TOO_MANY_TRIES),
)
async def _begin(request: web.Request) -> web.Response:
    """The secret is shown here and nowhere else; it counts after a code of it was shown."""
    account, asked = await account_of(request), asked_body(request, OnlyPassword)
    with account_problems():
        setup = await request.app[PEOPLE].second_factors.begin(account, asked.password)
    return answer(ShownSetup(secret=setup.secret, uri=setup.uri), 201)


@described(
    "Ask for one-time codes from now on",
    who=Who.OWNER,
    tags=_TAGS,
    body=OnlyCode,
    answers={200: RecoveryCodes},
    problems=(kinds.WRONG_CODE, kinds.FACTOR_IS_ON, kinds.FACTOR_IS_OFF, TOO_MANY_TRIES),
)
async def _confirm(request: web.Request) -> web.Response:
    """`code` is what the app shows now."""
    account, asked = await account_of(request), asked_body(request, OnlyCode)
    with account_problems():
        codes = await request.app[PEOPLE].second_factors.confirm(account, asked.code)
    return answer(RecoveryCodes(recovery_codes=list(codes)))


@described(
    "Take the second factor away",
    who=Who.OWNER,
    tags=_TAGS,
    body=BothFactors,
    answers={204: None},
    problems=_BOTH,
)
async def _take_away(request: web.Request) -> web.Response:
    account, asked = await account_of(request), asked_body(request, BothFactors)
    with account_problems():
        await request.app[PEOPLE].second_factors.take_away(account, asked.password, asked.code)
    return done()


@described(
    "Make new recovery codes",
    who=Who.OWNER,
    tags=_TAGS,
    body=BothFactors,
    answers={201: RecoveryCodes},
    problems=_BOTH,
)
async def _new_codes(request: web.Request) -> web.Response:
    """The old ones are worth nothing any more."""
    account, asked = await account_of(request), asked_body(request, BothFactors)
    with account_problems():
        codes = await request.app[PEOPLE].second_factors.new_recovery_codes(
            account, asked.password, asked.code
        )
    return answer(RecoveryCodes(recovery_codes=list(codes)), 201)
