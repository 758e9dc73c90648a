"""What an owner can set at a camera is read, changed and seen to be changed, on every model."""

import argparse
from pathlib import Path

import pytest

from agent.front.conftest import OpenStreet
from backsight_agent.adapters.controls import control_of
from backsight_agent.adapters.kasa_linkie import LinkieControl
from backsight_agent.adapters.kasa_smartcam import SmartcamControl
from backsight_agent.adapters.login_memory import LoginMemory
from backsight_agent.camera_ports import CameraRefusedLogin, CameraUnreachable, SettingRefused
from backsight_agent.commands import settings as settings_command
from backsight_agent.config import load
from backsight_agent.domain.camera_settings import CHOICES, Direction, level_of
from backsight_agent.domain.family import Family
from backsight_agent.domain.login import Login
from backsight_agent.domain.profile_files import profile_of
from backsight_shared.clock import SystemClock
from backsight_shared.event import EventKind
from simcam.camera import SimCamera
from simcam.kasa_camera import SimKasa
from simcam.models import MODELS
from simcam.tapo_camera import SimTapo

LOCKED = {"EC71", "KC300", "KC310", "C101"}  # closed by firmware
OF_A_PROFILE = {"sensitivity": "motion_sensitivity"}
NO_SETTINGS = {"ptz", "presets", "siren"}  # moved, not set; a siren is told, and may not tell how it is
DOORBELL_MAC = "F0:09:0D:00:00:00"  # of what hangs on the recorded hub


def settable(camera: SimCamera, folder: Path) -> LinkieControl | SmartcamControl:
    """The control of a camera as agent.toml would describe it."""
    logins, model = camera.setup.logins, camera.setup.model.name
    password = folder / "password"
    password.write_text(logins.password)
    password.chmod(0o600)
    file = folder / "agent.toml"
    mac, kept = camera.setup.mac, ""
    if model == "H200":
        model, mac, kept = "D230", DOORBELL_MAC, 'record = "off"\n'
    own = f'username = "{logins.email}"\n' if camera.family == "kasa" else 'username = "admin"\n'
    if kept:
        own += "https_port = 8443\n"
    elif camera.family == "tapo":
        own += f'https_port = 8443\nstream_username = "x"\nstream_password_file = "{password}"\n'
    file.write_text(
        f'state = "{folder}"\n[[camera]]\nname = "Door"\nmac = "{mac}"\n{kept}'
        f'family = "{camera.family}"\nmodel = "{model}"\nhost = "{camera.address}"\n'
        f'password_file = "{password}"\n{own}'
    )
    control = control_of(load(file).cameras[0], camera.address, LoginMemory(folder), SystemClock())
    assert control is not None
    return control


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in MODELS if name not in LOCKED])
async def test_every_setting_of_every_model_can_be_changed(
    open_street: OpenStreet, tmp_path: Path, name: str
) -> None:
    street = await open_street(models=[name])
    control = settable(street.cameras[0], tmp_path)
    try:
        now = await control.settings()
        profile = profile_of(Family(MODELS[name].family), "D230" if name == "H200" else name)
        promised = {OF_A_PROFILE.get(one, one) for one in profile.can.names if one not in NO_SETTINGS}
        assert promised - set(now) == set()
        for setting, value in now.items():
            wanted = next(choice for choice in CHOICES[setting] if choice != value)
            await control.change(setting, wanted)
            assert (await control.settings())[setting] == wanted
            await control.change(setting, value)
        assert await control.settings() == now
    finally:
        await control.close()


async def test_a_control_that_firmware_has_closed_is_told_as_that(
    open_street: OpenStreet, tmp_path: Path
) -> None:
    street = await open_street(models=["C101", "EC71"])
    for camera, text in zip(street.cameras, ("Third-Party", "refused every login"), strict=True):
        control = settable(camera, tmp_path)
        with pytest.raises(CameraRefusedLogin, match=text):
            await control.settings()
        await control.close()


async def test_spotlight_and_siren_of_a_kasa_camera(open_street: OpenStreet, tmp_path: Path) -> None:
    street = await open_street(models=["KC420WS"])
    control = settable(street.cameras[0], tmp_path)
    await control.change("lamp", "on")
    await control.change("siren", "on")
    now = await control.settings()
    assert (now["lamp"], now["siren"]) == ("on", "on")


async def test_a_tapo_siren_is_told_what_to_do_though_it_never_says_how_it_is(
    open_street: OpenStreet, tmp_path: Path
) -> None:
    street = await open_street(models=["C210", "D130"])
    camera, doorbell = street.cameras
    assert isinstance(camera, SimTapo)
    control = settable(camera, tmp_path)
    await control.change("siren", "on")
    await control.change("siren", "off")
    assert camera.answers.alarms == ["start", "stop"]
    assert "siren" not in await control.settings()
    await control.close()
    control = settable(doorbell, tmp_path)
    with pytest.raises(SettingRefused, match="has no siren"):
        await control.change("siren", "on")
    await control.close()


