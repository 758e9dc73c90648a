"""An owner sees on the pages what would go before it goes, and afterwards what went."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from aiohttp import ClientSession, CookieJar
from yarl import URL

from backsight_shared.segment import Run, Segment
from browser.home import HOSTILE, PASSWORD, Home, a_home_in_memory

DOOR = "74fece010203"
MINUTE_MS = 60_000
ERASE = f"/cameras/{DOOR}/erase"


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    async with a_home_in_memory(tmp_path) as home:
        await home.add_hub()
        await home.add_camera(DOOR, "Front door")
        yield home


@asynccontextmanager
async def owner(home: Home, email: str = "anna@example.org") -> AsyncIterator[ClientSession]:
    jar = CookieJar(unsafe=True, treat_as_secure_origin=URL(home.address))
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    async with ClientSession(home.address, cookie_jar=jar, headers=headers) as session:
        await session.post("/login", data={"email": email, "password": PASSWORD}, allow_redirects=False)
        yield session


async def record_minutes(home: Home, count: int = 10) -> int:
    """So many minutes of footage, which begin half an hour ago, at a full minute; when they begin."""
    begins = (home.clock.now_ms() - 30 * MINUTE_MS) // MINUTE_MS * MINUTE_MS
    segments = [
        Segment(DOOR, begins + at * 10_000, begins + (at + 1) * 10_000, begins, at, 250_000)
        for at in range(6 * count)
    ]
    async with home.database.begin() as tx:
        await tx.footage.add_run(home.account.id, Run(DOOR, begins), 4)
        await tx.footage.add_segments(home.account.id, segments)
    return begins


async def left(home: Home) -> int:
    async with home.database.read() as tx:
        return len(await tx.footage.segments(home.account.id, DOOR, 0, 2**50, None))


async def csrf(session: ClientSession) -> str:
    return fields_of(await (await session.get(f"/cameras/{DOOR}")).text())["csrf"]


def fields_of(page: str) -> dict[str, str]:
    """Every hidden field of the page."""
    hidden = re.findall(r'<input type="hidden" name="([a-z]+)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in hidden}


def local(at_ms: int) -> str:
    """As a browser's field says it, in Anna's zone."""
    return (
        datetime.fromtimestamp(at_ms / 1000, UTC)
        .astimezone(ZoneInfo("Europe/Berlin"))
        .strftime("%Y-%m-%dT%H:%M")
    )


async def ask(session: ClientSession, **form: str) -> tuple[int, str]:
    async with session.post(ERASE, data={"csrf": await csrf(session), **form}) as answer:
        return answer.status, await answer.text()


async def test_a_span_is_asked_about_before_it_goes(home: Home) -> None:
    begins = await record_minutes(home)
    async with owner(home) as session:
        span = {"from": local(begins), "to": local(begins + 2 * MINUTE_MS)}
        status, page = await ask(session, what="span", **span)
    assert status == 200
    for said in ("Erase from Front door?", "About 2 minutes of video (3.0 MB)", "uploaded or not", "Keep it"):
        assert said in page
    assert await left(home) == 60


async def test_confirmed_it_goes_and_the_camera_s_page_says_so(home: Home) -> None:
    begins = await record_minutes(home)
    async with owner(home) as session:
        span = {"from": local(begins), "to": local(begins + 2 * MINUTE_MS)}
        _, page = await ask(session, what="span", **span)
        async with session.post(ERASE, data=fields_of(page)) as answer:
            assert answer.url.path == f"/cameras/{DOOR}"
            page = await answer.text()
    assert await left(home) == 48
    assert "Erased by you" in page
    assert "About 2 minutes of video (3.0 MB)" in page


async def test_everything_is_asked_about_too(home: Home) -> None:
    await record_minutes(home)
    async with owner(home) as session:
        _, page = await ask(session, what="everything", **{"from": "", "to": ""})
        assert "About 10 minutes of video" in page
        await session.post(ERASE, data=fields_of(page))
    assert await left(home) == 0


async def test_a_confirmation_that_does_not_hold_asks_again(home: Home) -> None:
    await record_minutes(home)
    async with owner(home) as session:
        _, page = await ask(session, what="everything")
        async with session.post(ERASE, data={**fields_of(page), "confirm": "made up"}) as answer:
            again = await answer.text()
    assert "This is what would go now" in again
    assert fields_of(again)["confirm"] != "made up"
    assert await left(home) == 60


@pytest.mark.parametrize(
    "span", [("", ""), ("2026-01-02T03:04", ""), ("2026-01-02T03:04", "2026-01-02T03:04"), ("x", "y")]
)
async def test_two_moments_that_are_no_span_are_said_to_be_none(home: Home, span: tuple[str, str]) -> None:
    async with owner(home) as session:
        status, page = await ask(session, what="span", **{"from": span[0], "to": span[1]})
    assert status == 422
    assert "Give two moments" in page


async def test_a_time_without_a_history_is_said_to_have_none(home: Home) -> None:
    async with owner(home) as session:
        status, page = await ask(session, **{"from": "2001-01-01T00:00", "to": "2001-01-02T00:00"})
    assert status == 422
    assert "In that time there is no history" in page


async def test_another_accounts_camera_is_unknown(home: Home) -> None:
    await record_minutes(home)
    async with owner(home, "bert@example.org") as session:
        token = fields_of(await (await session.get("/me")).text())["csrf"]
        for form in ({"what": "everything"}, {"from": "", "to": ""}):
            async with session.post(ERASE, data={"csrf": token, **form}) as answer:
                assert answer.status == 404
                assert "Front door" not in await answer.text()


async def test_a_form_without_the_sessions_token_erases_nothing(home: Home) -> None:
    await record_minutes(home)
    async with owner(home) as session, session.post(ERASE, data={"csrf": "0" * 64}) as answer:
        assert answer.status == 403


async def test_a_question_that_is_loaded_again_leads_back_to_the_camera(home: Home) -> None:
    async with owner(home) as session, session.get(ERASE) as answer:
        assert answer.url.path == f"/cameras/{DOOR}"


async def test_a_hostile_name_stays_text(home: Home, tmp_path: Path) -> None:
    other = "74fece010209"
    await home.add_camera(other, HOSTILE)
    async with owner(home) as session:
        form = {"csrf": await csrf(session), "what": "everything"}
        async with session.post(f"/cameras/{other}/erase", data=form) as answer:
            page = await answer.text()
    assert "&lt;img src=x onerror" in page
    assert "<img" not in page


async def test_the_question_asks_for_nothing_inline(home: Home) -> None:
    async with owner(home) as session:
        _, page = await ask(session, what="everything")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:", page)
