"""What every browser test begins with: a real Chromium, a real site with one hub, the filmed front door."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser

from browser.chromium import a_browser
from browser.door import Door, film_door
from browser.home import Home, a_home


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with a_browser() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    async with a_home(tmp_path) as home:
        await home.add_hub()
        yield home


@pytest_asyncio.fixture(loop_scope="session")
async def door(home: Home) -> Door:
    return await film_door(home)
