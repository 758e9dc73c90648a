"""Lets other processes see and trouble the cameras: a small HTTP API on loopback.

GET    /cameras                        all cameras
POST   /cameras/{mac}/fault            {"fault": "stall", "seconds": 5}; seconds are optional
DELETE /cameras/{mac}/fault            the fault ends
POST   /cameras/{mac}/event            {"kind": "motion"}: the camera has seen something
GET    /cameras/{mac}/frames           what was sent over which connection, and when
       ?index=N                        and when frame N is due
       ?from_ms=A&to_ms=B              and which frames are due from A until before B (UTC ms)
"""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from simcam.camera import SimCamera
from simcam.settings import Fault
from simcam.street import Street
from simcam.timeline import FPS

Json = dict[str, Any]


@asynccontextmanager
async def control_api(street: Street, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve the API while the block lasts; gives its URL."""
    runner = web.AppRunner(_application(street), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound_host, bound_port = runner.addresses[0][:2]
        yield f"http://{bound_host}:{bound_port}"
    finally:
        await runner.cleanup()


def described(street: Street) -> list[Json]:
    """Every camera as JSON."""
    return [camera.describe() for camera in street.cameras]


def _application(street: Street) -> web.Application:
    app = web.Application()
    app[_STREET] = street
    app.router.add_get("/cameras", _cameras)
    app.router.add_post("/cameras/{mac}/fault", _impose)
    app.router.add_delete("/cameras/{mac}/fault", _relieve)
    app.router.add_post("/cameras/{mac}/event", _event)
    app.router.add_get("/cameras/{mac}/frames", _frames)
    return app


_STREET = web.AppKey("street", Street)


async def _cameras(request: web.Request) -> web.Response:
    return web.json_response({"cameras": described(request.app[_STREET])})


async def _impose(request: web.Request) -> web.Response:
    camera, asked = _camera(request), await _body(request)
    try:
        fault = Fault(asked.get("fault", ""))
        seconds = None if asked.get("seconds") is None else float(asked["seconds"])
    except (ValueError, TypeError) as error:
        raise web.HTTPBadRequest(text=f"{error}; faults are {', '.join(Fault)}") from error
    await camera.impose(fault, seconds)
    return web.json_response(camera.describe())


async def _relieve(request: web.Request) -> web.Response:
    camera = _camera(request)
    await camera.relieve()
    return web.json_response(camera.describe())


async def _event(request: web.Request) -> web.Response:
    camera, asked = _camera(request), await _body(request)
    at_s = int(asked.get("at_s") or time.time())
    camera.detect(str(asked.get("kind", "motion")), at_s)
    return web.json_response({"at_s": at_s})


async def _frames(request: web.Request) -> web.Response:
    camera = _camera(request)
    return web.json_response(frames_of(camera) | _asked_for(camera, request.query))


def frames_of(camera: SimCamera) -> Json:
    """The camera's schedule and journal."""
    cycle = camera.film.plan.frames
    return {
        "fps": FPS,
        "cycle": cycle,
        "start_ms": camera.timeline.start_wall_ms,
        "connections": camera.journal.describe(cycle),
    }


def _asked_for(camera: SimCamera, query: Any) -> Json:
    timeline, cycle = camera.timeline, camera.film.plan.frames
    answer: Json = {}
    try:
        if "index" in query:
            index = int(query["index"])
            answer |= {"index": index, "number": index % cycle, "due_ms": timeline.wall_ms(index)}
        if "from_ms" in query and "to_ms" in query:
            first = timeline.index_at_wall(float(query["from_ms"]))
            last = timeline.index_at_wall(float(query["to_ms"])) - 1
            answer["due"] = {"first": first, "last": last, "count": max(0, last - first + 1)}
    except ValueError as error:
        raise web.HTTPBadRequest(text=f"not a number: {error}") from error
    return answer


def _camera(request: web.Request) -> SimCamera:
    camera = request.app[_STREET].camera(request.match_info["mac"])
    if camera is None:
        raise web.HTTPNotFound(text="no camera has this MAC")
    return camera


async def _body(request: web.Request) -> Json:
    try:
        body = await request.json()
    except json.JSONDecodeError as error:
        raise web.HTTPBadRequest(text="the body is not JSON") from error
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="the body is not a JSON object")
    return body
