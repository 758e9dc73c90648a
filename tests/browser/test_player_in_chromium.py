"""An owner finds a moment and sees the very picture of it, in a real browser, on the real site."""

import pytest
from playwright.async_api import Browser, expect

from browser.chromium import DESK, PHONE, Device, a_visit
from browser.door import DOOR, FIRST_S, GAP_S, LENGTH_S, PAGE, Door
from browser.home import Home

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60), pytest.mark.asyncio(loop_scope="session")]

SHORT, NEW = "74fece010204", "74fece010205"
PLAYS = "(({ paused, currentTime }) => !paused && currentTime > 0)(document.querySelector('video'))"
HEARD = "((video) => !video.muted && video.webkitAudioDecodedByteCount > 0)(document.querySelector('video'))"
NEWEST_IS_AT = "(at) => Number(document.querySelector('[role=slider]').getAttribute('aria-valuemax')) >= at"


@pytest.mark.parametrize("device", [DESK, PHONE], ids=lambda device: device.name)
async def test_the_newest_pictures_play_and_the_clock_says_when_they_were(
    browser: Browser, home: Home, door: Door, device: Device
) -> None:
    async with a_visit(browser, home, device) as visit:
        await visit.sign_in(PAGE)
        await visit.until_shown()
        shown = await door.shown_second(visit)
        assert abs(await visit.picture() - shown) <= 1
        assert shown > LENGTH_S - 25
        await visit.page.wait_for_function(PLAYS)
        await expect(visit.page.locator("[data-part=newest]")).to_have_attribute("aria-pressed", "true")


async def test_the_clock_is_in_the_accounts_zone_and_the_zone_is_named(
    browser: Browser, home: Home, door: Door
) -> None:
    async with a_visit(browser, home) as visit:
        await visit.sign_in(door.page(100))
        await visit.until_shown()
        await visit.page.keyboard.press("k")
        written = await visit.page.locator("[data-part=clock]").inner_text()
        local = await visit.page.evaluate(
            "(ms) => new Date(ms).toLocaleTimeString('en-GB', { timeZone: 'Europe/Berlin' })",
            await visit.clock_ms(),
        )
        assert written.endswith(local)
        await expect(visit.page.get_by_text("Times in Europe/Berlin")).to_be_visible()


async def test_a_click_on_the_timeline_shows_the_picture_of_that_moment(
    browser: Browser, home: Home, door: Door
) -> None:
    async with a_visit(browser, home) as visit:
        await visit.sign_in(PAGE)
        await visit.until_shown()
        for second in (60, 200, 600, 30):
            await door.click(visit, second)
            await visit.until_at(door.moment(second), within_ms=3000)
            assert abs(await visit.picture() - second) <= 4
            assert abs(await visit.picture() - await door.shown_second(visit)) <= 1


async def test_many_seeks_in_a_row_end_at_the_last_one(browser: Browser, home: Home, door: Door) -> None:
    async with a_visit(browser, home) as visit:
        await visit.sign_in(PAGE)
        await visit.until_shown()
        for second in (20, 500, 90, 650, 270, 440, 150):
            await door.click(visit, second)
        await visit.until_at(door.moment(150), within_ms=3000)
        assert abs(await visit.picture() - 150) <= 4


async def test_a_moment_in_the_address_is_shown_exactly(browser: Browser, home: Home, door: Door) -> None:
    async with a_visit(browser, home) as visit:
        await visit.sign_in(door.page(123))
        await visit.until_shown()
        assert 123 <= await visit.picture() <= 126


async def test_ten_seconds_back_are_ten_seconds(browser: Browser, home: Home, door: Door) -> None:
    async with a_visit(browser, home) as visit:
        await visit.sign_in(door.page(100))
        await visit.until_shown()
        before = await visit.clock_ms()
        await visit.page.click("[data-part=back]")
        await visit.until_at(before - 10_000, within_ms=1500)
        assert abs(await visit.picture() - await door.shown_second(visit)) <= 1


async def test_the_keyboard_alone_goes_to_the_ends_and_in_steps(
    browser: Browser, home: Home, door: Door
) -> None:
    async with a_visit(browser, home) as visit:
        await visit.sign_in(door.page(500))
        await visit.until_shown()
        slider = visit.page.get_by_role("slider", name="History of Front door")
        await slider.focus()
        await visit.page.keyboard.press("Home")
        await visit.until_at(door.begin_ms, within_ms=3000)
        await visit.page.keyboard.press("ArrowRight")
        await visit.until_at(door.moment(10), within_ms=5000)
        spoken = await slider.get_attribute("aria-valuetext") or ""
        assert spoken.startswith("Front door, ")
        assert spoken.endswith(", recorded")
        await visit.page.keyboard.press("End")
        await visit.until_at(door.moment(LENGTH_S), within_ms=16_000)
        await visit.page.keyboard.press("Space")
        await expect(visit.page.locator("[data-part=play]")).to_have_text("Play")


async def test_a_moment_in_a_gap_says_why_and_plays_what_comes_after(
    browser: Browser, home: Home, door: Door
) -> None:
    async with a_visit(browser, home) as visit:
        await visit.sign_in(door.page(FIRST_S + 30))
        await visit.until_shown()
        await expect(visit.page.locator("[data-part=toast]")).to_contain_text("camera switched off")
        assert FIRST_S + GAP_S <= await visit.picture() <= FIRST_S + GAP_S + 4
        await expect(visit.page.locator(".timeline .gap-text").first).to_contain_text("camera switched off")


