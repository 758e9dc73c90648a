"""Closing an account: what would go, and then its end."""

from aiohttp import web

from backsight_cloud.services.closing import ClosingExtent
from backsight_cloud.web import account_kinds as kinds
from backsight_cloud.web.access import account_of, clear_session
from backsight_cloud.web.account_kinds import account_problems
from backsight_cloud.web.account_models import Close, LeavingCamera, ShownClosing, ShownLeaving, answer
from backsight_cloud.web.described import Who, asked_body, described
from backsight_cloud.web.keys import PEOPLE
from backsight_cloud.web.problem_kinds import NOT_CONFIRMED, TOO_MANY_TRIES

_TAGS = ("account",)


def routes() -> list[web.RouteDef]:
    """One address: the preview, and the deed."""
    return [web.get("/v1/account/closing", _preview), web.post("/v1/account/closing", _close)]


@described("Say what closing the account would erase", who=Who.OWNER, tags=_TAGS, answers={200: ShownClosing})
async def _preview(request: web.Request) -> web.Response:
    """`confirm` closes the account just so, for a quarter of an hour."""
    preview = await request.app[PEOPLE].closing.preview(await account_of(request))
    shown = _shown(preview.leaving, closed=False).model_dump()
    return answer(ShownClosing(**shown, confirm=preview.confirm, confirm_until_ms=preview.confirm_until_ms))


@described(
    "Close the account",
    who=Who.OWNER,
    tags=_TAGS,
    body=Close,
    answers={200: ShownLeaving},
    problems=(kinds.WRONG_PASSWORD, NOT_CONFIRMED, TOO_MANY_TRIES),
)
async def _close(request: web.Request) -> web.Response:
    """Sessions end, hubs are shut out, cameras leave with their histories, and the person is forgotten."""
    account, asked = await account_of(request), asked_body(request, Close)
    with account_problems():
        left = await request.app[PEOPLE].closing.close(account, asked.confirm, asked.password)
    response = answer(_shown(left, closed=True))
    clear_session(response)
    return response


def _shown(leaving: ClosingExtent, *, closed: bool) -> ShownLeaving:
    cameras = [
        LeavingCamera(
            camera=camera.id,
            name=camera.name,
            count=extent.count,
            size_bytes=extent.size_bytes,
            events=extent.events,
            first_ms=extent.from_ms,
            last_ms=extent.to_ms,
        )
        for camera, extent in leaving.cameras
    ]
    return ShownLeaving(
        closed=closed,
        cameras=cameras,
        hubs=leaving.hubs,
        shares_given=leaving.shares_given,
        shares_held=leaving.shares_held,
        money=dict(leaving.money),
    )
