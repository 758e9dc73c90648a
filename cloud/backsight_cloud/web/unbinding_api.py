"""An owner removes a camera from their account: what would go, and then its end."""

from collections.abc import Mapping

from aiohttp import web

from backsight_cloud.services.cameras import NoSuchCamera
from backsight_cloud.services.letting_go import LettingGo
from backsight_cloud.web.access import account_of
from backsight_cloud.web.account_models import answer
from backsight_cloud.web.care_api import CARE, care_problems
from backsight_cloud.web.care_models import ShownMoney, shown_money
from backsight_cloud.web.checking import Asked, Shown
from backsight_cloud.web.described import Who, asked_body, asked_path, described
from backsight_cloud.web.idempotency import remembering
from backsight_cloud.web.owner_shapes import CameraPath
from backsight_cloud.web.problem_kinds import NO_SUCH_CAMERA, NOT_CONFIRMED
from backsight_cloud.web.problems import Problem

_TAGS = ("cameras", "billing")


class Unbind(Asked):
    """`confirm` from the preview."""

    confirm: str


class ShownUnbinding(Shown):
    """What of the history goes, whole, and what of the money moves."""

    unbound: bool
    camera: str
    name: str
    count: int
    size_bytes: int
    events: int
    first_ms: int | None
    last_ms: int | None
    money: ShownMoney


class ShownUnbindingPreview(ShownUnbinding):
    """`confirm` removes the camera just so, for a quarter of an hour."""

    confirm: str
    confirm_until_ms: int


def routes() -> list[web.RouteDef]:
    """One address: the preview, and the deed."""
    return [
        web.get("/v1/cameras/{camera}/unbinding", _preview),
        web.post("/v1/cameras/{camera}/unbinding", _unbind),
    ]


@described(
    "Say what removing a camera would erase, and what of its Plus comes back",
    who=Who.OWNER,
    tags=_TAGS,
    path=CameraPath,
    answers={200: ShownUnbindingPreview},
    problems=(NO_SUCH_CAMERA,),
)
async def _preview(request: web.Request) -> web.Response:
    """Its Plus can also be moved to another camera first: POST /v1/care/choices with `move_plus`."""
    account, camera = await account_of(request), asked_path(request, CameraPath).camera
    try:
        preview = await request.app[CARE].unbinding.preview(account.id, camera)
    except NoSuchCamera as error:
        raise Problem.of(NO_SUCH_CAMERA, "you have no camera of that identity") from error
    shown = _shown(preview.leaving, unbound=False).model_dump()
    return answer(
        ShownUnbindingPreview(**shown, confirm=preview.confirm, confirm_until_ms=preview.confirm_until_ms)
    )


@described(
    "Remove a camera, its history and its Plus",
    who=Who.OWNER,
    tags=_TAGS,
    path=CameraPath,
    body=Unbind,
    answers={200: ShownUnbinding},
    problems=(NO_SUCH_CAMERA, NOT_CONFIRMED),
    moves_money=True,
)
async def _unbind(request: web.Request) -> web.Response:
    """What it recorded leaves the cloud at once and does not come back with it. The hub's copy goes, too."""
    account, camera = await account_of(request), asked_path(request, CameraPath).camera
    confirm = asked_body(request, Unbind).confirm
    try:
        with care_problems():
            done = await request.app[CARE].unbinding.unbind(
                account.id, camera, confirm, _done, remembering(request)
            )
    except NoSuchCamera as error:
        raise Problem.of(NO_SUCH_CAMERA, "you have no camera of that identity") from error
    return web.json_response(done, headers={"Cache-Control": "no-store"})


def _done(leaving: LettingGo) -> Mapping[str, object]:
    return _shown(leaving, unbound=True).model_dump(mode="json")


def _shown(leaving: LettingGo, *, unbound: bool) -> ShownUnbinding:
    extent = leaving.extent
    return ShownUnbinding(
        unbound=unbound,
        camera=leaving.camera.id,
        name=leaving.camera.name,
        count=extent.count,
        size_bytes=extent.size_bytes,
        events=extent.events,
        first_ms=extent.from_ms,
        last_ms=extent.to_ms,
        money=shown_money(leaving.money),
    )