async def test_playing_goes_over_a_gap_and_says_so(browser: Browser, home: Home, door: Door) -> None:
    async with a_visit(browser, home) as visit:
        await visit.sign_in(door.page(FIRST_S - 4))
        await visit.until_shown()
        await expect(visit.page.locator("[data-part=toast]")).to_contain_text("Skipped 2 min", timeout=10_000)
        assert await visit.picture() >= FIRST_S + GAP_S
        assert abs(await visit.picture() - await door.shown_second(visit)) <= 1


async def test_what_has_left_the_history_is_not_offered(browser: Browser, home: Home) -> None:
    window_ms, begin_ms = 400_000, home.clock.now_ms() - LENGTH_S * 1000
    await home.add_camera(SHORT, "Hall", window_ms=window_ms, plan="free")
    await home.record(SHORT, begin_ms, LENGTH_S)
    async with a_visit(browser, home, expected=("404",)) as visit:
        await visit.sign_in(f"/cameras/{SHORT}?at={begin_ms}")
        await visit.until_shown()
        oldest_ms = home.clock.now_ms() - window_ms - 10_000
        assert await visit.clock_ms() >= oldest_ms
        slider = visit.page.get_by_role("slider")
        assert int(await slider.get_attribute("aria-valuemin") or 0) * 1000 >= oldest_ms - 1000
        gone = f"/v1/cameras/{SHORT}/segments/{begin_ms}.m4s"
        assert await visit.page.evaluate("(gone) => fetch(gone).then((answer) => answer.status)", gone) == 404
        await expect(visit.page.locator(".timeline .edge-text")).to_have_text("history begins")


async def test_new_pictures_come_without_loading_the_page(browser: Browser, home: Home, door: Door) -> None:
    async with a_visit(browser, home) as visit:
        await visit.sign_in(PAGE)
        await visit.until_shown()
        begin_ms = door.moment(LENGTH_S)
        await home.record(DOOR, begin_ms, 30, first_second=LENGTH_S, after="stream_broken")
        await visit.page.wait_for_function(NEWEST_IS_AT, arg=begin_ms // 1000 + 30)
        await visit.page.click("[data-part=newest]")
        await visit.until_at(door.moment(LENGTH_S + 17), within_ms=4000)
        assert abs(await visit.picture() - await door.shown_second(visit)) <= 1


async def test_a_camera_without_footage_says_so_and_begins_when_there_is_some(
    browser: Browser, home: Home
) -> None:
    await home.add_camera(NEW, "Shed")
    async with a_visit(browser, home) as visit:
        await visit.sign_in(f"/cameras/{NEW}")
        await expect(visit.page.locator("[data-part=headline]")).to_have_text("Nothing recorded yet")
        await home.record(NEW, home.clock.now_ms() - 30_000, 30)
        await visit.until_shown()
        assert await visit.picture() < 30


async def test_a_camera_with_sound_plays_with_it_when_asked(browser: Browser, home: Home) -> None:
    begin_ms = home.clock.now_ms() - 60_000
    await home.add_camera(NEW, "Shed")
    await home.record(NEW, begin_ms, 60, sound=True)
    async with a_visit(browser, home) as visit:
        await visit.sign_in(f"/cameras/{NEW}?at={begin_ms + 15_000}")
        await visit.until_shown()
        assert 14 <= await visit.picture() <= 18
        await visit.page.click("[data-part=sound]")
        await expect(visit.page.locator("[data-part=sound]")).to_have_attribute("aria-pressed", "true")
        await visit.page.wait_for_function(HEARD)


async def test_a_video_that_this_browser_cannot_decode_is_explained(browser: Browser, home: Home) -> None:
    await home.add_camera(NEW, "Shed")
    await home.record(NEW, home.clock.now_ms() - 30_000, 30, encoder="libx265")
    async with a_visit(browser, home) as visit:
        await visit.sign_in(f"/cameras/{NEW}")
        headline = visit.page.locator("[data-part=headline]")
        await expect(headline).to_have_text("This browser cannot play this camera's video")
        await visit.page.click("[data-part=clip-end]")
        async with visit.page.expect_download():
            await visit.page.click("[data-part=clip-download]")


async def test_a_lost_connection_is_said_and_the_page_goes_on_by_itself(
    browser: Browser, home: Home, door: Door
) -> None:
    async with a_visit(browser, home, expected=("ERR_INTERNET_DISCONNECTED",)) as visit:
        await visit.sign_in(door.page(100))
        await visit.until_shown()
        await visit.page.context.set_offline(True)
        await expect(visit.page.locator("#offline")).to_be_visible()
        await door.click(visit, 600)
        await visit.page.context.set_offline(False)
        await visit.until_at(door.moment(600), within_ms=10_000)
        assert abs(await visit.picture() - await door.shown_second(visit)) <= 1
        await expect(visit.page.locator("#offline")).to_be_hidden(timeout=15_000)


async def test_a_session_that_ended_leads_to_signing_in_and_back(
    browser: Browser, home: Home, door: Door
) -> None:
    async with a_visit(browser, home, expected=("401",)) as visit:
        await visit.sign_in(PAGE)
        await visit.until_shown()
        await visit.page.context.clear_cookies()
        await visit.page.wait_for_url(lambda address: "/login" in address, timeout=15_000)
        assert f"next=%2Fcameras%2F{DOOR}" in visit.page.url
