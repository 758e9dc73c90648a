"""The sign-in page asks for a one-time code where the account wants one, before it opens anything."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import ClientResponse, ClientSession, CookieJar
from yarl import URL

from backsight_cloud.domain.people import SecondFactor, Share
from backsight_cloud.domain.sealing import Seal
from backsight_cloud.domain.totp import STEP_MS, code_at
from browser.home import PASSWORD, Home, a_home_in_memory
from fakes.people import PEOPLE_TERMS

EMAIL, SECRET, DOOR = "anna@example.org", b"12345678901234567890", "74fece010203"


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    """Anna's account asks for codes."""
    async with a_home_in_memory(tmp_path) as home:
        sealed = Seal(PEOPLE_TERMS.account_key).close(SECRET, home.account.id)
        async with home.database.begin() as tx:
            await tx.factors.put(SecondFactor(home.account.id, sealed, home.clock.now_ms()))
        yield home


@asynccontextmanager
async def visitor(home: Home) -> AsyncIterator[ClientSession]:
    jar = CookieJar(unsafe=True, treat_as_secure_origin=URL(home.address))
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    async with ClientSession(home.address, cookie_jar=jar, headers=headers) as session:
        yield session


def code(home: Home) -> str:
    return code_at(SECRET, home.clock.now_ms() // STEP_MS)


async def begin(session: ClientSession, next_page: str = "/hubs") -> str:
    """The challenge that the page with the field for the code carries."""
    form = {"email": EMAIL, "password": PASSWORD, "next": next_page}
    async with session.post("/login", data=form) as answer:
        assert answer.status == 200
        assert "Set-Cookie" not in answer.headers
        page = await answer.text()
    found = re.search(r'name="challenge" value="([^"]+)"', page)
    assert found is not None
    assert PASSWORD not in page
    return found.group(1)


async def enter(session: ClientSession, challenge: str, typed: str) -> ClientResponse:
    form = {"challenge": challenge, "code": typed, "next": "/hubs"}
    return await session.post("/login/code", data=form, allow_redirects=False)


async def test_password_and_code_lead_to_the_page_that_was_asked_for(home: Home) -> None:
    async with visitor(home) as session:
        answer = await enter(session, await begin(session), code(home))
        assert (answer.status, answer.headers["Location"]) == (303, "/hubs")
        async with session.get("/hubs") as page:
            assert page.status == 200


async def test_the_password_alone_opens_no_page(home: Home) -> None:
    async with visitor(home) as session:
        await begin(session)
        async with session.get("/hubs", allow_redirects=False) as answer:
            assert answer.status == 303


async def test_a_wrong_code_may_be_tried_again(home: Home) -> None:
    async with visitor(home) as session:
        challenge = await begin(session)
        answer = await enter(session, challenge, "000000")
        assert answer.status == 401
        assert "The code is wrong" in await answer.text()
        assert (await enter(session, challenge, code(home))).status == 303


async def test_what_is_no_challenge_leads_back_to_the_password(home: Home) -> None:
    async with visitor(home) as session:
        page = await (await enter(session, "<script>", code(home))).text()
    assert 'name="password"' in page
    assert "<script>" not in page.split("</head>")[1]


async def test_the_page_of_a_shared_camera_offers_nothing_that_only_its_owner_may_do(home: Home) -> None:
    await home.add_hub()
    await home.add_camera(DOOR, "Front door")
    async with home.database.begin() as tx:
        await tx.shares.add(Share("share", DOOR, home.stranger.id, home.clock.now_ms()))
    async with visitor(home) as session:
        form = {"email": home.stranger.email, "password": PASSWORD, "next": "/"}
        await session.post("/login", data=form)
        async with session.get(f"/cameras/{DOOR}") as answer:
            assert answer.status == 200
            page = await answer.text()
        async with session.get("/") as answer:
            assert "Shared with you" in await answer.text()
        async with session.get("/me") as answer:
            assert "Front door" not in await answer.text()
    assert "Front door" in page
    assert f"/cameras/{DOOR}/erase" not in page
    assert "What left" not in page


async def test_an_account_that_closes_sees_no_page(home: Home) -> None:
    async with visitor(home) as session:
        await enter(session, await begin(session), code(home))
        async with home.database.begin() as tx:
            await tx.people.update_account(replace(home.account, closing_ms=1))
        async with session.get("/", allow_redirects=False) as answer:
            assert answer.status == 303
