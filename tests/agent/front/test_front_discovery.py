"""Discovery finds cameras of both families, by broadcast and at given addresses, and nothing else."""

import pytest

from agent.front.conftest import OpenStreet
from backsight_agent.adapters.discovery import NotAnAddress, _understood, announced, discover
from backsight_agent.commands.discovering import _for_people
from backsight_agent.domain.family import Family
from backsight_shared.segment import camera_id


async def test_given_addresses_are_asked_directly(open_street: OpenStreet) -> None:
    street = await open_street(kasa=1, tapo=1, names=["Front door", "Garden"])
    kasa, tapo = await discover([camera.address for camera in street.cameras], timeout_s=1)
    assert (kasa.family, kasa.model, kasa.alias, kasa.known) == (Family.KASA, "EC60", "Front door", True)
    assert (tapo.family, tapo.model, tapo.https_port, tapo.known) == (Family.TAPO, "C210", 8443, True)
    assert [kasa.host, tapo.host] == [camera.address for camera in street.cameras]


@pytest.mark.slow
async def test_a_broadcast_finds_all_of_both_families(open_street: OpenStreet) -> None:
    street = await open_street(kasa=2, tapo=2)
    found = {one.camera for one in await discover(["127.255.255.255"], timeout_s=2)}
    assert {camera_id(camera.setup.mac) for camera in street.cameras} <= found


async def test_a_camera_that_is_off_announces_it(open_street: OpenStreet) -> None:
    street = await open_street(kasa=1, tapo=0)
    street.cameras[0].private = True
    (found,) = await discover([street.cameras[0].address], timeout_s=1)
    assert found.off


async def test_another_camera_at_the_address_is_not_the_announcement_of_ours(open_street: OpenStreet) -> None:
    street = await open_street(kasa=1, tapo=0)
    assert await announced("0123456789ab", street.cameras[0].address) is None


@pytest.mark.slow
async def test_silence_is_an_empty_answer() -> None:
    assert await discover(["127.9.9.9"], timeout_s=1) == ()


async def test_a_name_that_is_none_is_named() -> None:
    with pytest.raises(NotAnAddress, match=r"no\.such\.host"):
        await discover(["no.such.host.invalid"])


@pytest.mark.parametrize(
    "answer",
    [
        {"system": {"get_sysinfo": {"model": "HS110", "mac": "50:C7:BF:00:00:01"}}},
        {"system": {"get_sysinfo": {"system": {"type": "IOT.IPCAMERA", "mac": "nonsense"}}}},
        {"result": {"device_type": "SMART.IPCAMERA"}},
        {"result": {"device_type": "SMART.TAPOPLUG", "mac": "50-C7-BF-00-00-01"}},
        {"result": []},
        {"result": {"device_type": "SMART.IPCAMERA", "device_model": 3, "mac": 4}},
    ],
)
def test_other_devices_and_nonsense_are_left_out(answer: dict[str, object]) -> None:
    raw = {"discovery_response": answer, "meta": {"ip": "127.0.0.9", "port": 9999}}
    assert _understood(raw) is None  # type: ignore[arg-type]


async def test_a_hub_and_what_cannot_be_recorded_say_so(open_street: OpenStreet) -> None:
    street = await open_street(models=["H200", "KC300", "C460"])
    texts = [_for_people(await discover((camera.address,), 2.0)) for camera in street.cameras]
    assert "a hub: what hangs on it is written with model, its own mac and this host" in texts[0]
    assert "cannot be recorded: backsight-agent profiles show KC300" in texts[1]
    assert "cannot" not in texts[2]
