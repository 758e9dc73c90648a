"""What cameras noticed themselves becomes events: by their control, by their announcement, gently."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_agent.adapters.announcing import AnnouncingControl
from backsight_agent.adapters.kasa_linkie import LinkieControl
from backsight_agent.adapters.kasa_smartcam import SmartcamControl
from backsight_agent.adapters.login_memory import LoginMemory
from backsight_agent.camera_ports import CameraControl, CameraRefusedLogin, CameraUnreachable
from backsight_agent.domain.activity import Activity
from backsight_agent.domain.family import Family
from backsight_agent.domain.login import Login
from backsight_agent.domain.noticing import (
    GOES_ON_MS,
    MOMENT_MS,
    Noticed,
    joined,
    kind_of,
    moment,
    noticeable,
)
from backsight_agent.domain.profile_files import profile_of
from backsight_agent.domain.states import Board, CameraFacts, State
from backsight_agent.tasks.events import EventBook
from backsight_agent.tasks.notice import AFTER_REFUSAL_S, AFTER_SILENCE_S, EVERY_S, SELDOM_S, notice_forever
from backsight_shared.clock import SystemClock
from backsight_shared.event import Event, EventKind, Origin
from backsight_shared.segment import camera_id
from fakes.clock import NOON_MS, FakeClock, settle
from simcam.camera import SimCamera
from simcam.settings import Ports
from simcam.street import Street

CAMERA = "74fece010203"
MOTION, PERSON = EventKind.MOTION, EventKind.PERSON


# ---------------------------------------------------------------- the words and the times


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("motion", MOTION),
        ("people", PERSON),
        ("personDetection", PERSON),
        ("baby_cry", EventKind.BABY_CRY),
        ("lineCrossing", EventKind.LINE_CROSSING),
        ("something new", EventKind.OTHER),
        ("", EventKind.OTHER),
    ],
)
def test_a_cameras_words_are_our_kinds(word: str, kind: EventKind) -> None:
    assert kind_of(word) is kind


@given(st.one_of(st.none(), st.text(), st.integers(), st.floats(), st.lists(st.integers())), st.integers())
def test_whatever_a_camera_says_of_a_time_is_a_past_moment_or_none(said: object, off_s: int) -> None:
    found = moment(MOTION, said, off_s, NOON_MS)
    assert found is None or 0 < found.start_ms <= NOON_MS + 60_000


def test_a_clock_that_is_ahead_is_taken_back() -> None:
    found = moment(MOTION, NOON_MS // 1000 + 3600, 3610, NOON_MS)
    assert found == Noticed(MOTION, NOON_MS - 10_000, NOON_MS - 10_000 + MOMENT_MS)


def test_an_alarm_whose_time_moves_on_is_one() -> None:
    first = Noticed(MOTION, 0, 5_000)
    assert joined([first], Noticed(MOTION, 20_000, 25_000)) == Noticed(MOTION, 0, 25_000)
    later = Noticed(MOTION, 5_001 + GOES_ON_MS, 60_000)
    assert joined([first], later) == later
    assert joined([first], Noticed(PERSON, 20_000, 25_000)).start_ms == 20_000


@pytest.mark.parametrize(("off_s", "seen"), [(0, 0), (-119, 0), (121, 120), (-3601, -3600), (None, None)])
def test_only_a_clock_that_is_clearly_wrong_is_mentioned(off_s: int | None, seen: int | None) -> None:
    assert noticeable(off_s) == seen


# ---------------------------------------------------------------- the task


class FakeControl:
    """Tells what it is told to, and counts."""

    def __init__(self) -> None:
        self.asked = 0
        self.tell: Callable[[], Sequence[Noticed]] = tuple

    async def read(self) -> CameraFacts:
        return CameraFacts()

    async def noticed(self, since_ms: int) -> Sequence[Noticed]:
        self.asked += 1
        return [one for one in self.tell() if one.start_ms > since_ms]

    async def close(self) -> None: ...


@asynccontextmanager
async def noticing(control: CameraControl) -> AsyncIterator[tuple[EventBook, Board, FakeClock]]:
    clock = FakeClock()
    board, book = Board((CAMERA,), clock), EventBook({CAMERA: Activity()})
    board.set_state(CAMERA, State.RECORDING, "Recording")
    task = asyncio.create_task(notice_forever(CAMERA, control, book, board, clock, every_s=EVERY_S))
    await settle()
    try:
        yield book, board, clock
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_a_camera_noticed_is_an_event_of_its_own() -> None:
    control = FakeControl()
    control.tell = lambda: [Noticed(PERSON, NOON_MS + 5_000, NOON_MS + 9_000)]
    async with noticing(control) as (book, _, clock):
        await clock.advance(10 * EVERY_S)
        assert book.take() == [Event(CAMERA, NOON_MS + 5_000, NOON_MS + 9_000, PERSON, Origin.CAMERA, 0)]
    assert 8 <= control.asked <= 12


async def test_what_was_before_the_hub_began_is_no_event() -> None:
    control = FakeControl()
    control.tell = lambda: [Noticed(PERSON, NOON_MS - 5_000, NOON_MS - 1_000)]
    async with noticing(control) as (book, _, clock):
        await clock.advance(3 * EVERY_S)
        assert book.take() == []


async def test_a_camera_that_is_away_is_not_asked() -> None:
    control = FakeControl()
    async with noticing(control) as (_, board, clock):
        board.set_state(CAMERA, State.UNREACHABLE, "Nothing answers")
        await clock.advance(1000)
    assert control.asked == 0


@pytest.mark.parametrize(
    ("error", "rest_s"),
    [(CameraRefusedLogin("no"), AFTER_REFUSAL_S), (CameraUnreachable("nobody"), AFTER_SILENCE_S)],
)
async def test_a_camera_in_trouble_is_left_alone_for_long(error: Exception, rest_s: float) -> None:
    control = FakeControl()

    def fail() -> Sequence[Noticed]:
        raise error

    control.tell = fail
    async with noticing(control) as (_, _, clock):
        await clock.advance(EVERY_S * 1.2 + rest_s * 0.8)
        assert control.asked == 1
        await clock.advance(rest_s * 0.5)
        assert control.asked == 2


async def test_where_control_is_closed_its_announcement_is_asked_seldom() -> None:
    control = FakeControl()
    async with noticing(control) as (_, board, clock):
        board.set_facts(CAMERA, CameraFacts(control="it answers the app only"))
        await clock.advance(5 * SELDOM_S)
    assert 4 <= control.asked <= 6


# ---------------------------------------------------------------- the cameras


@pytest.fixture
async def cameras(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[list[SimCamera]]:
    """A bound Kasa camera, a Tapo camera, and two whose control firmware has closed."""
    async with AsyncExitStack() as stack:
        models = ["EC60", "C210", "EC71", "C101"]
        ports = Ports(https=8443, rtsp=8554)
        street = Street(models=models, size=(320, 180), ports=ports, cache=tmp_path_factory.mktemp("films"))
        await stack.enter_async_context(street)
        yield street.cameras


def control_of(camera: SimCamera, folder: Path) -> AnnouncingControl:
    logins, identity = camera.setup.logins, camera_id(camera.setup.mac)
    clock = SystemClock()
    if camera.family == "kasa":
        facts = profile_of(Family.KASA, camera.setup.model.name).control
        login = Login(logins.email, logins.password)
        linkie = LinkieControl(identity, camera.address, 10443, login, facts, LoginMemory(folder), clock)
        return AnnouncingControl(identity, camera.address, linkie)
    login = Login("admin", logins.password)
    return AnnouncingControl(
        identity, camera.address, SmartcamControl(identity, camera.address, 8443, login, clock)
    )


async def test_every_camera_tells_what_it_noticed_since_open_or_closed(
    cameras: list[SimCamera], tmp_path: Path
) -> None:
    now_s = SystemClock().now_ms() // 1000
    for camera in cameras:
        control = control_of(camera, tmp_path)
        try:
            camera.detect("motion", now_s - 30)
            (told,) = await control.noticed((now_s - 60) * 1000)
            assert told.kind is MOTION
            assert abs(told.start_ms - (now_s - 30) * 1000) <= 2_000
            assert await control.noticed(now_s * 1000) == ()
        finally:
            await control.close()


async def test_a_kasa_camera_lists_all_that_it_noted_with_its_kind(
    cameras: list[SimCamera], tmp_path: Path
) -> None:
    camera, now_s = cameras[0], SystemClock().now_ms() // 1000
    camera.detect("person", now_s - 50)
    camera.detect("motion", now_s - 20)
    told = await control_of(camera, tmp_path).noticed((now_s - 90) * 1000)
    assert [one.kind for one in told] == [PERSON, MOTION]
    assert all(one.until_ms - one.start_ms == 10_000 for one in told)


async def test_a_refused_login_is_not_tried_again_for_what_was_noticed(cameras: list[SimCamera]) -> None:
    tapo = next(camera for camera in cameras if camera.setup.model.name == "C210")
    asked: list[int] = []

    class Refusing(FakeControl):
        async def read(self) -> CameraFacts:
            raise CameraRefusedLogin("wrong password")

        async def noticed(self, since_ms: int) -> Sequence[Noticed]:
            asked.append(since_ms)
            raise CameraRefusedLogin("wrong password")

    control = AnnouncingControl(camera_id(tapo.setup.mac), tapo.address, Refusing())
    await control.noticed(0)
    await control.noticed(0)
    assert asked == [0]
    assert (await control.read()).control == "wrong password"
    await control.noticed(0)
    assert asked == [0]
