"""Streets of small cameras, on unprivileged ports, whose films are encoded once for all tests."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from simcam.settings import Ports
from simcam.street import Street

SMALL = (320, 180)
UNPRIVILEGED = Ports(https=8443, rtsp=8554)

OpenStreet = Callable[..., Awaitable[Street]]


@pytest.fixture(scope="session")
def film_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


@pytest.fixture
async def open_street(film_cache: Path) -> AsyncIterator[OpenStreet]:
    """Opens streets that are closed when the test is over."""
    async with AsyncExitStack() as stack:

        async def open_one(**wanted: Any) -> Street:
            given = {"size": SMALL, "ports": UNPRIVILEGED, "cache": film_cache, **wanted}
            return await stack.enter_async_context(Street(**given))

        yield open_one


@pytest.fixture
async def street(open_street: OpenStreet) -> Street:
    """One camera of each family."""
    return await open_street(kasa=1, tapo=1, names=["Front door", "Garden"])
