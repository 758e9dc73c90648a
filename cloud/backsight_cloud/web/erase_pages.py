"""The pages on which an owner erases some of a camera's history: asked on the camera's, then confirmed."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from backsight_cloud.domain.records import Account
from backsight_cloud.services.erasing import NotConfirmed, NothingToErase, Preview, TooManySpans
from backsight_cloud.services.playback import UnknownCamera
from backsight_cloud.web import keys
from backsight_cloud.web.leaving import local_moment, question
from backsight_cloud.web.owners import for_owner, no_such_camera, owners_page, see_other
from backsight_cloud.web.views import name_of
from backsight_shared.erased import Wanted

Form = Mapping[str, Any]


def routes() -> list[web.RouteDef]:
    """One address: the question, and the answer to it."""
    return [
        web.get("/cameras/{camera}/erase", for_owner(leave)),
        web.post("/cameras/{camera}/erase", for_owner(erase)),
    ]


async def leave(request: web.Request, _account: Account) -> web.StreamResponse:
    """A question that is loaded again: it is asked on the camera's page."""
    return see_other(f"/cameras/{request.match_info['camera']}")


async def erase(request: web.Request, account: Account) -> web.StreamResponse:
    """Ask, and with the confirmation of just that question do it."""
    form = await request.post()
    try:
        wanted = _wanted(form, account.zone)
        if wanted is None:
            return await _refused(request, account, "Give two moments, the first before the second.")
        return await _ask_or_do(request, account, wanted, str(form.get("confirm", "")))
    except UnknownCamera:
        return no_such_camera(request, account)
    except NothingToErase:
        return await _refused(request, account, "In that time there is no history, or it is still to come.")
    except TooManySpans as error:
        return await _refused(request, account, f"{error}.")


async def _ask_or_do(
    request: web.Request, account: Account, wanted: Wanted, confirm: str
) -> web.StreamResponse:
    camera, erasing = request.match_info["camera"], request.app[keys.ERASING]
    problem = ""
    if confirm:
        try:
            await erasing.erase(account.id, camera, wanted, confirm)
        except NotConfirmed:
            problem = "Much has changed since, or a while has passed. This is what would go now."
        else:
            return see_other(f"/cameras/{camera}#left")
    return await _question(
        request, account, wanted, await erasing.preview(account.id, camera, wanted), problem
    )


async def _question(
    request: web.Request, account: Account, wanted: Wanted, preview: Preview, problem: str
) -> web.StreamResponse:
    now_ms = request.app[keys.CLOCK].now_ms()
    span = preview.span
    return owners_page(
        request,
        account,
        "erase.html",
        here="history",
        camera=request.match_info["camera"],
        name=await _name(request, account),
        asked=question(preview.extent, span.from_ms, span.to_ms, now_ms, account.zone),
        wanted=wanted,
        confirm=preview.confirm,
        problem=problem,
    )


async def _refused(request: web.Request, account: Account, detail: str) -> web.StreamResponse:
    """With the way back to the camera's page."""
    return owners_page(
        request,
        account,
        "erase_refused.html",
        status=422,
        here="history",
        camera=request.match_info["camera"],
        name=await _name(request, account),
        detail=detail,
    )


async def _name(request: web.Request, account: Account) -> str:
    view = await request.app[keys.PLAYBACK].camera(account.id, request.match_info["camera"])
    return name_of(view.camera)


def _wanted(form: Form, zone: str) -> Wanted | None:
    """From the camera's page local times, from the question the same moments in milliseconds."""
    if form.get("what") == "everything":
        return Wanted()
    from_ms = _moment(str(form.get("from", "")), zone, last=False)
    to_ms = _moment(str(form.get("to", "")), zone, last=True)
    return None if from_ms is None or to_ms is None or from_ms >= to_ms else Wanted(from_ms, to_ms)


def _moment(text: str, zone: str, *, last: bool) -> int | None:
    if text.isascii() and text.isdigit() and len(text) <= 15:
        return int(text)
    moment = local_moment(text, zone, last=last)
    return moment if moment is not None and moment >= 0 else None
