"""What an owner's programs ask to erase some of a history, and of what has left it."""

from aiohttp import web

from backsight_cloud.domain.ledger import Place
from backsight_cloud.domain.records import Erasure, Extent
from backsight_cloud.services.erasing import NotConfirmed
from backsight_cloud.web.access import account_of
from backsight_cloud.web.asking import LATEST_MS, span_asked
from backsight_cloud.web.checking import bad_field
from backsight_cloud.web.described import Who, asked_body, asked_query, described
from backsight_cloud.web.keys import ERASING, PLAYBACK
from backsight_cloud.web.owner_media import NO_STORE, not_theirs_is_unknown
from backsight_cloud.web.owner_shapes import (
    CameraPath,
    Erase,
    EraseShown,
    ErasuresAsked,
    ErasuresShown,
)
from backsight_cloud.web.paging import no_cursor, page, place_in
from backsight_cloud.web.problem_kinds import CANNOT_BE_DONE, NO_SUCH_CAMERA, NOT_CONFIRMED, NOTHING_THERE
from backsight_cloud.web.problems import Problem
from backsight_shared import shapes
from backsight_shared.erased import ErasedSpan, Wanted

_TAGS = ("cameras",)


def routes() -> list[web.RouteDef]:
    """Erasing, and the ledger of what was erased."""
    return [
        web.post("/v1/cameras/{camera}/erase", _erase),
        web.get("/v1/cameras/{camera}/erasures", _erasures),
    ]


@described(
    "Erase some of a history, in two steps",
    who=Who.OWNER,
    tags=_TAGS,
    path=CameraPath,
    body=Erase,
    answers={200: EraseShown},
    problems=(NO_SUCH_CAMERA, NOTHING_THERE, NOT_CONFIRMED, CANNOT_BE_DONE),
)
async def _erase(request: web.Request) -> web.Response:
    """Without `confirm` only what would go, and what confirms just that."""
    account, camera = await account_of(request), request.match_info["camera"]
    asked = asked_body(request, Erase)
    wanted = wanted_by(asked)
    with not_theirs_is_unknown():
        if asked.confirm:
            done = await _confirmed(request, account.id, camera, wanted, asked.confirm)
            return web.json_response(done, headers=NO_STORE)
        preview = await request.app[ERASING].preview(account.id, camera, wanted)
    body = {
        **_what(preview.span, preview.extent, erased=False),
        "confirm": preview.confirm,
        "confirm_until_ms": preview.confirm_until_ms,
    }
    return web.json_response(body, headers=NO_STORE)


async def _confirmed(
    request: web.Request, account: str, camera: str, wanted: Wanted, confirm: str
) -> dict[str, object]:
    try:
        done = await request.app[ERASING].erase(account, camera, wanted, confirm)
    except NotConfirmed as error:
        raise Problem(409, "Not confirmed", str(error)) from error
    return _what(done.span, done.extent, erased=True)


@described(
    "What has left a history, when and why",
    who=Who.OWNER,
    tags=_TAGS,
    path=CameraPath,
    query=ErasuresAsked,
    answers={200: ErasuresShown},
    problems=(NO_SUCH_CAMERA,),
)
async def _erasures(request: web.Request) -> web.Response:
    account, asked = await account_of(request), asked_query(request, ErasuresAsked)
    span = span_asked(request) if "from" in request.query or "to" in request.query else None
    after = _place(asked)
    with not_theirs_is_unknown():
        camera = request.match_info["camera"]
        lines = await request.app[PLAYBACK].erasures(account.id, camera, asked.wanted, after=after, span=span)
    body = page("erasures", lines, asked, _line, lambda line: str(Place.of(line)))
    return web.json_response(body, headers=NO_STORE)


def wanted_by(asked: Erase) -> Wanted:
    """What is asked for; raises Problem 400 that names the field."""
    if asked.everything:
        if asked.from_ms is not None or asked.to_ms is not None:
            raise bad_field("everything", "everything has neither from_ms nor to_ms")
        return Wanted()
    for field, moment in (("from_ms", asked.from_ms), ("to_ms", asked.to_ms)):
        if moment is None or not 0 <= moment <= LATEST_MS:
            raise bad_field(
                field, f"{field} must be a moment in UTC milliseconds, or everything must be true"
            )
    wanted = Wanted(asked.from_ms, asked.to_ms)
    if wanted.from_ms is not None and wanted.to_ms is not None and wanted.to_ms <= wanted.from_ms:
        raise bad_field("to_ms", "to_ms must be later than from_ms")
    return wanted


def _what(span: ErasedSpan, extent: Extent, *, erased: bool) -> dict[str, object]:
    """`from_ms` and `to_ms` are the span; `first_ms` and `last_ms` the ends of the segments in it, whole."""
    return {
        "erased": erased,
        "from_ms": span.from_ms,
        "to_ms": span.to_ms,
        "first_ms": extent.from_ms,
        "last_ms": extent.to_ms,
        "count": extent.count,
        "size_bytes": extent.size_bytes,
        "events": extent.events,
    }


def _line(line: Erasure) -> dict[str, object]:
    return {name: value for name, value in shapes.write(line).items() if name != "account"}


def _place(asked: ErasuresAsked) -> Place | None:
    """Behind which line the page begins; `after` is the older name of `cursor`."""
    name, cursor = ("after", asked.after) if asked.after is not None else ("cursor", asked.cursor)
    if cursor is None:
        return None
    place = Place.from_text(place_in(cursor, str, name))
    if place is None:
        raise no_cursor(name)
    return place
