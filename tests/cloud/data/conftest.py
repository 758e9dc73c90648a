"""The real site over the real database and folder, with time in the test's hands."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from fakes.clock import FakeClock
from fakes.cloud_site import CloudSite, cloud_site
from fakes.household import ANNA


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def site(tmp_path: Path, clock: FakeClock) -> AsyncIterator[CloudSite]:
    async with cloud_site(tmp_path, clock) as made:
        yield made


@pytest.fixture
async def anna(site: CloudSite) -> ClientSession:
    return await site.signed_in(ANNA)
