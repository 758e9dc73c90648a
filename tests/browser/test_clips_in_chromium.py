"""An owner marks a span and keeps it as a file: exactly what was recorded."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from backsight_cloud.domain.keys import run_key, segment_key
from browser.chromium import a_visit
from browser.door import DOOR, FIRST_S, GAP_S, Door
from browser.home import HOSTILE, Home

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60), pytest.mark.asyncio(loop_scope="session")]

ODD = "74fece010206"


async def test_a_clip_is_marked_with_keys_and_is_init_and_segments_byte_for_byte(
    browser: Browser, home: Home, door: Door
) -> None:
    async with a_visit(browser, home) as visit:
        await visit.sign_in(door.page(101))
        await visit.until_shown()
        await visit.page.keyboard.press("k")
        await visit.page.locator("[data-part=timeline]").focus()
        await visit.page.keyboard.press("[")
        await visit.page.keyboard.press("ArrowRight")
        await visit.until_at(door.moment(112), within_ms=3000)
        await visit.page.keyboard.press("]")
        await expect(visit.page.locator(".timeline .clip")).to_have_count(1)
        async with visit.page.expect_download() as download:
            await visit.page.click("[data-part=clip-download]")
        file = await download.value
        assert file.suggested_filename.startswith("Front door 20")
        assert Path(await file.path()).read_bytes() == await recorded(home, door, numbers=[10, 11])


async def recorded(home: Home, door: Door, numbers: list[int]) -> bytes:
    """The init and these segments of the door's first run, as they lie in the store."""
    account = home.account.id
    keys = [run_key(account, DOOR, door.begin_ms)]
    keys += [segment_key(account, DOOR, door.moment(10 * number)) for number in numbers]
    return b"".join([chunk for key in keys async for chunk in home.objects.get(key)])


async def test_a_clip_over_a_gap_is_offered_in_parts(browser: Browser, home: Home, door: Door) -> None:
    async with a_visit(browser, home, expected=("409",)) as visit:
        await visit.sign_in(door.page(FIRST_S - 20))
        await visit.until_shown()
        await visit.page.click("[data-part=clip-start]")
        await door.click(visit, FIRST_S + GAP_S + 20)
        await visit.until_at(door.moment(FIRST_S + GAP_S + 20), within_ms=5000)
        await visit.page.click("[data-part=clip-end]")
        await visit.page.click("[data-part=clip-download]")
        await expect(visit.page.locator("[data-part=clip-parts] a")).to_have_count(2)
        await expect(visit.page.locator("[data-part=clip-text]")).to_contain_text("comes as 2 files")
        async with visit.page.expect_download() as download:
            await visit.page.locator("[data-part=clip-parts] a").first.click()
        assert Path(await (await download.value).path()).stat().st_size > 0


async def test_a_cleared_clip_leaves_nothing_marked(browser: Browser, home: Home, door: Door) -> None:
    async with a_visit(browser, home) as visit:
        await visit.sign_in(door.page(100))
        await visit.until_shown()
        await visit.page.click("[data-part=clip-end]")
        await expect(visit.page.locator(".timeline .clip")).to_have_count(1)
        await visit.page.click("[data-part=clip-clear]")
        await expect(visit.page.locator(".timeline .clip")).to_have_count(0)
        await expect(visit.page.locator("[data-part=clip-download]")).to_be_hidden()


async def test_a_hostile_name_is_only_text_in_page_and_file(browser: Browser, home: Home) -> None:
    await home.add_camera(ODD, HOSTILE)
    await home.record(ODD, home.clock.now_ms() - 60_000, 60)
    async with a_visit(browser, home) as visit:
        await visit.sign_in(f"/cameras/{ODD}")
        await visit.until_shown()
        assert await visit.page.locator("h1").inner_text() == HOSTILE
        assert await visit.page.locator("main img").count() == 0
        await visit.page.click("[data-part=clip-end]")
        async with visit.page.expect_download() as download:
            await visit.page.click("[data-part=clip-download]")
        assert "/" not in (await download.value).suggested_filename
