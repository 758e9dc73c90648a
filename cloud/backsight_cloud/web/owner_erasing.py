"""What an owner's programs ask to erase some of a history, and of what has left it."""

from dataclasses import dataclass

from aiohttp import web

from backsight_cloud.domain.ledger import Place
from backsight_cloud.domain.records import Erasure, Extent
from backsight_cloud.services.erasing import NotConfirmed
from backsight_cloud.web.access import account_of
from backsight_cloud.web.asking import LATEST_MS, span_asked
from backsight_cloud.web.hub_api import read_body
from backsight_cloud.web.keys import ERASING, PLAYBACK
from backsight_cloud.web.owner_media import NO_STORE, not_theirs_is_unknown
from backsight_cloud.web.problems import Problem
from backsight_shared import shapes
from backsight_shared.erased import ErasedSpan, Wanted

USUAL_LINES, MOST_LINES = 100, 1000  # of the ledger, in one answer


def routes() -> list[web.RouteDef]:
    """Erasing, and the ledger of what was erased."""
    return [
        web.post("/v1/cameras/{camera}/erase", _erase),
        web.get("/v1/cameras/{camera}/erasures", _erasures),
    ]


@dataclass(frozen=True, slots=True)
class Erase:
    """The body of POST /v1/cameras/{camera}/erase: a span, or everything; with `confirm` it is done."""

    from_ms: int | None = None
    to_ms: int | None = None
    everything: bool = False
    confirm: str = ""


async def _erase(request: web.Request) -> web.Response:
    """Without `confirm` only what would go, and what confirms just that."""
    account, camera = await account_of(request), request.match_info["camera"]
    asked = await read_body(request, Erase)
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


async def _erasures(request: web.Request) -> web.Response:
    account, query = await account_of(request), request.query
    span = span_asked(request) if "from" in query or "to" in query else None
    limit, after = _limit(query.get("limit")), _place(query.get("after"))
    with not_theirs_is_unknown():
        camera = request.match_info["camera"]
        lines = await request.app[PLAYBACK].erasures(account.id, camera, limit, after=after, span=span)
    following = str(Place.of(lines[-1])) if len(lines) == limit else None
    body = {"erasures": [_line(line) for line in lines], "next": following}
    return web.json_response(body, headers=NO_STORE)


def wanted_by(asked: Erase) -> Wanted:
    """What is asked for; raises Problem 400 that names the field."""
    if asked.everything:
        if asked.from_ms is not None or asked.to_ms is not None:
            raise _bad("everything", "everything has neither from_ms nor to_ms")
        return Wanted()
    for field, moment in (("from_ms", asked.from_ms), ("to_ms", asked.to_ms)):
        if moment is None or not 0 <= moment <= LATEST_MS:
            raise _bad(field, f"{field} must be a moment in UTC milliseconds, or everything must be true")
    wanted = Wanted(asked.from_ms, asked.to_ms)
    if wanted.from_ms is not None and wanted.to_ms is not None and wanted.to_ms <= wanted.from_ms:
        raise _bad("to_ms", "to_ms must be later than from_ms")
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


def _limit(text: str | None) -> int:
    if text is None:
        return USUAL_LINES
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MOST_LINES):
        raise _bad("limit", f"limit must be a whole number from 1 to {MOST_LINES}")
    return int(text)


def _place(text: str | None) -> Place | None:
    place = None if text is None else Place.from_text(text)
    if text is not None and place is None:
        raise _bad("after", "after must be what an earlier answer gave as next")
    return place


def _bad(field: str, detail: str) -> Problem:
    return Problem(400, "Bad request", detail, extra={"field": field})
