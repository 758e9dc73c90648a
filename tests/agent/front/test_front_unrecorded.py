"""A camera that is not recorded is asked how it is and what it noticed, and nothing of it is read or kept."""

from pathlib import Path
from typing import cast

from backsight_agent.adapters.keystore import Keystore
from backsight_agent.adapters.store.opening import open_store
from backsight_agent.app import _camera_tasks, assembled
from backsight_agent.config import Settings, load
from backsight_agent.domain.states import State
from backsight_agent.tasks.detect import Eyes
from backsight_shared.clock import SystemClock

TEXT = """
[[camera]]
name = "Door"
mac = "F0:09:0D:00:00:01"
family = "tapo"
model = "D230"
host = "192.168.1.30"
record = "off"
password_file = "password"
"""


def settings(folder: Path, text: str = TEXT) -> Settings:
    password = folder / "password"
    password.write_text("secret")
    password.chmod(0o600)
    file = folder / "agent.toml"
    file.write_text(f'state = "{folder}"\n' + text.replace('"password"', f'"{password}"'))
    return load(file)


def test_it_has_no_stream_and_is_reached_through_its_hub(tmp_path: Path) -> None:
    (camera,) = settings(tmp_path).cameras
    assert camera.source is None
    assert camera.is_child


async def test_it_is_asked_and_not_recorded(tmp_path: Path) -> None:
    clock, nobody = SystemClock(), cast(Eyes, None)
    async with open_store(tmp_path, clock) as store:
        hub = assembled(settings(tmp_path), Keystore(tmp_path), store, clock)
        names = [name for name, _ in _camera_tasks(hub, nobody)]
    assert names == ["events", "locate", "watch Door", "notice Door"]
    assert [state.state for state in hub.board.states.values()] == [State.NOT_RECORDED]


async def test_without_that_line_the_same_camera_is_recorded(tmp_path: Path) -> None:
    clock, nobody = SystemClock(), cast(Eyes, None)
    recorded = settings(tmp_path, TEXT.replace('record = "off"\n', ""))
    async with open_store(tmp_path, clock) as store:
        hub = assembled(recorded, Keystore(tmp_path), store, clock)
        names = [name for name, _ in _camera_tasks(hub, nobody)]
    assert names == ["events", "locate", "record Door", "detect Door", "watch Door", "notice Door"]
