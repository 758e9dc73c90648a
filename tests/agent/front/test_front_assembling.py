"""What a hub may delete is decided when it starts: by its cloud, by agent.toml, or nothing at all."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from backsight_agent.adapters.hub_status import HubView
from backsight_agent.adapters.keystore import Keystore
from backsight_agent.adapters.store.opening import Store, open_store
from backsight_agent.app import NO_WINDOW, assembled
from backsight_agent.config import load
from backsight_shared.window import WindowStep
from fakes.clock import FakeClock

CAMERA = "74fece010203"

SETTINGS = """\
state = "state"
clock = { trust = "system" }
[[camera]]
name = "Front door"
mac = "74:FE:CE:01:02:03"
family = "kasa"
host = "127.9.9.9"
model = "EC60(US)"
username = "you@example.com"
password_file = "kasa.password"
"""
WITH_WINDOW = SETTINGS.replace("[[camera]]", '[history]\nwindow = "12h"\n[[camera]]')
PAIRED = (
    '{"url": "https://cloud", "cloud": "c1", "hub": "h1", "broker_host": "cloud", "broker_port": 8883,'
    ' "entitlement_keys": []}'
)

Assemble = Callable[[str], HubView]


@pytest.fixture
async def store(secrets: Path) -> AsyncIterator[Store]:
    async with open_store(secrets / "state", FakeClock()) as opened:
        yield opened


@pytest.fixture
def assemble(secrets: Path, store: Store) -> Assemble:
    def from_text(text: str) -> HubView:
        (secrets / "agent.toml").write_text(text)
        settings = load(secrets / "agent.toml")
        return assembled(settings, Keystore(settings.state), store, FakeClock())

    return from_text


async def test_without_a_cloud_the_window_of_the_settings_holds(assemble: Assemble) -> None:
    hub = assemble(WITH_WINDOW)
    assert hub.windows.steps(CAMERA) == (WindowStep(0, 12 * 3_600_000),)
    assert hub.board.problems == ()


async def test_without_either_nothing_is_deleted_and_that_is_said(assemble: Assemble) -> None:
    hub = assemble(SETTINGS)
    assert hub.windows.steps(CAMERA) is None
    assert hub.board.problems == (NO_WINDOW,)


async def test_a_paired_hub_obeys_no_window_of_the_settings(assemble: Assemble, secrets: Path) -> None:
    (secrets / "state" / "pairing.json").write_text(PAIRED)
    hub = assemble(WITH_WINDOW)
    assert hub.cloud.held is hub.windows
    assert hub.windows.steps(CAMERA) is None


async def test_a_damaged_pairing_deletes_nothing_and_stops_no_recording(
    assemble: Assemble, secrets: Path
) -> None:
    (secrets / "state" / "pairing.json").write_text("{")
    hub = assemble(WITH_WINDOW)
    assert hub.windows.steps(CAMERA) is None
    assert hub.cloud.held is None
    assert "pairing.json is missing or damaged" in hub.board.problems[0]


async def test_a_model_in_the_settings_is_known_before_the_camera_is_asked(assemble: Assemble) -> None:
    assert assemble(SETTINGS).board.facts[CAMERA].model == "EC60"


async def test_the_status_tells_all_of_it(assemble: Assemble) -> None:
    status = await assemble(WITH_WINDOW).status()
    assert status["clock"] == {"trusted": True, "text": ""}
    assert status["cloud"] == {"paired": False, "url": "", "hub": "", "connected": False, "serial": 0}
    (camera,) = status["cameras"]  # type: ignore[attr-defined]
    assert (camera["name"], camera["state"], camera["window_s"]) == ("Front door", "starting", 43_200)
