"""What every owner's page has: who is signed in, and the frame around it."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from backsight_cloud.domain.records import Account
from backsight_cloud.web import keys
from backsight_cloud.web.access import account_of, csrf_token
from backsight_cloud.web.problems import Problem
from backsight_cloud.web.rendering import page
from backsight_cloud.web.wording import zone_name

OwnersPage = Callable[[web.Request, Account], Awaitable[web.StreamResponse]]


def for_owner(show: OwnersPage) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The page for whoever is signed in; everybody else is asked to sign in first, and comes back."""

    async def handler(request: web.Request) -> web.StreamResponse:
        try:
            account = await account_of(request)
        except Problem as problem:
            if problem.status != 401:
                raise
            return see_other("/login?" + urlencode({"next": request.path_qs}))
        return await show(request, account)

    return handler


def owners_page(request: web.Request, account: Account, template: str, **values: Any) -> web.Response:
    """The template in the frame of this account's pages."""
    named = zone_name(account.zone, request.app[keys.CLOCK].now_ms())
    return page(template, zone=account.zone, zone_name=named, csrf=csrf_token(request), **values)


def no_such_camera(request: web.Request, account: Account) -> web.Response:
    """The same for a camera of another account as for one that does not exist."""
    return owners_page(
        request,
        account,
        "problem.html",
        status=404,
        here="history",
        headline="No such camera",
        detail="You have no camera at this address.",
    )


def see_other(address: str) -> web.Response:
    """Go there, with GET."""
    return web.Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})
