"""A browser that watches: pictures must really be decoded and shown."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page, async_playwright

from stage.process import ROOT, until

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--autoplay-policy=no-user-gesture-required",
]
HLS_JS = ROOT / "cloud/dashboard/node_modules/hls.js/dist/hls.min.js"
SHOWN = "document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0"
HLS_PLAYER = """<!doctype html><title>player</title><video muted autoplay></video>
<script src="/hls.min.js"></script>
<script>
const hls = new Hls();
hls.loadSource(%r);
hls.attachMedia(document.querySelector("video"));
</script>"""
FILE_PLAYER = """<!doctype html><title>player</title><video muted autoplay src=%r></video>"""


@asynccontextmanager
async def a_page() -> AsyncIterator[Page]:
    """An empty page of a fresh browser."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        try:
            yield await browser.new_page()
        finally:
            await browser.close()


async def open_player(page: Page, body: str, origin: str, source: str) -> None:
    """A page with nothing but a player, at the address of the server whose playlist or clip it plays."""
    html = body % source
    await page.route("**/player.html", lambda route: route.fulfill(body=html, content_type="text/html"))
    await page.route("**/hls.min.js", lambda route: route.fulfill(path=HLS_JS))
    await page.goto(f"{origin}/player.html")


async def pictures_appear(page: Page, at_least: int = 15) -> None:
    """Wait until so many frames were shown."""

    async def enough() -> bool:
        return bool(await page.evaluate(SHOWN) >= at_least)

    await until(enough, 20, "the browser to show pictures")
