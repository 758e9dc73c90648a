"""Takes footage from hubs: places, bytes, commits."""

import asyncio

from aiohttp import web

from backsight_cloud.ports import Receiving
from backsight_cloud.web.access import hub_of
from backsight_cloud.web.described import Media, Who, described
from backsight_cloud.web.hub_api import read_body
from backsight_cloud.web.keys import INGEST, OBJECTS, VITALS
from backsight_cloud.web.owner_shapes import PermitAsked
from backsight_cloud.web.problem_kinds import CANNOT_BE_DONE, NOT_HERE, REFUSED, TOO_LARGE
from backsight_cloud.web.problems import Problem
from backsight_shared import shapes
from backsight_shared.wire import MAX_OBJECT_BYTES, Batch, Commits, Places

MOST_HELD_BYTES = 512 * 1024 * 1024  # of all bodies on their way in; beyond, hubs are asked to wait
_TAGS = ("hubs",)

IDLE_S = 30.0  # seconds without a byte
WHOLE_S = 600.0  # with the address's life this ends long before an uncommitted object becomes garbage


def routes() -> list[web.RouteDef]:
    """What hubs upload through."""
    return [
        web.post("/v1/hub/uploads", _places),
        web.post("/v1/hub/commits", _commits),
        web.put("/v1/objects/{key:.+}", _PUTTING(_Receiver().put)),
    ]


@described(
    "Ask where to put footage",
    who=Who.HUB,
    tags=_TAGS,
    body=Batch,
    answers={200: Places},
    problems=(CANNOT_BE_DONE,),
)
async def _places(request: web.Request) -> web.Response:
    hub = await hub_of(request)
    batch = await read_body(request, Batch)
    return web.json_response(shapes.write(await request.app[INGEST].places(hub, batch)))


@described(
    "Commit footage that was put",
    who=Who.HUB,
    tags=_TAGS,
    body=Batch,
    answers={200: Commits},
    problems=(CANNOT_BE_DONE,),
)
async def _commits(request: web.Request) -> web.Response:
    hub = await hub_of(request)
    batch = await read_body(request, Batch)
    commits = await request.app[INGEST].commits(hub, batch)
    request.app[VITALS].committed(batch.segments, commits.segments)
    return web.json_response(shapes.write(commits))


_PUTTING = described(
    "Put the bytes of one object at its signed address",
    who=Who.PUBLIC,
    tags=_TAGS,
    query=PermitAsked,
    body=Media("application/octet-stream"),
    answers={201: None},
    problems=(REFUSED, NOT_HERE, TOO_LARGE),
)


class _Receiver:
    """Takes the bytes of one object at its signed address."""

    def __init__(self) -> None:
        self._held_bytes = 0

    async def put(self, request: web.Request) -> web.Response:
        """The address is checked before a byte of the body is read."""
        objects = request.app[OBJECTS]
        if not isinstance(objects, Receiving):
            raise Problem(404, "Not here", "media are not put through this service")
        key, size = request.match_info["key"], _permitted_bytes(request, objects)
        if self._held_bytes + size > MOST_HELD_BYTES:
            raise Problem(503, "Try again later", "too many uploads at once", headers={"Retry-After": "5"})
        self._held_bytes += size
        try:
            async with asyncio.timeout(WHOLE_S):
                await objects.put(key, await _exactly(request, size))
        finally:
            self._held_bytes -= size
        return web.Response(status=201)


def _permitted_bytes(request: web.Request, objects: Receiving) -> int:
    query = request.query
    size, expires_ms = _number(query.get("size", "")), _number(query.get("expires", ""))
    if not objects.permits(request.match_info["key"], size, expires_ms, query.get("signature", "")):
        raise Problem(403, "Refused", "this address does not hold (any more): ask for a new place")
    if size > MAX_OBJECT_BYTES:
        raise Problem(413, "Too large", f"an object has at most {MAX_OBJECT_BYTES} bytes")
    if request.content_length is not None and request.content_length != size:
        raise _wrong_size(size)
    return size


async def _exactly(request: web.Request, size: int) -> bytes:
    """The body when it has this size; no more of it than that is ever held."""
    body = bytearray()
    while chunk := await _next_chunk(request):
        body += chunk
        if len(body) > size:
            break
    if len(body) != size:
        raise _wrong_size(size)
    return bytes(body)


async def _next_chunk(request: web.Request) -> bytes:
    async with asyncio.timeout(IDLE_S):
        return await request.content.readany()


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else -1


def _wrong_size(size: int) -> Problem:
    return Problem(400, "Bad request", f"the body must have the {size} bytes that were announced")