async def test_what_hangs_on_a_hub_says_how_it_is_and_what_it_noticed(
    open_street: OpenStreet, tmp_path: Path
) -> None:
    street = await open_street(models=["H200"])
    control = settable(street.cameras[0], tmp_path)
    assert (await control.read()).model == "D230"
    (ring,) = await control.noticed(0)
    assert ring.kind is EventKind.MOTION
    await control.close()


async def test_a_camera_that_hangs_on_no_hub_is_told_with_what_does(
    open_street: OpenStreet, tmp_path: Path
) -> None:
    street = await open_street(models=["H200"])
    hub = street.cameras[0]
    login = Login("admin", hub.setup.logins.password)
    control = SmartcamControl("aabbccddeeff", hub.address, 8443, login, SystemClock(), is_child=True)
    with pytest.raises(CameraUnreachable, match=f"but D230 {DOORBELL_MAC}: set `mac`"):
        await control.read()
    await control.close()


async def test_privacy_closes_the_camera_and_opens_it_again(open_street: OpenStreet, tmp_path: Path) -> None:
    street = await open_street(kasa=1, tapo=1)
    for camera in street.cameras:
        control = settable(camera, tmp_path)
        await control.change("privacy", "on")
        assert camera.private
        assert (await control.read()).off
        await control.change("privacy", "off")
        assert not camera.private
        await control.close()


async def test_what_a_camera_does_not_have_is_refused_by_name(
    open_street: OpenStreet, tmp_path: Path
) -> None:
    street = await open_street(kasa=1, tapo=1)
    for camera in street.cameras:
        control = settable(camera, tmp_path)
        with pytest.raises(SettingRefused, match="has no lamp"):
            await control.change("lamp", "on")
        await control.close()


async def test_a_setting_that_a_camera_only_pretends_to_take_is_refused(
    open_street: OpenStreet, tmp_path: Path
) -> None:
    street = await open_street(kasa=1, tapo=0)
    camera = street.cameras[0]
    assert isinstance(camera, SimKasa)
    camera.answers.deaf = True
    with pytest.raises(SettingRefused, match="keeps led on"):
        await settable(camera, tmp_path).change("led", "off")


async def test_a_kasa_motor_moves_and_stops(open_street: OpenStreet, tmp_path: Path) -> None:
    street = await open_street(models=["KC410S"])
    camera = street.cameras[0]
    assert isinstance(camera, SimKasa)
    control = settable(camera, tmp_path)
    await control.move(Direction.UP)
    assert camera.answers.moves == [
        {"method": "set_move", "direction": "top", "speed": 5},
        {"method": "set_stop"},
    ]
    assert await control.presets() == ("Door", "Gate")
    await control.go_to("Gate")
    assert camera.answers.moves[-1] == {"method": "set_run_to_preset", "index": 2}
    with pytest.raises(SettingRefused, match="no position Roof"):
        await control.go_to("Roof")


async def test_a_tapo_motor_moves(open_street: OpenStreet, tmp_path: Path) -> None:
    street = await open_street(models=["C520WS"])
    camera = street.cameras[0]
    assert isinstance(camera, SimTapo)
    control = settable(camera, tmp_path)
    await control.move(Direction.LEFT)
    await control.move(Direction.STOP)
    assert camera.answers.moves == [{"move": {"x_coord": "-10", "y_coord": "0"}}, {"stop": "null"}]
    assert await control.presets() == ("Doorbell", "Packages", "Street", "Arm")
    await control.go_to("Street")
    with pytest.raises(SettingRefused, match="no position Roof"):
        await control.go_to("Roof")
    await control.close()


async def test_a_camera_without_a_motor_says_so(open_street: OpenStreet, tmp_path: Path) -> None:
    street = await open_street(models=["EC60", "C100"])
    for camera in street.cameras:
        control = settable(camera, tmp_path)
        with pytest.raises(SettingRefused, match="motor"):
            await control.move(Direction.UP)
        await control.close()


@pytest.mark.parametrize(
    ("setting", "value", "text"),
    [("colour", "on", "there is no setting colour"), ("led", "maybe", "led is on or off")],
)
def test_the_command_names_what_there_is(setting: str, value: str, text: str) -> None:
    wanted = argparse.Namespace(command="settings", camera="x", setting=setting, value=value, json=False)
    with pytest.raises(settings_command.NoSuchSetting, match=text):
        settings_command.main(wanted)


@pytest.mark.parametrize(("percent", "level"), [(0, "low"), (20, "low"), (50, "medium"), (80, "high")])
def test_a_tapo_number_is_one_of_three_levels(percent: int, level: str) -> None:
    assert level_of(percent) == level
