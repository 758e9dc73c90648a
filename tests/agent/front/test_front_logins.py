"""A camera's lock-out is never provoked: one round of logins in half an hour, whatever restarts there are."""

from pathlib import Path

import pytest

from agent.front.conftest import OpenStreet
from agent.front.test_front_control import linkie
from backsight_agent.adapters.login_memory import LoginMemory
from backsight_agent.camera_ports import CameraRefusedLogin
from backsight_agent.domain.login import Login
from backsight_agent.domain.login_rounds import PAUSE_MS, Tried, accepted, in_order, may_try, refused
from fakes.clock import NOON_MS, FakeClock
from simcam.kasa_camera import SimKasa
from simcam.settings import ControlLogin, Habits

CAMERA = "74fece010203"
WAYS = ("factory", "email-md5", "email-plain")


# ---- the rules


def test_the_way_that_worked_last_is_tried_first() -> None:
    assert in_order(WAYS, Tried(winner="email-plain")) == ("email-plain", "factory", "email-md5")


def test_a_way_that_no_longer_exists_is_not_tried() -> None:
    assert in_order(WAYS, Tried(winner="telepathy")) == WAYS


@pytest.mark.parametrize(
    ("mark", "later_ms", "rested_ms", "may"),
    [
        ("same", 0, 0, False),
        ("same", PAUSE_MS - 1, 0, False),
        ("same", PAUSE_MS, 0, True),
        ("other", 0, 0, True),  # the owner has corrected the login
        ("same", -PAUSE_MS, 0, False),  # the clock was set back, or boots in 1970
        ("same", -PAUSE_MS, PAUSE_MS, True),  # but this process itself has waited long enough
    ],
)
def test_after_a_refusal_there_is_no_round_for_half_an_hour(
    mark: str, later_ms: int, rested_ms: int, may: bool
) -> None:
    tried = refused(Tried(), "same", NOON_MS)
    assert may_try(tried, mark, NOON_MS + later_ms, rested_ms) is may


def test_a_login_that_works_forgets_the_refusal() -> None:
    tried = accepted(refused(Tried(), "same", NOON_MS), "factory")
    assert tried == Tried(winner="factory")
    assert may_try(tried, "same", NOON_MS, 0)


# ---- at the camera


async def a_camera(open_street: OpenStreet, login: ControlLogin) -> SimKasa:
    street = await open_street(kasa=1, tapo=0, habits=Habits(control_login=login))
    (camera,) = street.cameras
    assert isinstance(camera, SimKasa)
    return camera


async def test_restarts_in_a_row_make_one_round_and_never_lock_the_camera(
    open_street: OpenStreet, tmp_path: Path
) -> None:
    camera, clock = await a_camera(open_street, ControlLogin.NONE), FakeClock()
    for _ in range(8):
        with pytest.raises(CameraRefusedLogin):
            await linkie(camera, folder=tmp_path, clock=clock).read()
    assert camera.wrong_logins == 5


async def test_after_half_an_hour_there_is_another_round(open_street: OpenStreet, tmp_path: Path) -> None:
    camera, clock = await a_camera(open_street, ControlLogin.NONE), FakeClock()
    control = linkie(camera, folder=tmp_path, clock=clock)
    for _ in range(2):
        with pytest.raises(CameraRefusedLogin):
            await control.read()
        await clock.advance(PAUSE_MS / 1000)
    assert camera.wrong_logins == 10


async def test_a_corrected_password_is_tried_at_once(open_street: OpenStreet, tmp_path: Path) -> None:
    camera, clock = await a_camera(open_street, ControlLogin.MAIL_PLAIN), FakeClock()
    with pytest.raises(CameraRefusedLogin):
        await linkie(camera, "wrong", folder=tmp_path, clock=clock).read()
    assert (await linkie(camera, folder=tmp_path, clock=clock).read()).model == "EC60"


async def test_the_winner_is_remembered_over_a_restart(open_street: OpenStreet, tmp_path: Path) -> None:
    camera = await a_camera(open_street, ControlLogin.ADMIN_MD5)
    await linkie(camera, folder=tmp_path).read()
    before = camera.wrong_logins
    assert before == 4
    await linkie(camera, folder=tmp_path).read()
    assert camera.wrong_logins == before


# ---- what is kept


async def test_no_password_is_kept_and_the_file_is_private(open_street: OpenStreet, tmp_path: Path) -> None:
    camera = await a_camera(open_street, ControlLogin.NONE)
    with pytest.raises(CameraRefusedLogin):
        await linkie(camera, "a secret of mine", folder=tmp_path).read()
    file = tmp_path / "logins.json"
    assert file.stat().st_mode & 0o077 == 0
    assert "secret" not in file.read_text()


@pytest.mark.parametrize("content", ["", "[]", '{"salt": 1}', '{"salt": "x", "cameras": {"a": 1}}', "\xff"])
def test_a_damaged_memory_costs_a_round_and_nothing_else(content: str, tmp_path: Path) -> None:
    (tmp_path / "logins.json").write_text(content, encoding="latin-1")
    assert LoginMemory(tmp_path).tried(CAMERA) == Tried()


def test_marks_differ_by_login_and_by_hub(tmp_path: Path) -> None:
    one, other = LoginMemory(tmp_path), LoginMemory(tmp_path / "elsewhere")
    login = Login("owner@example.com", "secret")
    assert one.mark_of(login) == one.mark_of(login) != one.mark_of(Login("owner@example.com", "Secret"))
    assert one.mark_of(login) != other.mark_of(login)
