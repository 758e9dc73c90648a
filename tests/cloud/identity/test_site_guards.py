"""Every answer is guarded, no other site acts in a person's name, and our insides stay inside."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from backsight_cloud.ports import DatabaseUnavailable
from backsight_cloud.web.access import SESSION_COOKIE, account_of, address_of, csrf_token
from backsight_cloud.web.health import PROBLEMS
from backsight_shared.errors import Malformed, NeedsAttention
from fakes.site import site_of
from fakes.town import Town

SAME = {"Sec-Fetch-Site": "same-origin"}


async def who(request: web.Request) -> web.Response:
    return web.json_response({"account": (await account_of(request)).id, "csrf": csrf_token(request)})


async def act(request: web.Request) -> web.Response:
    return web.json_response({"form": dict((await request.post()).items())})


async def where(request: web.Request) -> web.Response:
    return web.json_response({"address": address_of(request)})


def failing(error: Exception) -> Callable[[web.Request], object]:
    async def fail(request: web.Request) -> web.Response:
        raise error

    return fail


async def fail_late(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    await answer.write(b"some")
    raise KeyError("secret")


class Visitor:
    """A browser that Ann is signed in with."""

    def __init__(self, client: TestClient, secret: str) -> None:  # type: ignore[type-arg]
        self.client = client
        self.cookies = {"Cookie": f"{SESSION_COOKIE}={secret}"}

    async def get(self, path: str, **headers: str) -> ClientResponse:
        return await self.client.get(path, headers=self.cookies | headers)

    async def post(self, headers: dict[str, str], data: dict[str, str] | None = None) -> int:
        answer = await self.client.post("/act", headers=self.cookies | headers, data=data or {})
        return answer.status


@pytest.fixture
async def site(tmp_path: Path) -> web.Application:
    site = site_of(await Town(tmp_path).founded(), tmp_path)
    errors = {
        "unexpected": KeyError("secret"),
        "away": DatabaseUnavailable("secret"),
        "slow": TimeoutError("secret"),
        "malformed": Malformed("message.x is missing"),
        "refused": NeedsAttention("not like this"),
    }
    site.router.add_get("/who", who)
    site.router.add_post("/act", act)
    site.router.add_get("/where", where)
    site.router.add_get("/fails/late", fail_late)
    for name, error in errors.items():
        site.router.add_get(f"/fails/{name}", failing(error))  # type: ignore[arg-type]
    return site


@pytest.fixture
async def ann(site: web.Application) -> AsyncIterator[Visitor]:
    async with TestClient(TestServer(site)) as client:
        answer = await client.post("/v1/sessions", json={"email": "ann@example.org", "password": "secret"})
        assert answer.status == 201, await answer.text()
        yield Visitor(client, answer.cookies[SESSION_COOKIE].value)


async def test_the_cookie_cannot_be_read_by_scripts_or_sent_by_other_sites(ann: Visitor) -> None:
    body = {"email": "ann@example.org", "password": "secret"}
    cookie = (await ann.client.post("/v1/sessions", json=body)).headers["Set-Cookie"]
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


async def test_the_session_says_who_it_is(ann: Visitor) -> None:
    assert (await (await ann.get("/who")).json())["account"] == "ann"


async def test_without_a_session_nobody_is_signed_in(ann: Visitor) -> None:
    ann.cookies = {}
    assert (await ann.get("/who")).status == 401


@pytest.mark.parametrize("path", ["/v1/health", "/who", "/nowhere", "/fails/unexpected", "/login"])
async def test_every_answer_has_its_guards(ann: Visitor, path: str) -> None:
    headers = (await ann.get(path)).headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "media-src 'self' blob:; worker-src 'self' blob:" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Backsight-Time"].isdigit()
    assert headers["Server"] == "backsight"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (SAME, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1"}, 403),
        ({}, 403),
    ],
)
async def test_only_our_own_pages_act(ann: Visitor, headers: dict[str, str], status: int) -> None:
    token = (await (await ann.get("/who")).json())["csrf"]
    assert await ann.post(headers, {"csrf": token}) == status


async def test_our_own_origin_is_recognised(ann: Visitor) -> None:
    token = (await (await ann.get("/who")).json())["csrf"]
    origin = str(ann.client.make_url("/")).rstrip("/")
    assert await ann.post({"Origin": origin}, {"csrf": token}) == 200


@pytest.mark.parametrize("given", [{}, {"csrf": ""}, {"csrf": "wrong"}, {"csrf": "ä"}])
async def test_a_form_needs_the_sessions_token(ann: Visitor, given: dict[str, str]) -> None:
    assert await ann.post(SAME, {"x": "1"} | given) == 403


async def test_the_token_may_come_in_a_header(ann: Visitor) -> None:
    token = (await (await ann.get("/who")).json())["csrf"]
    assert await ann.post(SAME | {"X-CSRF-Token": token}, {"x": "1"}) == 200


async def test_another_sessions_token_does_not_hold(ann: Visitor) -> None:
    token = (await (await ann.get("/who")).json())["csrf"]
    again = await ann.client.post("/v1/sessions", json={"email": "ann@example.org", "password": "secret"})
    ann.cookies = {"Cookie": f"{SESSION_COOKIE}={again.cookies[SESSION_COOKIE].value}"}
    assert await ann.post(SAME, {"csrf": token}) == 403


async def test_a_program_without_a_session_may_act(ann: Visitor) -> None:
    ann.cookies = {}
    assert await ann.post({}) == 200


@pytest.mark.parametrize(
    ("name", "status", "says"),
    [
        ("unexpected", 500, "reference"),
        ("away", 503, "busy"),
        ("slow", 503, "busy"),
        ("malformed", 400, "message.x is missing"),
        ("refused", 422, "not like this"),
    ],
)
async def test_an_error_is_answered_without_our_insides(
    ann: Visitor, name: str, status: int, says: str
) -> None:
    answer = await ann.get(f"/fails/{name}")
    text = await answer.text()
    assert answer.status == status
    assert answer.content_type == "application/problem+json"
    assert says in text
    assert "secret" not in text
    assert "KeyError" not in text


async def test_an_unexpected_error_is_logged_with_its_reference(
    ann: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    detail = (await (await ann.get("/fails/unexpected")).json())["detail"]
    reference = detail.rpartition(" ")[2]
    (record,) = [record for record in caplog.records if reference in record.getMessage()]
    assert record.exc_info


async def test_a_browser_gets_a_page_instead(ann: Visitor) -> None:
    answer = await ann.get("/nowhere", Accept="text/html")
    assert answer.content_type == "text/html"
    assert "<h1>Not Found</h1>" in await answer.text()


async def test_an_error_after_the_answer_began_ends_the_connection(ann: Visitor) -> None:
    answer = await ann.get("/fails/late")
    assert answer.status == 200
    with pytest.raises(Exception, match="payload"):
        await answer.read()


async def test_a_wrong_method_names_the_right_ones(ann: Visitor) -> None:
    answer = await ann.client.delete("/v1/health")
    assert answer.status == 405
    assert "GET" in answer.headers["Allow"]


async def test_health_names_who_is_in_trouble_and_no_more(site: web.Application, ann: Visitor) -> None:
    site[PROBLEMS]["prune"] = "secret"  # type: ignore[index]
    answer = await ann.get("/v1/health")
    assert answer.status == 503
    assert await answer.json() == {"ok": False, "troubled": ["prune"]}


async def test_only_our_own_proxy_is_believed_about_addresses(tmp_path: Path) -> None:
    seen = []
    for behind_proxy in (False, True):
        folder = tmp_path / str(behind_proxy)
        folder.mkdir()
        site = site_of(await Town(folder).founded(), folder, behind_proxy=behind_proxy)
        site.router.add_get("/where", where)
        async with TestClient(TestServer(site)) as client:
            answer = await client.get("/where", headers={"X-Forwarded-For": "6.6.6.6, 192.0.2.1"})
            seen.append((await answer.json())["address"])
    assert seen == ["127.0.0.1", "192.0.2.1"]
