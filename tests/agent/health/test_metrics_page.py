"""`GET /metrics` tells a scraper how the hub is, at once, whatever its disk does, and nobody else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read

from backsight_agent.adapters.health import health_tasks, pulse
from backsight_agent.adapters.hub_status import HubView
from backsight_agent.adapters.keystore import Keystore
from backsight_agent.adapters.local_api import LocalApiSettings, listening
from backsight_agent.adapters.local_looking import Looking
from backsight_agent.adapters.metrics import HubMetrics
from backsight_agent.adapters.store.opening import open_store
from backsight_agent.app import assembled
from backsight_agent.config import load
from backsight_agent.domain.states import State
from backsight_shared.service_manager import NOBODY
from fakes.clock import NOON_MS, FakeClock
from fakes.footage_of_hub import CAMERA, record

TOKEN = "0123456789abcdef0123456789abcdef"
MINUTE_MS = 60_000
SETTINGS = """\
state = "state"
clock = { trust = "system" }
history = { window = "30m" }
[[camera]]
name = "Front door"
mac = "74:FE:CE:01:02:03"
family = "kasa"
host = "127.9.9.9"
model = "EC60"
username = "you@example.com"
password_file = "kasa.password"
"""


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def hub(tmp_path: Path, clock: FakeClock) -> AsyncIterator[HubView]:
    """A hub with a window of half an hour, whose tasks do not run."""
    (tmp_path / "agent.toml").write_text(SETTINGS)
    (tmp_path / "kasa.password").write_text("kasa password 1\n")
    (tmp_path / "kasa.password").chmod(0o600)
    settings = load(tmp_path / "agent.toml")
    async with open_store(settings.state, clock) as store:
        yield assembled(settings, Keystore(settings.state), store, clock)


async def look(hub: HubView) -> None:
    """Let the hub look at its store once."""
    tasks = dict(health_tasks(hub, Keystore(hub.settings.state), NOBODY))
    looking = asyncio.ensure_future(tasks["observe"]())
    async with asyncio.timeout(5):
        while hub.vitals.observed is None:
            await asyncio.sleep(0.01)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)


async def figures(hub: HubView) -> dict[str, float]:
    """Those without labels, or of the camera."""
    text = await HubMetrics(hub).page(openmetrics=False)
    return {
        sample.name: sample.value
        for family in read(text)
        for sample in family.samples
        if not sample.labels or sample.labels == {"camera": CAMERA}
    }


async def test_the_hub_and_its_process_are_on_it(hub: HubView) -> None:
    await look(hub)
    found = await figures(hub)
    assert found["backsight_clock_trusted"] == 1
    assert found["process_resident_memory_bytes"] > 10_000_000
    assert found["process_open_fds"] > 3
    assert found["process_threads"] >= 2


async def test_how_far_the_history_reaches_is_on_it(hub: HubView) -> None:
    segments = await record(hub.store, 3, NOON_MS - 30_000)
    await look(hub)
    found = await figures(hub)
    assert found["backsight_camera_history_start_timestamp_seconds"] == segments[0].start_ms / 1000
    assert found["backsight_camera_history_end_timestamp_seconds"] == segments[-1].end_ms / 1000
    assert found["backsight_camera_horizon_timestamp_seconds"] == (NOON_MS - 30 * MINUTE_MS) / 1000


async def test_a_hub_without_a_cloud_tells_nothing_of_one(hub: HubView) -> None:
    await record(hub.store, 3, NOON_MS - 30_000)
    await look(hub)
    found = await figures(hub)
    assert "backsight_camera_backlog_segments" not in found
    assert "backsight_cloud_connected" not in found


async def test_what_is_late_to_go_is_told_by_the_segment_itself(hub: HubView) -> None:
    await record(hub.store, 1, NOON_MS - 31 * MINUTE_MS)
    assert (await figures(hub))["backsight_camera_prune_overdue_seconds"] == 50


async def test_what_has_time_left_is_not_late(hub: HubView) -> None:
    await record(hub.store, 1, NOON_MS - 29 * MINUTE_MS)
    assert (await figures(hub))["backsight_camera_prune_overdue_seconds"] == 0


async def test_the_age_of_the_last_look_at_the_store_is_told(hub: HubView, clock: FakeClock) -> None:
    assert "backsight_store_look_age_seconds" not in await figures(hub)
    await look(hub)
    await clock.advance(45)
    assert (await figures(hub))["backsight_store_look_age_seconds"] == 45


async def test_the_service_manager_hears_the_same_as_the_owner(hub: HubView) -> None:
    hub.board.set_state(CAMERA, State.RECORDING, "Recording")
    assert pulse(hub).status == "1 of 1 cameras recorded"
    assert pulse(hub).stuck == ""


async def test_what_hangs_is_the_status(hub: HubView) -> None:
    hub.vitals.of(CAMERA).asking_since = hub.clock.monotonic() - 660
    assert pulse(hub).status == pulse(hub).stuck == "Front door: the store has not answered for 11 minutes"


@asynccontextmanager
async def served(hub: HubView, settings: LocalApiSettings) -> AsyncIterator[str]:
    names = {CAMERA: "Front door"}
    parts = (hub.store.history, hub.windows, hub.time, hub.board, names, hub.status, hub.clock)
    async with listening(settings, Looking(*parts, HubMetrics(hub))) as url:
        yield url


async def get(url: str, **headers: str) -> tuple[int, str, str]:
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        return answer.status, answer.headers["Content-Type"], await answer.text()


Parser = Callable[[str], object]


@pytest.mark.parametrize(
    ("accept", "kind", "parser"),
    [
        ("text/plain;version=0.0.4", "text/plain; version=0.0.4; charset=utf-8", read),
        (
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            read_openmetrics,
        ),
    ],
)
async def test_a_scraper_gets_what_it_asks_for(hub: HubView, accept: str, kind: str, parser: Parser) -> None:
    await look(hub)
    async with served(hub, LocalApiSettings("127.0.0.1", 0)) as url:
        status, said, text = await get(f"{url}/metrics", Accept=accept)
    assert (status, said) == (200, kind)
    assert len(list(parser(text))) > 25  # type: ignore[call-overload]


async def test_on_the_lan_it_needs_the_token_like_every_page(hub: HubView) -> None:
    async with served(hub, LocalApiSettings("127.0.0.1", 0, lan=True, token=TOKEN)) as url:
        assert (await get(f"{url}/metrics"))[0] == 401
        assert (await get(f"{url}/metrics", Authorization=f"Bearer {TOKEN}"))[0] == 200


async def test_a_web_page_cannot_read_it_under_another_name(hub: HubView) -> None:
    async with served(hub, LocalApiSettings("127.0.0.1", 0)) as url:
        assert (await get(f"{url}/metrics", Host="evil.example"))[0] == 421
