"""A status says how much of a camera waits for the cloud, and how much left before the cloud had it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backsight_agent.adapters.hub_status import HubView
from backsight_agent.adapters.keystore import Keystore
from backsight_agent.adapters.store.opening import Store, open_store
from backsight_agent.app import assembled
from backsight_agent.commands.status import _for_people
from backsight_agent.config import load
from backsight_shared.segment import Run
from fakes.clock import NOON_MS, FakeClock

CAMERA = "74fece010203"
SETTINGS = """\
state = "state"
[[camera]]
name = "Front door"
mac = "74:FE:CE:01:02:03"
family = "kasa"
host = "127.9.9.9"
model = "EC60(US)"
username = "you@example.com"
password_file = "kasa.password"
"""
PAIRED = (
    '{"url": "https://cloud", "cloud": "c1", "hub": "h1", "broker_host": "cloud", "broker_port": 8883,'
    ' "entitlement_keys": []}'
)


@pytest.fixture
async def store(secrets: Path) -> AsyncIterator[Store]:
    """Five segments: two expired before the cloud had them, three wait."""
    async with open_store(secrets / "state", FakeClock()) as opened:
        run = Run(CAMERA, NOON_MS)
        await opened.recordings.begin_run(run, b"init")
        await opened.backlog.is_meant(CAMERA, "all")
        for number in range(5):
            file = await opened.recordings.begin_segment(run, number, NOON_MS + number * 10_000)
            await file.append(b"video")
            await file.finish(NOON_MS + (number + 1) * 10_000)
        await opened.retention.erase_until(CAMERA, NOON_MS + 20_000, "expired", NOON_MS)
        yield opened


def hub(secrets: Path, store: Store, *, paired: bool) -> HubView:
    (secrets / "agent.toml").write_text(SETTINGS)
    settings = load(secrets / "agent.toml")
    if paired:
        (settings.state / "pairing.json").write_text(PAIRED)
    return assembled(settings, Keystore(settings.state), store, FakeClock())


async def test_a_status_says_how_many_wait_and_how_many_were_missed(secrets: Path, store: Store) -> None:
    status = await hub(secrets, store, paired=True).status()
    (camera,) = status["cameras"]  # type: ignore[misc]
    assert (camera["waiting"], camera["missed"]) == (3, 2)


async def test_a_person_reads_it_beside_the_camera(secrets: Path, store: Store) -> None:
    status = await hub(secrets, store, paired=True).status()
    text = "\n".join(_for_people(dict(status)))
    assert "3 waiting for the cloud; 2 left before the cloud had them" in text


async def test_without_a_cloud_nothing_waits_and_nothing_is_missed(secrets: Path, store: Store) -> None:
    status = await hub(secrets, store, paired=False).status()
    (camera,) = status["cameras"]  # type: ignore[misc]
    assert (camera["waiting"], camera["missed"]) == (0, 0)
