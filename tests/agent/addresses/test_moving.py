"""Stream and control follow the camera's address; a stranger at the old one is never taken for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from backsight_agent.camera_ports import CameraRefusedLogin, CameraUnreachable, StreamBroken
from backsight_agent.domain.media import Arrival
from backsight_agent.domain.states import CameraFacts
from backsight_agent.domain.whereabouts import Whereabouts
from backsight_agent.tasks.moving import MovingControl, MovingSource
from fakes.streams import frame

CAMERA = "74fece010203"


@dataclass
class Home:
    """Which hosts were opened; hosts of strangers; what a host answers when it refuses."""

    opened: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    strangers: set[str] = field(default_factory=set)
    refuses: Exception | None = None

    def source(self, host: str) -> "OneFrame":
        return OneFrame(self, host)

    def control(self, host: str) -> "Control":
        return Control(self, host)

    async def verify(self, camera: str, host: str) -> None:
        if host in self.strangers:
            raise CameraUnreachable(f"not {camera}")


@dataclass
class OneFrame:
    home: Home
    host: str

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[Arrival]]:
        if self.home.refuses:
            raise self.home.refuses
        self.home.opened.append(self.host)
        yield self._one()

    async def _one(self) -> AsyncIterator[Arrival]:
        yield Arrival(frame(0), 0.0)


@dataclass
class Control:
    home: Home
    host: str

    async def read(self) -> CameraFacts:
        return CameraFacts(model=self.host)

    async def close(self) -> None:
        self.home.closed.append(self.host)


async def frames(source: MovingSource) -> int:
    async with source.open() as arrivals:
        return len([arrival async for arrival in arrivals])


def a_source(home: Home, where: Whereabouts) -> MovingSource:
    return MovingSource(CAMERA, where, home.source, home.verify)


async def test_the_next_connection_goes_to_the_new_address() -> None:
    home, where = Home(), Whereabouts("a")
    source = a_source(home, where)
    assert await frames(source) == 1
    where.moved("b")
    assert await frames(source) == 1
    assert home.opened == ["a", "b"]


async def test_not_a_frame_of_a_stranger_is_taken() -> None:
    with pytest.raises(CameraUnreachable, match=f"not {CAMERA}"):
        await frames(a_source(Home(strangers={"a"}), Whereabouts("a")))


async def test_a_stranger_that_refuses_our_login_is_a_stranger_and_no_refusal() -> None:
    home = Home(strangers={"a"}, refuses=CameraRefusedLogin("no"))
    with pytest.raises(CameraUnreachable):
        await frames(a_source(home, Whereabouts("a")))


@pytest.mark.parametrize("error", [CameraRefusedLogin("no"), StreamBroken("cut")])
async def test_the_camera_s_own_refusal_stays_what_it_is(error: Exception) -> None:
    with pytest.raises(type(error)):
        await frames(a_source(Home(refuses=error), Whereabouts("a")))


async def test_a_control_moves_along_and_lets_go_of_the_old_address() -> None:
    home, where = Home(), Whereabouts("a")
    control = MovingControl(where, home.control)
    assert (await control.read()).model == "a"
    where.moved("b")
    assert (await control.read()).model == "b"
    await control.close()
    assert home.closed == ["a", "b"]
