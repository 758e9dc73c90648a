"""Requests are counted by the routes of the code and by how they ended; no stranger makes the list grow."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from backsight_cloud.domain.vitals import Requests
from backsight_cloud.web.metrics import counting
from backsight_cloud.web.problems import Problem, answer_problems

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def requests() -> Requests:
    return Requests()


@pytest.fixture
async def client(requests: Requests) -> AsyncIterator[Client]:
    """Of a site with a page, a page that is moved, one that fails, and one that takes its time."""

    async def page(request: web.Request) -> web.Response:
        return web.Response(text=request.match_info.get("camera", ""))

    async def moved(request: web.Request) -> web.Response:
        raise web.HTTPFound("/cameras/1")

    async def broken(request: web.Request) -> web.Response:
        raise Problem(503, "Try again later")

    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(0.2)
        return web.Response()

    site = web.Application(middlewares=[counting(requests), answer_problems])
    site.add_routes([web.get("/cameras/{camera}", page), web.get("/old", moved)])
    site.add_routes([web.get("/broken", broken), web.get("/slow", slow)])
    async with TestClient(TestServer(site)) as opened:
        yield opened


async def test_a_route_is_counted_as_it_is_written_in_the_code(client: Client, requests: Requests) -> None:
    for camera in ("1", "2", "3"):
        await client.get(f"/cameras/{camera}")
    assert requests.answers == {("/cameras/{camera}", "GET", "2xx"): 3}


async def test_how_a_request_ended_is_counted(client: Client, requests: Requests) -> None:
    await client.get("/old", allow_redirects=False)
    await client.get("/broken")
    assert requests.answers == {("/old", "GET", "3xx"): 1, ("/broken", "GET", "5xx"): 1}


async def test_what_strangers_ask_for_is_one_line(client: Client, requests: Requests) -> None:
    for path in ("/wp-login.php", "/.env", "/cameras"):
        await client.get(path)
    await client.request("PROPFIND", "/x")
    assert requests.answers == {("unknown", "GET", "4xx"): 3, ("unknown", "unknown", "4xx"): 1}


async def test_how_long_it_took_is_noted(client: Client, requests: Requests) -> None:
    await client.get("/slow")
    (total,) = [one.value for one in requests.durations["/slow"].samples() if one.suffix == "_sum"]
    assert 0.2 <= total < 5


async def test_whoever_goes_before_the_answer_is_counted_as_gone(client: Client, requests: Requests) -> None:
    with pytest.raises(TimeoutError):
        await client.get("/slow", timeout=aiohttp.ClientTimeout(total=0.05))
    async with asyncio.timeout(5):
        while not requests.answers:
            await asyncio.sleep(0.01)
    ((route, _, _),) = requests.answers
    assert route == "/slow"
