"""The pages show an account what is its own, to whoever is signed in, and nothing else."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientResponse, ClientSession, CookieJar
from yarl import URL

from browser.home import HOSTILE, PASSWORD, Home, a_home_in_memory

DOOR, FOREIGN = "74fece010203", "74fece0a0b0c"
OWNERS_PAGES = ["/", "/history", f"/cameras/{DOOR}", "/hubs", "/me"]


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    async with a_home_in_memory(tmp_path) as home:
        yield home


@asynccontextmanager
async def visitor(home: Home) -> AsyncIterator[ClientSession]:
    jar = CookieJar(unsafe=True, treat_as_secure_origin=URL(home.address))
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}  # as a browser says on our own pages
    async with ClientSession(home.address, cookie_jar=jar, headers=headers) as session:
        yield session


@asynccontextmanager
async def owner(home: Home, email: str = "anna@example.org") -> AsyncIterator[ClientSession]:
    async with visitor(home) as session:
        await sign_in(session, email)
        yield session


async def sign_in(
    session: ClientSession, email: str, password: str = PASSWORD, **more: str
) -> ClientResponse:
    form = {"email": email, "password": password, **more}
    return await session.post("/login", data=form, allow_redirects=False)


async def text_of(session: ClientSession, path: str) -> str:
    async with session.get(path) as answer:
        assert answer.status == 200
        return await answer.text()


def csrf_of(page: str) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    assert found is not None
    return found.group(1)


@pytest.mark.parametrize("path", OWNERS_PAGES)
async def test_who_is_not_signed_in_is_asked_to_and_comes_back(home: Home, path: str) -> None:
    async with visitor(home) as session, session.get(path, allow_redirects=False) as answer:
        assert answer.status == 303
        assert URL(answer.headers["Location"]) == URL("/login") % {"next": path}


async def test_signing_in_leads_to_the_page_that_was_asked_for(home: Home) -> None:
    async with visitor(home) as session:
        answer = await sign_in(session, "anna@example.org", next="/hubs")
        assert (answer.status, answer.headers["Location"]) == (303, "/hubs")


async def test_signing_in_never_leads_elsewhere(home: Home) -> None:
    async with visitor(home) as session:
        answer = await sign_in(session, "anna@example.org", next="//evil.example")
        assert answer.headers["Location"] == "/"


async def test_a_wrong_password_says_so_and_keeps_the_address_but_not_the_password(home: Home) -> None:
    async with visitor(home) as session:
        answer = await sign_in(session, "anna@example.org", "wrong horse battery")
        page = await answer.text()
    assert answer.status == 401
    assert "E-mail address or password is wrong." in page
    assert 'value="anna@example.org"' in page
    assert "wrong horse" not in page


async def test_an_address_typed_as_markup_stays_text(home: Home) -> None:
    async with visitor(home) as session:
        page = await (await sign_in(session, '"><script>alert(1)</script>')).text()
    assert "<script>alert" not in page


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(home: Home) -> None:
    async with visitor(home) as session:
        cookie = (await sign_in(session, "anna@example.org")).headers["Set-Cookie"]
    assert cookie.startswith("__Host-backsight=")
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


async def test_signing_out_ends_the_session_itself(home: Home) -> None:
    async with owner(home) as session:
        kept = {cookie.key: cookie.value for cookie in session.cookie_jar}
        token = csrf_of(await text_of(session, "/me"))
        async with session.post("/logout", data={"csrf": token}, allow_redirects=False) as answer:
            assert answer.headers["Location"] == "/login"
        async with session.get("/me", cookies=kept, allow_redirects=False) as answer:
            assert answer.status == 303


@pytest.mark.parametrize("path", ["/logout", "/hubs/codes"])
async def test_a_form_without_the_sessions_token_changes_nothing(home: Home, path: str) -> None:
    async with owner(home) as session, session.post(path, data={"csrf": "0" * 64}) as answer:
        assert answer.status == 403
        assert "earlier session" in await answer.text()


async def test_who_has_no_hub_is_told_how_to_begin(home: Home) -> None:
    async with owner(home) as session:
        page = await text_of(session, "/")
    assert "Add your hub to begin" in page
    assert "Make a pairing code" in page


async def test_who_has_a_hub_without_cameras_is_told_where_to_name_them(home: Home) -> None:
    await home.add_hub()
    async with owner(home) as session:
        assert "No cameras yet" in await text_of(session, "/")


async def test_a_code_is_shown_once_with_the_exact_command(home: Home) -> None:
    async with owner(home) as session:
        token = csrf_of(await text_of(session, "/hubs"))
        async with session.post("/hubs/codes", data={"csrf": token}) as answer:
            page = await answer.text()
        assert re.search(
            r"backsight-agent pair https://backsight\.example\.org:8471 (\w{3}-\w{3}-\w{3})\b", page
        )
        assert "backsight-agent pair" not in await text_of(session, "/hubs/codes")


async def test_cameras_show_name_state_plan_and_reach(home: Home) -> None:
    await home.add_hub()
    await home.add_camera(DOOR, "Front door")
    await home.report({DOOR: "recording"})
    async with owner(home) as session:
        page = await text_of(session, "/")
    for said in (
        "Front door",
        "Recording",
        "Plus",
        "Nothing recorded yet; the plan keeps 14 days",
        "1 camera",
    ):
        assert said in page


async def test_a_camera_in_trouble_says_what_and_that_the_owner_is_needed(home: Home) -> None:
    await home.add_hub()
    await home.add_camera(DOOR, "Front door")
    await home.report({DOOR: "unreachable"}, text="192.168.1.20 does not answer")
    async with owner(home) as session:
        page = await text_of(session, "/")
    for said in ("No picture since", "192.168.1.20 does not answer", "1 camera, 1 needs you"):
        assert said in page


@pytest.mark.parametrize("path", OWNERS_PAGES)
async def test_a_hostile_name_stays_text_on_every_page(home: Home, path: str) -> None:
    await home.add_hub()
    await home.add_camera(DOOR, HOSTILE)
    await home.report({DOOR: "unreachable"}, text=HOSTILE)
    async with owner(home) as session:
        page = await text_of(session, path)
    assert "&lt;img src=x onerror" in page
    assert "<img" not in page
    assert "<script>alert" not in page


async def test_another_accounts_camera_is_as_one_that_does_not_exist(home: Home) -> None:
    await home.add_hub()
    await home.add_camera(DOOR, "Front door")
    async with owner(home, "bert@example.org") as session:
        async with session.get(f"/cameras/{DOOR}") as foreign, session.get(f"/cameras/{FOREIGN}") as unknown:
            assert (foreign.status, unknown.status) == (404, 404)
            assert await foreign.text() == await unknown.text()
        for path in ("/", "/hubs", "/me"):
            page = await text_of(session, path)
            assert "Front door" not in page
            assert "Attic" not in page


async def test_the_first_history_is_that_of_the_first_camera(home: Home) -> None:
    await home.add_hub()
    await home.add_camera(DOOR, "Front door")
    async with owner(home) as session, session.get("/history") as answer:
        assert answer.url.path == f"/cameras/{DOOR}"


async def test_the_accounts_page_says_that_plans_are_changed_by_the_operator(home: Home) -> None:
    await home.add_hub()
    await home.add_camera(DOOR, "Front door")
    async with owner(home) as session:
        page = await text_of(session, "/me")
    for said in ("anna@example.org", "Europe/Berlin", "To change a plan, write to whoever runs this service"):
        assert said in page


async def test_pages_are_never_kept_and_built_files_always(home: Home) -> None:
    async with owner(home) as session:
        async with session.get("/") as answer:
            assert answer.headers["Cache-Control"] == "no-store"
            address = re.search(r'href="(/static/built/[^"]+\.css)"', await answer.text())
        assert address is not None
        async with session.get(address.group(1)) as answer:
            assert answer.status == 200
            assert "immutable" in answer.headers["Cache-Control"]


async def test_built_files_travel_compressed(home: Home) -> None:
    async with owner(home) as session:
        page = await text_of(session, "/")
        address = re.search(r'src="(/static/built/[^"]+\.js)"', page)
        assert address is not None
        async with session.get(address.group(1), headers={"Accept-Encoding": "gzip"}) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert answer.content_type == "application/javascript"
            assert "import" in await answer.text()


@pytest.mark.parametrize(
    "name", ["built/manifest.json", "../templates/me.html", "%2e%2e/dashboard.py", "nothing.js"]
)
async def test_nothing_but_the_pages_own_files_is_served(home: Home, name: str) -> None:
    async with visitor(home) as session, session.get(URL(f"/static/{name}", encoded=True)) as answer:
        assert answer.status == 404


async def test_the_pages_ask_for_nothing_inline(home: Home) -> None:
    await home.add_hub()
    await home.add_camera(DOOR, "Front door")
    async with owner(home) as session:
        for path in OWNERS_PAGES:
            page = await text_of(session, path)
            assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:", page)
            assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)
