"""The camera at the front door: five minutes of film, two switched off, nearly five more up to now."""

from dataclasses import dataclass

from playwright.async_api import Page

from browser.chromium import Visit
from browser.home import Home

DOOR = "74fece010203"
FIRST_S, GAP_S, SECOND_S = 300, 120, 290  # recorded, switched off, recorded
LENGTH_S = FIRST_S + GAP_S + SECOND_S
PAGE = f"/cameras/{DOOR}"


@dataclass(frozen=True, slots=True)
class Door:
    """Its footage, by the second since its first picture; each picture has its second painted on."""

    home: Home
    begin_ms: int

    def moment(self, second: float) -> int:
        return self.begin_ms + int(second * 1000)

    def page(self, second: float) -> str:
        """The address that shows this second."""
        return f"{PAGE}?at={self.moment(second)}"

    async def shown_second(self, visit: Visit) -> float:
        """By the page's clock."""
        return (await visit.clock_ms() - self.begin_ms) / 1000

    async def click(self, visit: Visit, second: float) -> None:
        """Click on the timeline where this second lies."""
        line = visit.page.locator("[data-part=timeline]")
        begin, end = [int(await line.get_attribute(f"data-{edge}") or 0) for edge in ("from", "to")]
        await click_timeline(visit.page, (self.moment(second) - begin) / (end - begin))


async def film_door(home: Home) -> Door:
    """Bind the camera and fill its history."""
    door = Door(home, home.clock.now_ms() // 1000 * 1000 - LENGTH_S * 1000)
    await home.add_camera(DOOR, "Front door")
    await home.report({DOOR: "recording"})
    await home.record(DOOR, door.begin_ms, FIRST_S)
    second_ms = door.moment(FIRST_S + GAP_S)
    await home.record(DOOR, second_ms, SECOND_S, first_second=FIRST_S + GAP_S, after="off")
    return door


async def click_timeline(page: Page, share: float) -> None:
    """Click at a share of the timeline's width."""
    box = await page.locator("[data-part=timeline]").bounding_box()
    assert box is not None
    await page.mouse.click(box["x"] + box["width"] * share, box["y"] + 60)
