"""A camera's control says model, versions and the owner's switch, within bounded time, whatever happens."""

import asyncio
import socket
import time
from pathlib import Path
from tempfile import mkdtemp

import pytest

from agent.front.conftest import OpenStreet
from backsight_agent.adapters.announcing import AnnouncingControl
from backsight_agent.adapters.kasa_linkie import READ_S, LinkieControl
from backsight_agent.adapters.kasa_smartcam import SmartcamControl
from backsight_agent.adapters.login_memory import LoginMemory
from backsight_agent.camera_ports import CameraRefusedLogin, CameraUnreachable
from backsight_agent.domain.family import Family
from backsight_agent.domain.login import Login
from backsight_agent.domain.profile_files import profile_of
from backsight_agent.domain.profiles import ControlFacts, Transport
from backsight_agent.domain.states import CameraFacts
from backsight_shared.clock import Clock, SystemClock
from backsight_shared.segment import camera_id
from simcam.camera import SimCamera
from simcam.settings import ControlLogin, Habits
from simcam.tapo_camera import SimTapo

EC60 = CameraFacts(model="EC60", hardware="4.0", firmware="2.3.22", clock_off_s=0)
C210 = CameraFacts(model="C210", hardware="2.0", firmware="1.4.3", clock_off_s=0)


def linkie(
    camera: SimCamera,
    password: str = "kasa password 1",
    *,
    model: str = "EC60",
    folder: Path | None = None,
    clock: Clock | None = None,
) -> LinkieControl:
    facts, login = profile_of(Family.KASA, model).control, Login(camera.setup.logins.email, password)
    memory = LoginMemory(folder or Path(mkdtemp()))
    identity = camera_id(camera.setup.mac)
    return LinkieControl(identity, camera.address, 10443, login, facts, memory, clock or SystemClock())


def smartcam(camera: SimCamera, password: str = "kasa password 1") -> SmartcamControl:
    return SmartcamControl(
        camera_id(camera.setup.mac), camera.address, 8443, Login("admin", password), SystemClock()
    )


async def test_a_kasa_camera_says_what_it_is(open_street: OpenStreet) -> None:
    street = await open_street(kasa=1, tapo=0)
    assert await linkie(street.cameras[0]).read() == EC60


async def test_a_tapo_camera_says_what_it_is(open_street: OpenStreet) -> None:
    street = await open_street(kasa=0, tapo=1)
    assert await smartcam(street.cameras[0]).read() == C210


@pytest.mark.parametrize("login", [way for way in ControlLogin if way is not ControlLogin.NONE])
async def test_every_way_to_sign_in_at_a_kasa_camera_is_found(
    open_street: OpenStreet, login: ControlLogin
) -> None:
    street = await open_street(kasa=1, tapo=0, habits=Habits(control_login=login))
    assert await linkie(street.cameras[0]).read() == EC60


async def test_an_older_model_takes_its_calls_at_another_path(open_street: OpenStreet) -> None:
    habits = Habits(control_login=ControlLogin.MAIL_BASE64, control_path="/data/LINKIE.json")
    street = await open_street(kasa=1, tapo=0, habits=habits)
    assert await linkie(street.cameras[0], model="KC115").read() == EC60
    with pytest.raises(CameraUnreachable):
        await linkie(street.cameras[0], model="EC60").read()


async def test_the_kasa_switch_is_seen(open_street: OpenStreet) -> None:
    street = await open_street(kasa=1, tapo=0)
    street.cameras[0].private = True
    assert (await linkie(street.cameras[0]).read()).off


async def test_a_masked_tapo_lens_is_seen(open_street: OpenStreet) -> None:
    street = await open_street(kasa=0, tapo=1)
    street.cameras[0].private = True
    assert (await smartcam(street.cameras[0]).read()).off


async def test_a_kasa_camera_that_takes_no_login_is_told_from_one_that_is_away(
    open_street: OpenStreet,
) -> None:
    street = await open_street(kasa=1, tapo=0, habits=Habits(control_login=ControlLogin.NONE))
    with pytest.raises(CameraRefusedLogin, match="refused every login"):
        await linkie(street.cameras[0]).read()


