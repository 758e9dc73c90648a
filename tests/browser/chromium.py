"""A real Chromium that visits a home's pages; what it complains of fails the test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from playwright.async_api import Browser, Page, async_playwright, expect

from browser.home import PASSWORD, Home

PATIENCE_MS = 10_000
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--autoplay-policy=no-user-gesture-required",
]


@dataclass(frozen=True, slots=True)
class Device:
    """What an owner holds: a size, and a preference for dark or light."""

    name: str
    width: int
    height: int
    scheme: Literal["dark", "light"]

    @property
    def touch(self) -> bool:
        return self.width < 720


DESK = Device("desk-dark", 1280, 800, "dark")
PHONE = Device("phone-light", 390, 844, "light")
DEVICES = [DESK, Device("desk-light", 1280, 800, "light"), Device("phone-dark", 390, 844, "dark"), PHONE]


@dataclass
class Visit:
    """One open page, and what the browser complained of while it was open."""

    page: Page
    home: Home
    complaints: list[str] = field(default_factory=list)

    async def go(self, path: str) -> None:
        await self.page.goto(self.home.address + path)

    async def sign_in(self, path: str = "/", email: str = "anna@example.org") -> None:
        """Through the form, and on to a page."""
        await self.go(path)
        await self.page.fill("#email", email)
        await self.page.fill("#password", PASSWORD)
        await self.page.press("#password", "Enter")
        await self.page.wait_for_url(lambda address: "/login" not in address)

    async def picture(self) -> int:
        """The second that is painted on the picture now on screen."""
        second: int = await self.page.evaluate(READ_PICTURE)
        return second

    async def clock_ms(self) -> int:
        """The wall-clock moment that the page says is on screen."""
        moment: int = await self.page.evaluate(
            "Date.parse(document.querySelector('[data-part=clock]').dateTime)"
        )
        return moment

    async def until_shown(self) -> None:
        """Until a picture is on screen and nothing stands over it."""
        await expect(self.page.locator("[data-part=notice]")).to_be_hidden(timeout=PATIENCE_MS)
        await expect(self.page.locator("[data-part=stage]")).to_have_attribute("aria-busy", "false")

    async def until_at(self, wall_ms: int, within_ms: int) -> None:
        """Until the page shows a picture of about that moment."""
        await self.page.wait_for_function(
            """([at, within]) => {
              const shown = Date.parse(document.querySelector("[data-part=clock]").dateTime);
              const video = document.querySelector("video");
              const busy = document.querySelector("[data-part=stage]").ariaBusy !== "false";
              return !busy && Math.abs(shown - at) <= within && video.readyState >= 2
                && document.querySelector("[data-part=notice]").hidden;
            }""",
            arg=[wall_ms, within_ms],
        )


READ_PICTURE = """() => {
  const video = document.querySelector("video");
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, 0, 0);
  const bits = Array.from({ length: 16 }, (_, bit) =>
    context.getImageData(bit * 20 + 10, canvas.height - 20, 1, 1).data[0] > 127 ? 1 : 0);
  return bits.reduce((second, bit) => second * 2 + bit, 0);
}"""


@asynccontextmanager
async def a_browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def a_visit(
    browser: Browser, home: Home, device: Device = DESK, *, expected: tuple[str, ...] = ()
) -> AsyncIterator[Visit]:
    """A fresh visitor, in another zone than the account; `expected` are parts of complaints to let be."""
    context = await browser.new_context(
        viewport={"width": device.width, "height": device.height},
        color_scheme=device.scheme,
        has_touch=device.touch,
        timezone_id="America/New_York",
    )
    context.set_default_timeout(PATIENCE_MS)
    visit = Visit(await context.new_page(), home)
    visit.page.on("console", lambda message: _note(visit, message.type, message.text))
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    visit.page.on("dialog", lambda dialog: visit.complaints.append(f"dialog {dialog.message}"))
    yield visit
    await context.close()
    strange = [text for text in visit.complaints if not any(part in text for part in expected)]
    assert strange == []


def _note(visit: Visit, kind: str, text: str) -> None:
    if kind in {"error", "warning"}:
        visit.complaints.append(f"{kind}: {text}")
