"""An owner erases on a phone and on a desk: sees what would go, confirms or thinks again, sees what went."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from browser.chromium import DESK, PHONE, Device, a_visit
from browser.home import Home, a_home

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60), pytest.mark.asyncio(loop_scope="session")]

DOOR = "74fece010203"
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest_asyncio.fixture(loop_scope="session")
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    async with a_home(tmp_path) as home:
        await home.add_hub()
        await home.add_camera(DOOR, "Front door")
        await home.report({DOOR: "recording"})
        await home.record(DOOR, home.clock.now_ms() // 1000 * 1000 - 120_000, 120)
        yield home


async def left(home: Home) -> int:
    async with home.database.read() as tx:
        return len(await tx.footage.segments(home.account.id, DOOR, 0, 2**50, None))


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()


@pytest.mark.parametrize("device", [PHONE, DESK], ids=lambda device: device.name)
async def test_everything_is_erased_in_two_steps_and_the_page_says_what_left(
    browser: Browser, home: Home, device: Device
) -> None:
    async with a_visit(browser, home, device) as visit:
        await visit.sign_in(f"/cameras/{DOOR}")
        await visit.until_shown()
        await press(visit.page, "Erase everything")
        await expect(visit.page.locator("h1")).to_have_text("Erase from Front door?")
        await expect(visit.page.locator(".facts")).to_contain_text("About 2 minutes of video")
        assert await visit.page.evaluate(TOO_WIDE) <= 0
        assert await left(home) > 0
        await press(visit.page, "Erase for good")
        await expect(visit.page.locator("#left")).to_contain_text("Erased by you")
        assert await left(home) == 0


async def test_thinking_again_keeps_all_of_it(browser: Browser, home: Home) -> None:
    before = await left(home)
    async with a_visit(browser, home, PHONE) as visit:
        await visit.sign_in(f"/cameras/{DOOR}")
        await visit.until_shown()
        await press(visit.page, "Erase this time")
        await visit.page.get_by_role("link", name="Keep it").click()
        await expect(visit.page.locator("h1")).to_have_text("Front door")
        await visit.until_shown()
    assert await left(home) == before


async def test_the_times_are_the_owners_own_and_taken_to_the_minute(browser: Browser, home: Home) -> None:
    async with a_visit(browser, home, DESK) as visit:
        await visit.sign_in(f"/cameras/{DOOR}")
        await visit.until_shown()
        await visit.page.fill("#erase-from", "2001-01-01T00:00")
        await visit.page.fill("#erase-to", "2001-01-01T00:01")
        visit.complaints.clear()
        await press(visit.page, "Erase this time")
        await expect(visit.page.locator("h1")).to_have_text("Nothing was erased from Front door")
        visit.complaints.clear()  # the browser notes that the answer was a 422