async def test_a_wrong_tapo_password_is_refused_without_being_told(open_street: OpenStreet) -> None:
    street = await open_street(kasa=0, tapo=1)
    with pytest.raises(CameraRefusedLogin, match="check username and password_file") as refused:
        await smartcam(street.cameras[0], "not the password").read()
    assert "not the password" not in str(refused.value)


async def test_a_session_that_the_camera_ends_is_made_anew(open_street: OpenStreet) -> None:
    street = await open_street(kasa=0, tapo=1, habits=Habits(session_s=0.0))
    control = smartcam(street.cameras[0])
    with pytest.raises(CameraUnreachable):  # every session ends before its first call
        await control.read()
    street = await open_street(kasa=0, tapo=1, habits=Habits(session_s=1.0))
    control = smartcam(street.cameras[0])
    try:
        assert await control.read() == C210
        await asyncio.sleep(1.1)  # the camera measures it by its own clock
        assert await control.read() == C210
    finally:
        await control.close()


async def test_a_tapo_camera_has_one_session_for_all_that_it_is_asked(open_street: OpenStreet) -> None:
    street = await open_street(kasa=0, tapo=1)
    camera = street.cameras[0]
    assert isinstance(camera, SimTapo)
    control = smartcam(camera)
    try:
        await control.read()
        await control.noticed(0)
        await control.settings()
        await control.read()
        assert camera.sessions_begun == 1
    finally:
        await control.close()


async def test_a_tapo_camera_that_keeps_its_control_says_what_its_owner_can_do(
    open_street: OpenStreet,
) -> None:
    street = await open_street(kasa=0, tapo=1, habits=Habits(third_party=False))
    with pytest.raises(CameraRefusedLogin, match="Third-Party Compatibility"):
        await smartcam(street.cameras[0]).read()


async def test_a_refusing_camera_still_announces_what_it_is(open_street: OpenStreet) -> None:
    street = await open_street(kasa=0, tapo=1)
    camera = street.cameras[0]
    control = AnnouncingControl(camera_id(camera.setup.mac), camera.address, smartcam(camera, "wrong"))
    facts = await control.read()
    assert (facts.model, facts.firmware) == ("C210", "1.4.3")
    assert "refused the login" in facts.control


async def test_a_camera_without_a_control_login_is_asked_by_discovery_only(open_street: OpenStreet) -> None:
    street = await open_street(kasa=1, tapo=0)
    camera = street.cameras[0]
    facts = await AnnouncingControl(camera_id(camera.setup.mac), camera.address, None).read()
    assert facts.model == "EC60"
    assert "no control password" in facts.control


@pytest.mark.parametrize(("kasa", "make"), [(1, linkie), (0, smartcam)])
async def test_another_camera_at_the_address_is_not_taken_for_ours(
    open_street: OpenStreet, kasa: int, make: object
) -> None:
    street = await open_street(kasa=kasa, tapo=1 - kasa)
    camera = street.cameras[0]
    stranger = linkie(camera) if make is linkie else smartcam(camera)
    stranger._camera = "0123456789ab"
    with pytest.raises(CameraUnreachable, match="another camera"):
        await stranger.read()


@pytest.mark.parametrize("family", list(Family))
async def test_a_closed_port_is_an_unreachable_camera(family: Family) -> None:
    with pytest.raises(CameraUnreachable, match=r"nothing answers at 127\.9\.9\.9"):
        await away(family, 1).read()


@pytest.mark.slow
@pytest.mark.parametrize("family", list(Family))
async def test_a_camera_that_hangs_is_given_up_within_bounded_time(family: Family) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(CameraUnreachable):
            await away(family, silent.getsockname()[1], "127.0.0.1").read()
    assert time.monotonic() - began < READ_S + 8  # not the minutes that python-kasa would take


def away(family: Family, port: int, host: str = "127.9.9.9") -> LinkieControl | SmartcamControl:
    login = Login("owner@example.com", "secret")
    if family is Family.KASA:
        facts = ControlFacts(Transport.LINKIE, port, "/data/LINKIE2.json", ("factory",))
        memory = LoginMemory(Path(mkdtemp()))
        return LinkieControl("74fece000000", host, port, login, facts, memory, SystemClock())
    return SmartcamControl("40ae30000000", host, port, login, SystemClock())
