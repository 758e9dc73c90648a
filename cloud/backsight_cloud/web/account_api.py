"""What people ask about their own account: making one, its address, its password, its time zone."""

from aiohttp import web

from backsight_cloud.domain.records import Account
from backsight_cloud.services.credentials import version_of
from backsight_cloud.web import account_kinds as kinds
from backsight_cloud.web.access import account_of, address_of, clear_session, session_secret
from backsight_cloud.web.account_kinds import account_problems
from backsight_cloud.web.account_models import (
    AccountChange,
    AddressChange,
    Confirmed,
    Ended,
    Forgotten,
    Mailed,
    NewPassword,
    Opened,
    PasswordChange,
    ShownAccount,
    SignUp,
    TokenNamed,
    answer,
    done,
)
from backsight_cloud.web.described import Who, asked_body, asked_path, described
from backsight_cloud.web.etags import expected, tagged
from backsight_cloud.web.keys import PEOPLE, SETTINGS
from backsight_cloud.web.problem_kinds import CANNOT_BE_DONE, TOO_MANY_TRIES

_TAGS = ("account",)


def routes() -> list[web.RouteDef]:
    """Links in mails lead to pages, which ask and then call these: opening a link changes nothing."""
    return [
        web.post("/v1/accounts", _sign_up),
        web.post("/v1/accounts/confirmations", _confirm),
        web.get("/v1/account", _show),
        web.patch("/v1/account", _change),
        web.post("/v1/account/confirmation", _send_again),
        web.put("/v1/account/password", _change_password),
        web.post("/v1/account/address-changes", _change_address),
        web.put("/v1/address-changes/{token}", _confirm_address),
        web.post("/v1/password-resets", _forgotten),
        web.put("/v1/password-resets/{token}", _reset),
    ]


@described(
    "Make an account",
    who=Who.PUBLIC,
    tags=_TAGS,
    body=SignUp,
    answers={202: Mailed},
    problems=(kinds.NO_SIGN_UP, CANNOT_BE_DONE, TOO_MANY_TRIES),
)
async def _sign_up(request: web.Request) -> web.Response:
    """The same answer whether or not the address has an account already: the mail says it."""
    asked = asked_body(request, SignUp)
    zone = asked.zone or request.app[SETTINGS].accounts.zone
    with account_problems():
        await request.app[PEOPLE].signing_up.sign_up(asked.email, asked.password, zone, address_of(request))
    return answer(Mailed(), 202)


@described(
    "Confirm an e-mail address",
    who=Who.PUBLIC,
    tags=_TAGS,
    body=Opened,
    answers={200: Confirmed},
    problems=(kinds.LINK_IS_OVER, TOO_MANY_TRIES),
)
async def _confirm(request: web.Request) -> web.Response:
    token = asked_body(request, Opened).token
    with account_problems():
        account = await request.app[PEOPLE].signing_up.confirm(token, address_of(request))
    return answer(Confirmed(email=account.email))


@described(
    "Have the confirming mail sent again",
    who=Who.OWNER,
    tags=_TAGS,
    answers={202: Mailed},
    problems=(TOO_MANY_TRIES,),
)
async def _send_again(request: web.Request) -> web.Response:
    await request.app[PEOPLE].signing_up.send_again(await account_of(request))
    return answer(Mailed(), 202)


@described("Show the account", who=Who.OWNER, tags=_TAGS, answers={200: ShownAccount}, etag=True)
async def _show(request: web.Request) -> web.Response:
    return await _shown(request, await account_of(request))


@described(
    "Change the time zone",
    who=Who.OWNER,
    tags=_TAGS,
    body=AccountChange,
    answers={200: ShownAccount},
    problems=(CANNOT_BE_DONE, kinds.LINK_IS_OVER),
    etag=True,
    if_match=True,
)
async def _change(request: web.Request) -> web.Response:
    account, asked = await account_of(request), asked_body(request, AccountChange)
    with account_problems():
        changed = await request.app[PEOPLE].credentials.set_zone(account, asked.zone, expected(request))
    return await _shown(request, changed)


@described(
    "Change the password",
    who=Who.OWNER,
    tags=_TAGS,
    body=PasswordChange,
    answers={200: Ended},
    problems=(kinds.WRONG_PASSWORD, kinds.LINK_IS_OVER, CANNOT_BE_DONE, TOO_MANY_TRIES),
)
async def _change_password(request: web.Request) -> web.Response:
    """Every other session ends."""
    account, asked = await account_of(request), asked_body(request, PasswordChange)
    with account_problems():
        ended = await request.app[PEOPLE].credentials.change_password(
            account, asked.password, asked.new_password, session_secret(request)
        )
    return answer(Ended(sessions_ended=ended))


@described(
    "Change the e-mail address",
    who=Who.OWNER,
    tags=_TAGS,
    body=AddressChange,
    answers={202: Mailed},
    problems=(kinds.WRONG_PASSWORD, kinds.LINK_IS_OVER, CANNOT_BE_DONE, TOO_MANY_TRIES),
)
async def _change_address(request: web.Request) -> web.Response:
    """A mail to the new address confirms it; then the old one is told."""
    account, asked = await account_of(request), asked_body(request, AddressChange)
    with account_problems():
        await request.app[PEOPLE].credentials.change_address(account, asked.email, asked.password)
    return answer(Mailed(), 202)


@described(
    "Confirm another e-mail address",
    who=Who.PUBLIC,
    tags=_TAGS,
    path=TokenNamed,
    answers={200: Confirmed},
    problems=(kinds.LINK_IS_OVER, TOO_MANY_TRIES),
)
async def _confirm_address(request: web.Request) -> web.Response:
    token = asked_path(request, TokenNamed).token
    with account_problems():
        account = await request.app[PEOPLE].credentials.confirm_address(token, address_of(request))
    return answer(Confirmed(email=account.email))


@described(
    "Have a link for a new password mailed",
    who=Who.PUBLIC,
    tags=_TAGS,
    body=Forgotten,
    answers={202: Mailed},
    problems=(CANNOT_BE_DONE, TOO_MANY_TRIES),
)
async def _forgotten(request: web.Request) -> web.Response:
    """The same answer whether or not the address has an account."""
    asked = asked_body(request, Forgotten)
    with account_problems():
        await request.app[PEOPLE].credentials.forgotten(asked.email, address_of(request))
    return answer(Mailed(), 202)


@described(
    "Set a new password with the mailed link",
    who=Who.PUBLIC,
    tags=_TAGS,
    path=TokenNamed,
    body=NewPassword,
    answers={204: None},
    problems=(kinds.LINK_IS_OVER, CANNOT_BE_DONE, TOO_MANY_TRIES),
)
async def _reset(request: web.Request) -> web.Response:
    """Every session ends, and nobody is signed in by it."""
    token, asked = asked_path(request, TokenNamed).token, asked_body(request, NewPassword)
    with account_problems():
        await request.app[PEOPLE].credentials.reset(token, asked.password, address_of(request))
    response = done()
    clear_session(response)
    return response


async def _shown(request: web.Request, account: Account) -> web.Response:
    factor = await request.app[PEOPLE].second_factors.state(account)
    shown = ShownAccount(
        account=account.id,
        email=account.email,
        confirmed=account.confirmed_ms is not None,
        zone=account.zone,
        role=account.role,
        created_ms=account.created_ms,
        password_changed_ms=account.password_changed_ms,
        second_factor=factor.is_on,
        recovery_codes_left=factor.recovery_codes_left,
    )
    return tagged(answer(shown), version_of(account))
