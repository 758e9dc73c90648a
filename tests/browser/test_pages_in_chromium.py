"""The pages work by hand and by keyboard, on a phone and on a desk, in the dark and in the light."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from browser.chromium import DESK, DEVICES, PHONE, Device, a_visit
from browser.home import HOSTILE, PASSWORD, Home, a_home

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60), pytest.mark.asyncio(loop_scope="session")]

DOOR, YARD, GARAGE, HALL = "74fece010203", "74fece010204", "74fece010205", "74fece010206"
STATES = {DOOR: "recording", YARD: "recording", GARAGE: "unreachable", HALL: "off"}
HOUR_MS = 3_600_000

# Everything that can be pressed must be as large as a thumb; links inside of running text are text.
TOO_SMALL = """() => [...document.querySelectorAll("a, button, select, input:not([hidden]), [role=slider]")]
  .filter((part) => part.checkVisibility() && part.type !== "hidden" && !part.closest("h2, li, .skip"))
  .map((part) => [part.outerHTML.slice(0, 80), part.getBoundingClientRect()])
  .filter(([, box]) => box.height < 44 || box.width < 44).map(([name]) => name)"""
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest_asyncio.fixture(loop_scope="session")
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    async with a_home(tmp_path) as home:
        await home.add_hub()
        await home.add_camera(DOOR, "Front door")
        await home.add_camera(YARD, "Garden", window_ms=12 * HOUR_MS, plan="free")
        await home.add_camera(GARAGE, HOSTILE, window_ms=48 * HOUR_MS, plan="free")
        await home.add_camera(HALL, "Hall", window_ms=12 * HOUR_MS, plan="free")
        await home.report(STATES, text="")
        begin_ms = home.clock.now_ms() // 1000 * 1000 - 120_000
        for camera in (DOOR, YARD):
            await home.record(camera, begin_ms, 120)
        yield home


async def assert_sound(page: Page) -> None:
    """Nothing sticks out, nothing is too small to press."""
    assert await page.evaluate(TOO_WIDE) <= 0
    assert await page.evaluate(TOO_SMALL) == []


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)
async def test_every_page_fits_the_device_and_the_browser_has_nothing_to_complain_of(
    browser: Browser, home: Home, device: Device, tmp_path: Path
) -> None:
    async with a_visit(browser, home, device) as visit:
        await visit.go("/")
        await assert_sound(visit.page)
        await visit.sign_in()
        await expect(visit.page.locator("canvas[data-drawn=yes]")).to_have_count(2)
        for path in ("/", "/hubs", "/me", f"/cameras/{DOOR}"):
            await visit.go(path)
            await assert_sound(visit.page)
        await visit.until_shown()
        await assert_sound(visit.page)


async def test_four_tabs_lie_under_the_thumb_of_a_phone_and_me_is_at_the_right(
    browser: Browser, home: Home
) -> None:
    async with a_visit(browser, home, PHONE) as visit:
        await visit.sign_in()
        tabs = visit.page.locator("nav.tabs a")
        assert await tabs.all_inner_texts() == ["Cameras", "History", "Hubs", "Me"]
        box = await tabs.last.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] == PHONE.width
        assert box["y"] + box["height"] == PHONE.height
        await tabs.nth(1).tap()
        await expect(visit.page.locator("h1")).to_have_text("Front door")


async def test_signing_in_and_reaching_a_camera_takes_only_the_keyboard(browser: Browser, home: Home) -> None:
    async with a_visit(browser, home) as visit:
        await visit.go("/")
        keyboard = visit.page.keyboard
        await keyboard.type("anna@example.org")
        await keyboard.press("Tab")
        await keyboard.type(PASSWORD)
        await keyboard.press("Enter")
        await expect(visit.page.locator("h1")).to_have_text("Cameras")
        for _ in range(12):
            await keyboard.press("Tab")
            if await visit.page.evaluate("document.activeElement.textContent") == "Front door":
                break
        await keyboard.press("Enter")
        await expect(visit.page.locator("h1")).to_have_text("Front door")


async def test_the_first_tab_stop_skips_to_the_content(browser: Browser, home: Home) -> None:
    async with a_visit(browser, home) as visit:
        await visit.sign_in()
        await visit.page.keyboard.press("Tab")
        await expect(visit.page.get_by_role("link", name="To the content")).to_be_in_viewport()
        await visit.page.keyboard.press("Enter")
        assert await visit.page.evaluate("document.activeElement.id") == "content"


async def test_cards_follow_the_cameras_without_loading_and_keep_focus_and_pictures(
    browser: Browser, home: Home
) -> None:
    async with a_visit(browser, home) as visit:
        await visit.sign_in()
        await expect(visit.page.locator("canvas[data-drawn=yes]")).to_have_count(2)
        await visit.page.evaluate("window.notReloaded = true")
        await visit.page.get_by_role("link", name="Front door").focus()
        await home.report(STATES | {DOOR: "starting"})
        await expect(visit.page.locator(f"[data-live='{DOOR}']")).to_contain_text("Starting")
        assert await visit.page.evaluate("window.notReloaded") is True
        assert await visit.page.evaluate("document.activeElement.textContent") == "Front door"
        await expect(visit.page.locator("canvas[data-drawn=yes]")).to_have_count(2)


async def test_a_camera_that_fails_is_explained_where_its_picture_was(browser: Browser, home: Home) -> None:
    async with a_visit(browser, home) as visit:
        await visit.sign_in()
        await home.report(STATES | {YARD: "stream_refused"}, text="It answers, its stream does not")
        card = visit.page.locator("article", has_text="Garden")
        await expect(card).to_contain_text("No picture since")
        await expect(card).to_contain_text("It answers, its stream does not")
        await expect(visit.page.locator("[data-live=summary]")).to_have_text("4 cameras, 2 need you")


async def test_a_hostile_camera_name_is_only_text(browser: Browser, home: Home) -> None:
    async with a_visit(browser, home) as visit:
        await visit.sign_in()
        await expect(visit.page.get_by_role("link", name=HOSTILE)).to_be_visible()
        assert await visit.page.locator("main img, main script").count() == 0


async def test_adding_a_hub_shows_a_code_and_the_page_follows_when_it_is_paired(
    browser: Browser, home: Home
) -> None:
    async with a_visit(browser, home, PHONE) as visit:
        await visit.sign_in("/hubs")
        await visit.page.get_by_role("button", name="Add a hub").click()
        await expect(visit.page.locator("#command")).to_contain_text("backsight-agent pair https://")
        await assert_sound(visit.page)
        await home.add_hub("hub-new")
        await expect(visit.page.locator("article")).to_have_count(2)


async def test_a_wrong_password_is_said_in_the_form(browser: Browser, home: Home) -> None:
    async with a_visit(browser, home, expected=("401",)) as visit:
        await visit.go("/")
        await visit.page.fill("#email", "anna@example.org")
        await visit.page.fill("#password", "wrong horse battery")
        await visit.page.press("#password", "Enter")
        await expect(visit.page.get_by_role("alert")).to_have_text("E-mail address or password is wrong.")
        assert await visit.page.evaluate("document.activeElement.id") == "password"


async def test_signing_out_leaves_nothing_to_go_back_to(browser: Browser, home: Home) -> None:
    async with a_visit(browser, home, DESK) as visit:
        await visit.sign_in("/me")
        await visit.page.get_by_role("button", name="Sign out").click()
        await visit.page.wait_for_url(lambda address: "/login" in address)
        await visit.page.go_back()
        await expect(visit.page.locator("h1")).to_have_text("Sign in")


async def test_scripts_that_are_not_ours_do_not_run(browser: Browser, home: Home) -> None:
    async with a_visit(browser, home, expected=("Content Security Policy",)) as visit:
        await visit.sign_in()
        ran = await visit.page.evaluate(
            """() => { const made = document.createElement('script'); made.textContent = 'window.ran = true';
            document.body.append(made); return window.ran === true }"""
        )
        assert ran is False
        assert any("Content Security Policy" in text for text in visit.complaints)
