"""What hubs call: pairing, renewing their certificate, reporting their cameras and what they noticed."""

import json
from typing import TypeVar

from aiohttp import web

from backsight_cloud.services.noting import note_events
from backsight_cloud.web.access import address_of, hub_of
from backsight_cloud.web.described import Media, Who, described
from backsight_cloud.web.keys import CAMERAS, CLOCK, DATABASE, PAIRING
from backsight_cloud.web.problem_kinds import CANNOT_BE_DONE, TOO_MANY_TRIES
from backsight_shared import shapes
from backsight_shared.errors import Malformed
from backsight_shared.wire import (
    CamerasAnswer,
    CamerasReport,
    Certificate,
    EventsAnswer,
    EventsReport,
    Pairing,
    PairRequest,
    RenewRequest,
)

T = TypeVar("T")

_TAGS = ("hubs",)


def routes() -> list[web.RouteDef]:
    """The hub API without uploads, which have a module of their own."""
    return [
        web.post("/v1/hub/pair", _pair),
        web.post("/v1/hub/renew", _renew),
        web.put("/v1/hub/cameras", _cameras),
        web.post("/v1/hub/events", _events),
        web.get("/v1/ca.crt", _authority),
    ]


async def read_body(request: web.Request, shape: type[T]) -> T:
    """The request's JSON body as this shape; raises Malformed."""
    try:
        value = json.loads(await request.read())
    except (ValueError, RecursionError) as error:
        raise Malformed("the body is not JSON") from error
    return shapes.read(shape, value)


@described(
    "Pair a hub with the account that made the code",
    who=Who.PUBLIC,
    tags=_TAGS,
    body=PairRequest,
    answers={201: Pairing},
    problems=(CANNOT_BE_DONE, TOO_MANY_TRIES),
)
async def _pair(request: web.Request) -> web.Response:
    asked = await read_body(request, PairRequest)
    pairing = await request.app[PAIRING].pair(asked, address_of(request))
    return web.json_response(shapes.write(pairing), status=201)


@described(
    "Renew a hub's certificate",
    who=Who.HUB,
    tags=_TAGS,
    body=RenewRequest,
    answers={200: Certificate},
    problems=(CANNOT_BE_DONE,),
)
async def _renew(request: web.Request) -> web.Response:
    hub = await hub_of(request)
    asked = await read_body(request, RenewRequest)
    return web.json_response(shapes.write(await request.app[PAIRING].renew(hub, asked.csr_pem)))


@described(
    "Report a hub's cameras",
    who=Who.HUB,
    tags=_TAGS,
    body=CamerasReport,
    answers={200: CamerasAnswer},
    problems=(CANNOT_BE_DONE,),
)
async def _cameras(request: web.Request) -> web.Response:
    hub = await hub_of(request)
    report = await read_body(request, CamerasReport)
    return web.json_response(shapes.write(await request.app[CAMERAS].report(hub, report)))


@described(
    "Report what was noticed",
    who=Who.HUB,
    tags=_TAGS,
    body=EventsReport,
    answers={200: EventsAnswer},
    problems=(CANNOT_BE_DONE,),
)
async def _events(request: web.Request) -> web.Response:
    hub = await hub_of(request)
    report = await read_body(request, EventsReport)
    answer = await note_events(request.app[DATABASE], request.app[CLOCK], hub, report)
    return web.json_response(shapes.write(answer))


@described(
    "The authority that hubs trust",
    who=Who.PUBLIC,
    tags=_TAGS,
    answers={200: Media("application/x-pem-file")},
)
async def _authority(request: web.Request) -> web.Response:
    """What a hub trusts by `--ca`: no secret, but to be fetched over a connection that is trusted already."""
    return web.Response(text=request.app[PAIRING].ca_pem, content_type="application/x-pem-file")
