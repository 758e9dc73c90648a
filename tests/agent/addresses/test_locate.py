"""A camera that a router gave another address is found again by its MAC, and nobody else's video is kept."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from backsight_agent.adapters.locating import AddressFile, search
from backsight_agent.adapters.same_address import AddressCheck, mac_at
from backsight_agent.camera_ports import CameraUnreachable
from backsight_agent.domain.states import Board, State
from backsight_agent.domain.whereabouts import MISSED_S, SEARCH_EVERY_S, Whereabouts, neighbours
from backsight_agent.tasks.locate import locate_forever
from backsight_shared.errors import TryLater
from fakes.clock import FakeClock, settle
from simcam.camera import SimCamera
from simcam.settings import Fault
from simcam.street import BROADCAST, Street

FRONT, GARDEN = "74fece010203", "40ae300a0b0c"


@dataclass
class Network:
    """Where the cameras truly are; counts how often somebody asked."""

    there: dict[str, str] = field(default_factory=dict)
    asked: list[set[str]] = field(default_factory=list)
    fails: bool = False
    remembered: dict[str, str] = field(default_factory=dict)

    async def __call__(self, missing: Mapping[str, str]) -> Mapping[str, str]:
        self.asked.append(set(missing))
        if self.fails:
            raise TryLater("the network is down")
        return {camera: host for camera, host in self.there.items() if camera in missing}

    async def remember(self, camera: str, host: str) -> None:
        self.remembered[camera] = host


@dataclass
class Hub:
    clock: FakeClock = field(default_factory=FakeClock)
    network: Network = field(default_factory=Network)

    def __post_init__(self) -> None:
        self.board = Board((FRONT, GARDEN), self.clock)
        self.where = {FRONT: Whereabouts("10.0.0.20"), GARDEN: Whereabouts("10.0.0.21")}

    def lose(self, *cameras: str) -> None:
        for camera in cameras:
            self.board.set_state(camera, State.UNREACHABLE, "Nothing answers")


@asynccontextmanager
async def locating(hub: Hub) -> AsyncIterator[Hub]:
    task = asyncio.ensure_future(locate_forever(hub.where, hub.network, hub.network, hub.board, hub.clock))
    await settle()
    try:
        yield hub
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_a_camera_that_answers_is_never_looked_for() -> None:
    async with locating(Hub()) as hub:
        await hub.clock.advance(3600)
    assert hub.network.asked == []


async def test_a_camera_that_is_missed_for_a_minute_is_looked_for_and_followed() -> None:
    async with locating(Hub()) as hub:
        hub.network.there = {FRONT: "10.0.0.77"}
        hub.lose(FRONT)
        await hub.clock.advance(MISSED_S - 1)
        assert hub.network.asked == []
        await hub.clock.advance(11)
    assert hub.where[FRONT].host == "10.0.0.77"
    assert hub.network.remembered == {FRONT: "10.0.0.77"}


async def test_cameras_that_are_missed_together_are_looked_for_together() -> None:
    async with locating(Hub()) as hub:
        hub.lose(FRONT, GARDEN)
        await hub.clock.advance(MISSED_S + 10)
    assert hub.network.asked == [{FRONT, GARDEN}]


async def test_one_that_stays_away_is_looked_for_ever_more_seldom() -> None:
    async with locating(Hub()) as hub:
        hub.lose(FRONT)
        await hub.clock.advance(24 * 3600)
    assert 20 < len(hub.network.asked) < 30


async def test_a_short_absence_is_no_reason_to_search() -> None:
    async with locating(Hub()) as hub:
        for _ in range(10):
            hub.lose(FRONT)
            await hub.clock.advance(MISSED_S / 2)
            hub.board.set_state(FRONT, State.RECORDING, "Recording")
            await hub.clock.advance(10)
    assert hub.network.asked == []


async def test_a_network_that_is_down_is_asked_again_later() -> None:
    async with locating(Hub()) as hub:
        hub.network.fails = True
        hub.lose(FRONT)
        await hub.clock.advance(MISSED_S + 10)
        hub.network.fails, hub.network.there = False, {FRONT: "10.0.0.77"}
        await hub.clock.advance(SEARCH_EVERY_S + 10)
    assert hub.where[FRONT].host == "10.0.0.77"


async def test_one_that_announces_itself_where_it_was_is_not_looked_for_all_the_time() -> None:
    async with locating(Hub()) as hub:
        hub.network.there = {FRONT: "10.0.0.20"}
        hub.lose(FRONT)
        await hub.clock.advance(SEARCH_EVERY_S)
    assert hub.network.remembered == {}
    assert len(hub.network.asked) == 1


def test_the_neighbourhood_is_asked_from_the_last_address_outwards() -> None:
    around = neighbours("192.168.1.20")
    assert set(around[:4]) == {f"192.168.1.{host}" for host in (18, 19, 21, 22)}
    assert len(around) == len(set(around)) == 253


@pytest.mark.parametrize("address", ["fe80::1", "garden.lan", "1.2.3", "1.2.3.999"])
def test_what_is_no_ipv4_address_has_no_neighbourhood(address: str) -> None:
    assert neighbours(address) == ()


# ---- on the wire


def identity(camera: SimCamera) -> str:
    return camera.setup.mac.replace(":", "").lower()


async def test_a_camera_that_moved_is_found_by_broadcast() -> None:
    async with Street(kasa=1, tapo=0, size=(320, 180)) as street:
        (camera,) = street.cameras
        before = camera.address
        await camera.impose(Fault.MOVE)
        found = await search({identity(camera): before}, BROADCAST)
        assert found == {identity(camera): camera.address} != {identity(camera): before}


async def test_a_camera_that_hears_no_broadcast_is_found_next_to_where_it_was() -> None:
    async with Street(kasa=1, tapo=0, size=(320, 180)) as street:
        (camera,) = street.cameras
        before = camera.address
        await camera.impose(Fault.MOVE)
        found = await search({identity(camera): before}, before)  # instead of a broadcast: nobody is there
        assert found == {identity(camera): camera.address}


async def test_another_camera_at_the_address_is_refused(tmp_path: Path) -> None:
    async with Street(kasa=1, tapo=0, size=(320, 180)) as street:
        (camera,) = street.cameras
        check = AddressCheck(arp_table(tmp_path, camera.address, camera.setup.mac))
        await check(identity(camera), camera.address)
        with pytest.raises(CameraUnreachable, match=f"another camera \\({identity(camera)}\\)"):
            await check(GARDEN, camera.address)


async def test_another_interface_of_the_same_camera_is_not_a_stranger(tmp_path: Path) -> None:
    async with Street(kasa=1, tapo=0, size=(320, 180)) as street:
        (camera,) = street.cameras
        check = AddressCheck(arp_table(tmp_path, camera.address, "02:00:00:00:00:01"))
        await check(identity(camera), camera.address)


@pytest.mark.parametrize("content", ["", "IP address HW type\n", "x\n1.2.3.4 0x1 0x2 nonsense * eth0\n"])
def test_where_the_kernel_knows_nothing_nobody_is_refused(content: str, tmp_path: Path) -> None:
    table = tmp_path / "arp"
    table.write_text(content)
    assert mac_at("1.2.3.4", table) is None
    assert mac_at("1.2.3.4", tmp_path / "missing") is None


def arp_table(folder: Path, address: str, mac: str) -> Path:
    table = folder / "arp"
    head = "IP address       HW type     Flags       HW address            Mask     Device"
    table.write_text(f"{head}\n{address}   0x1         0x2         {mac.lower()}     *        wlan0\n")
    return table


# ---- over restarts


async def test_an_address_that_was_found_holds_after_a_restart(tmp_path: Path) -> None:
    written = {FRONT: "10.0.0.20", GARDEN: "10.0.0.21"}
    await AddressFile(tmp_path).book(written).remember(FRONT, "10.0.0.77")
    assert AddressFile(tmp_path).load(written) == {FRONT: "10.0.0.77", GARDEN: "10.0.0.21"}


async def test_an_owner_who_writes_another_address_is_believed(tmp_path: Path) -> None:
    await AddressFile(tmp_path).book({FRONT: "10.0.0.20"}).remember(FRONT, "10.0.0.77")
    assert AddressFile(tmp_path).load({FRONT: "10.0.0.99"}) == {FRONT: "10.0.0.99"}


@pytest.mark.parametrize("content", ["", "[]", "{", '{"x": 1}', '{"74fece010203": {}}', "\x00\xff"])
def test_a_damaged_file_costs_a_search_and_nothing_else(content: str, tmp_path: Path) -> None:
    (tmp_path / "addresses.json").write_text(content, encoding="latin-1")
    assert AddressFile(tmp_path).load({FRONT: "10.0.0.20"}) == {FRONT: "10.0.0.20"}
