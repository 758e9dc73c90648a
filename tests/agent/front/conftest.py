"""Streets of small simulated cameras, on unprivileged ports, and agent.toml files that are right."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from simcam.settings import Ports
from simcam.street import Street

OpenStreet = Callable[..., Awaitable[Street]]


@pytest.fixture(scope="session")
def film_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


@pytest.fixture
async def open_street(film_cache: Path) -> AsyncIterator[OpenStreet]:
    """Opens streets that are closed when the test is over."""
    async with AsyncExitStack() as stack:

        async def open_one(**wanted: Any) -> Street:
            ports = Ports(https=8443, rtsp=8554)
            given = {"size": (320, 180), "ports": ports, "cache": film_cache, **wanted}
            return await stack.enter_async_context(Street(**given))

        yield open_one


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """A folder with password files that nobody else may read."""
    for name, text in (
        ("kasa", "kasa password 1"),
        ("tapo", "kasa password 1"),
        ("stream", "camera password 2"),
    ):
        file = tmp_path / f"{name}.password"
        file.write_text(text + "\n")
        file.chmod(0o600)
    return tmp_path
