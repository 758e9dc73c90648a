"""The link in a mail refuses its kind without a sign-in; looking at it changes nothing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from backsight_cloud.domain.notices import OPTIONAL
from backsight_cloud.domain.unsubscribing import Unsubscribing
from backsight_cloud.web.mail_pages import PATH, WORDS
from fakes.clock import FakeClock
from fakes.cloud_site import UNSUBSCRIBING_KEY, CloudSite, cloud_site
from fakes.household import ANNA

LINKS = Unsubscribing(UNSUBSCRIBING_KEY)
ADDRESS = PATH + LINKS.token(ANNA, "share_ended")


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[CloudSite]:
    async with cloud_site(tmp_path, FakeClock()) as made:
        yield made


@pytest.fixture
async def browser(site: CloudSite) -> ClientSession:
    return site.browser()


async def refused(site: CloudSite) -> set[str]:
    async with site.database.read() as view:
        return await view.outbox.unsubscribed(ANNA)


async def test_looking_at_the_link_changes_nothing(site: CloudSite, browser: ClientSession) -> None:
    async with browser.get(ADDRESS) as answer:
        assert answer.status == 200
        assert WORDS["share_ended"] in await answer.text()
    assert await refused(site) == set()


async def test_the_button_on_the_page_refuses_the_kind(site: CloudSite, browser: ClientSession) -> None:
    async with browser.post(ADDRESS, headers={"Sec-Fetch-Site": "same-origin"}) as answer:
        assert (answer.status, "Done" in await answer.text()) == (200, True)
    assert await refused(site) == {"share_ended"}


async def test_so_does_the_button_of_a_mail_program(site: CloudSite, browser: ClientSession) -> None:
    for _ in range(2):
        async with browser.post(ADDRESS, data={"List-Unsubscribe": "One-Click"}) as answer:
            assert answer.status == 200
    assert await refused(site) == {"share_ended"}


async def test_it_works_beside_a_session_of_another_site(site: CloudSite) -> None:
    browser = await site.signed_in()
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://mail.example"}
    async with browser.post(ADDRESS, data={"List-Unsubscribe": "One-Click"}, headers=headers) as answer:
        assert answer.status == 200
    assert await refused(site) == {"share_ended"}


@pytest.mark.parametrize(
    "token",
    ["x", "%00", LINKS.token(ANNA, "share_ended")[:-3], Unsubscribing(b"other").token(ANNA, "share_ended")],
)
async def test_what_is_no_link_of_ours_refuses_nothing(
    site: CloudSite, browser: ClientSession, token: str
) -> None:
    for method in ("GET", "POST"):
        async with browser.request(method, PATH + token) as answer:
            assert answer.status == 404
    assert await refused(site) == set()


async def test_of_an_account_that_never_was_nothing_is_kept(browser: ClientSession) -> None:
    async with browser.post(PATH + LINKS.token("nobody", "share_ended")) as answer:
        assert answer.status == 404


def test_each_kind_that_can_be_refused_has_words_of_its_own() -> None:
    assert set(WORDS) == OPTIONAL
