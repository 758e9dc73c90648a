"""What hangs on a hub is recorded through it: the hub is asked once under which id, and remembered."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from backsight_agent.adapters.hanging_file import HangingFile
from backsight_agent.adapters.hub_child import ASK_AGAIN_S, ChildSource, HubChild, HubSearch
from backsight_agent.adapters.kasa_errors import ControlLocked
from backsight_agent.adapters.kasa_smartcam import SmartcamControl
from backsight_agent.adapters.same_address import AddressCheck
from backsight_agent.adapters.vhttpd_stream import VhttpdSource
from backsight_agent.camera_ports import (
    CameraRefusedLogin,
    CameraUnreachable,
    NotOnHub,
    Source,
    StreamBroken,
    StreamRefused,
)
from backsight_agent.domain.login import Login
from backsight_agent.domain.vhttpd import of_child
from backsight_agent.domain.whereabouts import OnHub
from backsight_agent.tasks.reading import LOGIN_WAIT_S, STATES, wait_s
from backsight_shared.clock import SystemClock
from backsight_shared.errors import BacksightError
from backsight_shared.segment import camera_id
from fakes.clock import FakeClock
from simcam.camera import SimCamera
from simcam.settings import Fault, Habits
from simcam.tapo_camera import SimTapo

from .conftest import PORTS, SILENCE_S, OpenCamera

CAMERA, HUB, HOST = "f0090d000000", "40ae300a0b0c", "10.0.0.30"  # CAMERA: of the recorded answers
KNOWN, OTHER = OnHub("80217A0C", HUB), OnHub("80219999", HUB)


@dataclass
class Hub:
    """What a hub answers at its control, and on its port 8800: the ids that it knows."""

    folder: Path
    answer: OnHub | Exception = KNOWN
    plays: set[str] = field(default_factory=lambda: {KNOWN.device_id})
    asked: int = 0
    stranger: bool = False
    clock: FakeClock = field(default_factory=FakeClock)

    async def ask(self, host: str) -> OnHub:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def check(self, mac: str, host: str) -> None:
        assert mac == HUB
        if self.stranger:
            raise CameraUnreachable("another camera")

    def child(self) -> HubChild:
        """As after a start of the agent."""
        return HubChild(CAMERA, self.ask, HangingFile(self.folder), self.check, self.clock)

    async def opened(self, child: HubChild) -> str:
        """Under which id the stream is open. Raises StreamRefused where the hub does not know it."""
        place = await child.place(HOST)
        if place.device_id not in self.plays:
            child.doubt()
            raise StreamRefused("404")
        return place.device_id


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return Hub(tmp_path)


async def test_a_hub_is_asked_once_and_never_again_over_restarts(hub: Hub) -> None:
    assert await hub.opened(hub.child()) == KNOWN.device_id
    hub.answer = CameraUnreachable("its control hangs")
    again = hub.child()
    assert [await hub.opened(again) for _ in range(3)] == [KNOWN.device_id] * 3
    assert hub.asked == 1


async def test_the_file_is_nobody_elses_to_read(hub: Hub) -> None:
    await hub.opened(hub.child())
    assert (hub.folder / "hanging.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"x": 1}', '{"f0090d000000": {"device_id": "", "hub": ""}}', "\x00\xff"]
)
async def test_a_damaged_file_costs_a_question_and_nothing_else(hub: Hub, content: str) -> None:
    (hub.folder / "hanging.json").write_text(content, encoding="latin-1")
    assert await hub.opened(hub.child()) == KNOWN.device_id
    assert HangingFile(hub.folder).place(CAMERA) == KNOWN


async def test_a_file_that_cannot_be_written_does_not_stop_the_recording(hub: Hub) -> None:
    (hub.folder / "hanging.json").mkdir()
    child = hub.child()
    assert [await hub.opened(child) for _ in range(2)] == [KNOWN.device_id] * 2
    assert hub.asked == 1


async def test_cameras_that_are_asked_for_at_once_are_both_remembered(tmp_path: Path) -> None:
    file = HangingFile(tmp_path)
    await asyncio.gather(file.note(CAMERA, KNOWN), file.note("0123456789ab", OTHER))
    again = HangingFile(tmp_path)
    assert (again.place(CAMERA), again.place("0123456789ab")) == (KNOWN, OTHER)


async def test_an_id_that_the_stream_refuses_is_asked_for_anew(hub: Hub) -> None:
    child = hub.child()
    await hub.opened(child)
    hub.plays, hub.answer = {OTHER.device_id}, OTHER
    await hub.clock.advance(ASK_AGAIN_S)
    with pytest.raises(StreamRefused):
        await hub.opened(child)
    assert await hub.opened(child) == OTHER.device_id
    assert HangingFile(hub.folder).place(CAMERA) == OTHER


async def test_after_a_restart_an_old_id_is_asked_for_anew_at_once(hub: Hub) -> None:
    await HangingFile(hub.folder).note(CAMERA, OTHER)
    child = hub.child()
    with pytest.raises(StreamRefused):
        await hub.opened(child)
    assert await hub.opened(child) == KNOWN.device_id


@pytest.mark.parametrize(
    "error", [CameraUnreachable("it hangs"), CameraRefusedLogin("no"), ControlLocked("no")]
)
async def test_a_hub_that_cannot_be_asked_takes_no_id_away_and_is_left_alone(
    hub: Hub, error: Exception
) -> None:
    await HangingFile(hub.folder).note(CAMERA, KNOWN)
    child, hub.plays, hub.answer = hub.child(), set(), error
    for _ in range(20):  # its lens is masked: it refuses, whatever the id
        with pytest.raises(StreamRefused):
            await hub.opened(child)
    assert hub.asked == 1
    hub.plays = {KNOWN.device_id}
    assert await hub.opened(child) == KNOWN.device_id


async def test_a_confirmed_id_that_is_still_refused_is_not_asked_for_all_the_time(hub: Hub) -> None:
    child = hub.child()
    hub.plays = set()
    for _ in range(20):
        with pytest.raises(StreamRefused):
            await hub.opened(child)
    assert hub.asked == 1
    await hub.clock.advance(ASK_AGAIN_S)
    with pytest.raises(StreamRefused):
        await hub.opened(child)
    assert hub.asked == 2


async def test_a_camera_that_hangs_there_no_more_is_told_until_it_does_again(hub: Hub) -> None:
    await HangingFile(hub.folder).note(CAMERA, OTHER)
    child, hub.answer = hub.child(), NotOnHub("but nothing that we know")
    with pytest.raises(StreamRefused):
        await hub.opened(child)
    for _ in range(3):
        with pytest.raises(NotOnHub):
            await hub.opened(child)
    hub.answer = KNOWN
    assert await hub.opened(child) == KNOWN.device_id


@pytest.mark.parametrize("error", [CameraRefusedLogin("no"), ControlLocked("no")])
async def test_a_refused_control_is_a_refused_login_and_waits_as_long(hub: Hub, error: Exception) -> None:
    hub.answer = error
    with pytest.raises(CameraRefusedLogin) as raised:
        await hub.child().place(HOST)
    assert wait_s(STATES[CameraRefusedLogin], 1, 0.5) == LOGIN_WAIT_S
    assert isinstance(raised.value, CameraRefusedLogin)


async def test_a_closed_control_says_what_it_is_needed_for(hub: Hub) -> None:
    hub.answer = ControlLocked("video is recorded all the same")
    with pytest.raises(
        CameraRefusedLogin, match="asked once how this camera is recorded: switch Third-Party"
    ):
        await hub.child().place(HOST)


# ---- where the hub is


async def test_the_hub_at_the_address_is_no_stranger_and_another_is(hub: Hub) -> None:
    child = hub.child()
    await child.verify(CAMERA, HOST)  # nobody knows its MAC yet
    await hub.opened(child)
    await child.verify(CAMERA, HOST)
    hub.stranger = True
    with pytest.raises(CameraUnreachable, match="another camera"):
        await child.verify(CAMERA, HOST)


async def test_another_hub_that_has_taken_over_the_camera_is_asked(hub: Hub) -> None:
    child = hub.child()
    await hub.opened(child)
    hub.stranger, hub.answer = True, OnHub(KNOWN.device_id, "40ae30999999")
    await hub.clock.advance(ASK_AGAIN_S)
    with pytest.raises(CameraUnreachable):
        await child.verify(CAMERA, HOST)
    assert (await child.place(HOST)).hub == "40ae30999999"


async def test_the_hub_is_looked_for_in_place_of_what_hangs_on_it(tmp_path: Path) -> None:
    file, asked = HangingFile(tmp_path), list[Mapping[str, str]]()

    async def search(missing: Mapping[str, str]) -> Mapping[str, str]:
        asked.append(dict(missing))
        return {HUB: "10.0.0.77", "74fece010203": "10.0.0.78"}

    looking = HubSearch(search, frozenset({CAMERA}), file)
    assert await looking({CAMERA: HOST}) == {}
    assert asked == []
    await file.note(CAMERA, KNOWN)
    missing = {CAMERA: HOST, "74fece010203": "10.0.0.20"}
    assert await looking(missing) == {CAMERA: "10.0.0.77", "74fece010203": "10.0.0.78"}
    assert asked == [{HUB: HOST, "74fece010203": "10.0.0.20"}]


async def test_the_kernel_s_table_is_asked_for_the_hub_and_not_for_what_hangs_on_it(
    open_camera: OpenCamera, tmp_path: Path
) -> None:
    camera, file = await open_camera("child"), HangingFile(tmp_path)
    table = tmp_path / "arp"
    table.write_text(f"IP HW Flags MAC\n{camera.address} 0x1 0x2 {camera.setup.mac} * wlan0\n")
    child = HubChild(CAMERA, _unasked, file, AddressCheck(table), FakeClock())
    await file.note(CAMERA, OnHub("80217A0C", camera_id(camera.setup.mac)))
    await child.verify(CAMERA, camera.address)
    await file.note(CAMERA, OnHub("80217A0C", "0123456789ab"))
    with pytest.raises(CameraUnreachable, match="another camera"):
        await child.verify(CAMERA, camera.address)


async def _unasked(host: str) -> OnHub:
    raise AssertionError(host)


# ---- on the wire


def recorded(camera: SimCamera, folder: Path, password: str = "") -> tuple[ChildSource, SmartcamControl]:
    """The doorbell on a simulated hub, as app.py puts it together."""
    secret, clock = camera.setup.logins.password, SystemClock()
    login = Login("admin", password or secret)
    control = SmartcamControl(CAMERA, camera.address, PORTS.https, login, clock, is_child=True)
    make = partial(stream, camera.address, secret)
    child = HubChild(CAMERA, lambda _: control.on_hub(), HangingFile(folder), _nobody, clock)
    return ChildSource(child, camera.address, make), control


def stream(host: str, password: str, device_id: str) -> Source:
    target = of_child(device_id, "a player")
    return VhttpdSource(host, PORTS.media, password, SystemClock(), target=target, silence_s=SILENCE_S)


async def _nobody(camera: str, host: str) -> None:
    """No stranger."""


async def outcome(source: Source) -> BacksightError | None:
    """What hinders the first frame."""
    try:
        async with asyncio.timeout(30), source.open() as arrivals:
            await anext(arrivals)
    except BacksightError as error:
        return error
    return None


async def test_a_hub_is_asked_for_the_id_and_its_own_mac_on_the_way(
    open_camera: OpenCamera, tmp_path: Path
) -> None:
    camera = await open_camera("child")
    assert isinstance(camera, SimTapo)
    source, control = recorded(camera, tmp_path)
    assert await outcome(source) is None
    place = HangingFile(tmp_path).place(CAMERA)
    assert place == OnHub(camera.answers.child_id, camera_id(camera.setup.mac))
    sessions = camera.sessions_begun
    assert (await control.read()).model == "D230"
    assert sessions == 1
    await control.close()


@pytest.mark.parametrize("fault", [Fault.HANG, None], ids=["hangs", "closed to other programs"])
async def test_a_remembered_id_is_recorded_though_the_control_is_dead(
    open_camera: OpenCamera, tmp_path: Path, fault: Fault | None
) -> None:
    closed = Habits(has_rtsp=False, third_party=fault is not None)
    camera = await open_camera("child", habits=closed)
    assert isinstance(camera, SimTapo)
    await HangingFile(tmp_path).note(CAMERA, OnHub(camera.answers.child_id, ""))
    if fault:
        await camera.impose(fault)
    source, _ = recorded(camera, tmp_path)
    assert await outcome(source) is None
    assert camera.sessions_begun == 0


async def test_a_closed_control_is_a_refused_login_where_no_id_is_known(
    open_camera: OpenCamera, tmp_path: Path
) -> None:
    camera = await open_camera("child", habits=Habits(has_rtsp=False, third_party=False))
    trouble = await outcome(recorded(camera, tmp_path)[0])
    assert isinstance(trouble, CameraRefusedLogin)
    assert "Third-Party" in str(trouble)
    assert "recorded all the same" not in str(trouble)


async def test_a_wrong_password_at_the_control_is_never_repeated_in_words(
    open_camera: OpenCamera, tmp_path: Path
) -> None:
    camera = await open_camera("child")
    trouble = await outcome(recorded(camera, tmp_path, password="wrong secret")[0])
    assert isinstance(trouble, CameraRefusedLogin)
    assert "wrong secret" not in str(trouble)


async def test_an_id_that_the_hub_does_not_know_is_replaced(open_camera: OpenCamera, tmp_path: Path) -> None:
    camera = await open_camera("child")
    await HangingFile(tmp_path).note(CAMERA, OTHER)
    source, control = recorded(camera, tmp_path)
    trouble = await outcome(source)
    assert isinstance(trouble, StreamRefused)
    assert f"port {PORTS.media} of the hub at {camera.address} answers with HTTP status 404" in str(trouble)
    assert await outcome(source) is None
    await control.close()


@pytest.mark.parametrize(
    ("breaks", "asked"),
    [(StreamRefused("no"), 1), (StreamBroken("hung up"), 1), (CameraRefusedLogin("no"), 0)],
)
async def test_what_puts_an_id_in_doubt(hub: Hub, breaks: Exception, asked: int) -> None:
    await HangingFile(hub.folder).note(CAMERA, OTHER)
    source = ChildSource(hub.child(), HOST, lambda _: _failing(breaks))
    for _ in range(2):
        with pytest.raises(type(breaks)):
            async with source.open():
                pass
    assert hub.asked == asked


def _failing(error: Exception) -> Source:
    class Failing:
        def open(self) -> Callable[[], None]:
            raise error

    return Failing()  # type: ignore[return-value]
