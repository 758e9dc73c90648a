"""What was noticed is marked on the history and listed, and a press shows how it began."""

import pytest
from playwright.async_api import Browser, expect

from backsight_shared.event import Event, EventKind, Origin
from browser.chromium import DESK, PHONE, Device, a_visit
from browser.door import DOOR, PAGE, Door
from browser.home import Home

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60), pytest.mark.asyncio(loop_scope="session")]


async def notice(door: Door, second: float, seconds: float, kind: EventKind) -> None:
    """As if a hub had told it."""
    event = Event(DOOR, door.moment(second), door.moment(second + seconds), kind, Origin.HUB, 60)
    async with door.home.database.begin() as tx:
        await tx.events.note(door.home.account.id, [event])


@pytest.mark.parametrize("device", [DESK, PHONE], ids=lambda device: device.name)
async def test_an_event_is_marked_and_listed_and_shows_how_it_began(
    browser: Browser, home: Home, door: Door, device: Device
) -> None:
    await notice(door, 200, 14, EventKind.MOTION)
    async with a_visit(browser, home, device) as visit:
        await visit.sign_in(PAGE)
        await visit.until_shown()
        await expect(visit.page.locator("[data-part=timeline] rect.event.motion")).not_to_have_count(0)
        line = visit.page.get_by_role("button", name="Motion, 14 seconds").first
        await line.focus()
        await visit.page.keyboard.press("Enter")
        await visit.until_at(door.moment(195), within_ms=5000)
        assert abs(await visit.picture() - 195) <= 5


async def test_what_is_noticed_while_the_page_is_open_appears_by_itself(
    browser: Browser, home: Home, door: Door
) -> None:
    async with a_visit(browser, home) as visit:
        await visit.sign_in(PAGE)
        await visit.until_shown()
        await notice(door, 600, 3, EventKind.RING)
        await expect(visit.page.get_by_role("button", name="Doorbell, 3 seconds")).to_be_visible(
            timeout=15_000
        )
