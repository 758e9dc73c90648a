"""With a camera its owner does all, a viewer only looks, and nobody else even knows that it is there."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from backsight_cloud.domain.people import Role, Share
from fakes.clock import NOON_MS, FakeClock
from fakes.cloud_site import PASSWORD, CloudSite, cloud_site
from fakes.household import ANNA, BERT, DOOR, HOUR_MS, HUB, YARD, a_run, an_account, segments_of

RUN = a_run(NOON_MS - HOUR_MS)
SPAN = f"from={RUN.run_ms}&to={RUN.run_ms + 60_000}"
VIEWER, ENDED, OPERATOR = "vera", "emil", "olga"

LOOKING = [
    ("GET", ""),
    ("GET", f"/history?{SPAN}"),
    ("GET", f"/playlist.m3u8?{SPAN}"),
    ("GET", f"/clip.mp4?{SPAN}"),
    ("GET", f"/runs/{RUN.run_ms}.mp4"),
    ("GET", f"/segments/{RUN.run_ms}.m4s"),
]
OWNING = [
    ("GET", "/erasures"),
    ("POST", "/erase"),
    ("GET", "/shares"),
    ("POST", "/shares"),
    ("DELETE", "/invitations/0123456789abcdef"),
]
BODIES: dict[str, Any] = {"/erase": {"everything": True}, "/shares": {"email": "x@example.org"}}
STRANGERS = [BERT, ENDED, OPERATOR]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[CloudSite]:
    """Anna's door is shared with Vera, was with Emil, and is with Olga, who became an operator."""
    async with cloud_site(tmp_path, FakeClock()) as made:
        await made.store(RUN, segments_of(RUN, 6))
        async with made.database.begin() as tx:
            for name in (VIEWER, ENDED, OPERATOR):
                account = replace(an_account(name), password_hash=f"plain:{PASSWORD}")
                await tx.people.add_account(account)
                await tx.shares.add(Share(name, DOOR, name, NOON_MS))
            await tx.shares.end(ANNA, ENDED)
            operator = await tx.people.account(OPERATOR)
            assert operator is not None
            await tx.people.update_account(replace(operator, role=Role.OPERATOR))
        yield made


async def status_of(browser: ClientSession, method: str, path: str, camera: str = DOOR) -> int:
    async with browser.request(method, f"/v1/cameras/{camera}{path}", json=BODIES.get(path)) as answer:
        return answer.status


async def answer_of(browser: ClientSession, method: str, path: str, camera: str) -> tuple[int, bytes]:
    async with browser.request(method, f"/v1/cameras/{camera}{path}", json=BODIES.get(path)) as answer:
        return answer.status, await answer.read()


@pytest.mark.parametrize(("method", "path"), LOOKING)
async def test_owner_and_viewer_look(site: CloudSite, method: str, path: str) -> None:
    answers = [await answer_of(await site.signed_in(who), method, path, DOOR) for who in (ANNA, VIEWER)]
    assert [status for status, _ in answers] == [200, 200]
    if path:  # of the camera itself a viewer is told less
        assert answers[0] == answers[1]


@pytest.mark.parametrize(("method", "path"), OWNING)
async def test_what_is_the_owners_is_unknown_to_a_viewer(site: CloudSite, method: str, path: str) -> None:
    assert await status_of(await site.signed_in(VIEWER), method, path) == 404


@pytest.mark.parametrize("who", STRANGERS)
@pytest.mark.parametrize(("method", "path"), LOOKING + OWNING)
async def test_to_everybody_else_it_is_as_a_camera_that_does_not_exist(
    site: CloudSite, who: str, method: str, path: str
) -> None:
    browser = await site.signed_in(who)
    there = await answer_of(browser, method, path, DOOR)
    assert there == await answer_of(browser, method, path, "000000000000")
    assert there[0] == 404


@pytest.mark.parametrize("who", [VIEWER, *STRANGERS])
@pytest.mark.parametrize(("method", "path"), LOOKING + OWNING)
async def test_the_owners_other_camera_is_unknown_to_all(
    site: CloudSite, who: str, method: str, path: str
) -> None:
    assert await status_of(await site.signed_in(who), method, path, YARD) == 404


@pytest.mark.parametrize(("method", "path"), LOOKING + OWNING)
async def test_without_a_session_nothing_is_said(site: CloudSite, method: str, path: str) -> None:
    assert await status_of(site.browser(), method, path) == 401


async def test_of_a_shared_camera_its_owners_business_is_not_told(site: CloudSite) -> None:
    async with (await site.signed_in(VIEWER)).get(f"/v1/cameras/{DOOR}") as answer:
        camera = await answer.json()
    assert (camera["shared"], camera["plan"], camera["hub"]) == (True, None, None)
    assert HUB not in str(camera)
    assert camera["window_ms"] == 12 * HOUR_MS


async def test_the_list_has_what_is_shared_after_what_is_own(site: CloudSite) -> None:
    async with (await site.signed_in(VIEWER)).get("/v1/cameras") as answer:
        assert [one["id"] for one in (await answer.json())["cameras"]] == [DOOR]
    async with (await site.signed_in(OPERATOR)).get("/v1/cameras") as answer:
        assert (await answer.json())["cameras"] == []


async def test_a_browser_keeps_nothing_of_what_is_shared(site: CloudSite) -> None:
    kept = []
    for who in (ANNA, VIEWER):
        browser = await site.signed_in(who)
        async with browser.get(f"/v1/cameras/{DOOR}/segments/{RUN.run_ms}.m4s") as answer:
            kept.append(answer.headers["Cache-Control"])
    assert kept == ["private, max-age=300, immutable", "no-store"]


@pytest.mark.parametrize("ended_by", [ANNA, VIEWER])
async def test_the_end_of_a_share_is_at_once(site: CloudSite, ended_by: str) -> None:
    vera = await site.signed_in(VIEWER)
    assert await status_of(vera, *LOOKING[-1]) == 200
    async with site.database.begin() as tx:
        await tx.shares.end(ended_by, VIEWER)
    assert [await status_of(vera, method, path) for method, path in LOOKING] == [404] * len(LOOKING)


async def test_sharing_goes_from_invitation_to_end(site: CloudSite) -> None:
    anna, bert = await site.signed_in(ANNA), await site.signed_in(BERT)
    async with site.database.begin() as tx:
        account = await tx.people.account(BERT)
        assert account is not None
        await tx.people.update_account(replace(account, confirmed_ms=NOON_MS))
    async with anna.post(f"/v1/cameras/{DOOR}/shares", json={"email": "bert@example.org"}) as answer:
        assert answer.status == 201
    async with bert.get("/v1/invitations") as answer:
        ((invitation),) = (await answer.json())["invitations"]
    assert (invitation["name"], invitation["owner"]) == ("Front door", "anna@example.org")
    assert await status_of(bert, "GET", "") == 404
    async with bert.post(f"/v1/invitations/{invitation['id']}/acceptance") as answer:
        assert answer.status == 201
    assert await status_of(bert, "GET", "") == 200
    async with bert.get("/v1/shares") as answer:
        (share,) = (await answer.json())["shares"]
    async with anna.get(f"/v1/cameras/{DOOR}/shares") as answer:
        assert share["id"] in [one["id"] for one in (await answer.json())["shares"]]
    async with bert.delete(f"/v1/shares/{share['id']}") as answer:
        assert answer.status == 204
    assert await status_of(bert, "GET", "") == 404
