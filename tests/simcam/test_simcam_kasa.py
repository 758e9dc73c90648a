"""The simulated EC60 speaks to the real python-kasa, and streams over 19443 as the cameras do."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from kasa import DeviceConfig, DeviceConnectionParameters, DeviceEncryptionType, DeviceFamily, Discover
from kasa.exceptions import UnsupportedDeviceError
from kasa.protocols import IotProtocol
from kasa.transports import LinkieTransportV2

from simcam.kasa_camera import SimKasa, stream_basic
from simcam.kasa_client import KasaClient, Part
from simcam.multipart import Framing
from simcam.reading import frames_in
from simcam.settings import ControlLogin, Habits, Sound, Start
from simcam.street import Street

SWITCH = "smartlife.cam.ipcamera.switch"
OpenStreet = Callable[..., Awaitable[Street]]


@pytest.fixture
async def camera(street: Street) -> SimKasa:
    (found,) = [camera for camera in street.cameras if isinstance(camera, SimKasa)]
    return found


@pytest.fixture
def open_camera(open_street: OpenStreet) -> Callable[..., Awaitable[SimKasa]]:
    async def open_one(**habits: Any) -> SimKasa:
        street = await open_street(kasa=1, tapo=0, habits=Habits(**habits))
        camera = street.cameras[0]
        assert isinstance(camera, SimKasa)
        return camera

    return open_one


async def ask(camera: SimKasa, request: dict[str, Any]) -> dict[str, Any]:
    """Through python-kasa's own protocol and transport."""
    connection = DeviceConnectionParameters(DeviceFamily.IotIpCamera, DeviceEncryptionType.Xor, https=True)
    config = DeviceConfig(camera.address, timeout=5, connection_type=connection)
    protocol = IotProtocol(transport=LinkieTransportV2(config=config))
    try:
        return await protocol.query(request)
    finally:
        await protocol.close()


async def connect(camera: SimKasa, query: str = "", authorization: str | None = None) -> KasaClient:
    basic = stream_basic(camera.setup.logins) if authorization is None else authorization
    return await KasaClient.connect(camera.address, camera.setup.ports.stream, basic, query)


async def some_parts(camera: SimKasa, count: int, query: str = "") -> list[Part]:
    client = await connect(camera, query)
    try:
        assert client.status == 200
        return [await client.part() for _ in range(count)]
    finally:
        client.close()


async def some_videos(camera: SimKasa, count: int) -> list[Part]:
    client = await connect(camera)
    try:
        return await client.videos(count)
    finally:
        client.close()


async def test_discovery_finds_it_and_refuses_to_build_it(camera: SimKasa) -> None:
    raw: list[Any] = []
    with pytest.raises(UnsupportedDeviceError):
        await Discover.discover_single(camera.address, discovery_timeout=2, on_discovered_raw=raw.append)
    system = raw[0]["discovery_response"]["system"]["get_sysinfo"]["system"]
    assert raw[0]["meta"] == {"ip": camera.address, "port": 9999}
    assert (system["alias"], system["mac"], system["model"]) == ("Front door", camera.setup.mac, "EC60(US)")


async def test_linkie_gives_the_system_information(camera: SimKasa) -> None:
    answer = await ask(camera, {"system": {"get_sysinfo": {}}})
    assert answer["system"]["get_sysinfo"]["system"]["camera_switch"] == "on"


async def test_a_setting_is_kept(camera: SimKasa) -> None:
    motion = "smartlife.cam.ipcamera.motionDetect"
    await ask(camera, {motion: {"set_sensitivity": {"value": "high"}}})
    answer = await ask(camera, {motion: {"get_sensitivity": {}}})
    assert answer == {motion: {"get_sensitivity": {"err_code": 0, "value": "high"}}}


async def test_an_unknown_call_is_answered_as_recorded(camera: SimKasa) -> None:
    answer = await ask(camera, {"emeter": {"get_realtime": {}}})
    assert answer["emeter"]["get_realtime"]["err_code"] == -10008


async def test_motion_shows_in_the_system_information_and_in_the_list(camera: SimKasa) -> None:
    camera.detect("motion", 1_700_000_000)
    vod = {"get_detect_zone_list": {"start_time": 1_699_999_999, "end_time": 1_700_000_001}}
    answer = await ask(camera, {"system": {"get_sysinfo": {}}, "smartlife.cam.ipcamera.vod": vod})
    assert answer["system"]["get_sysinfo"]["system"]["last_activity_timestamp"] == 1_700_000_000
    assert len(answer["smartlife.cam.ipcamera.vod"]["get_detect_zone_list"]["detect_zone_list"]) == 1


async def test_switching_off_ends_the_stream_and_refuses_the_next_with_503(camera: SimKasa) -> None:
    client = await connect(camera)
    await client.videos(1)
    await ask(camera, {SWITCH: {"set_is_enable": {"value": "off"}}})
    with pytest.raises(EOFError):
        await client.videos(100)
    client.close()
    assert (await connect(camera)).status == 503
    await ask(camera, {SWITCH: {"set_is_enable": {"value": "on"}}})
    assert (await connect(camera)).status == 200


async def test_another_control_login_makes_python_kasa_read_a_refusal(
    open_camera: Callable[..., Awaitable[SimKasa]],
) -> None:
    camera = await open_camera(control_login=ControlLogin.MAIL_MD5)
    assert (await ask(camera, {"system": {"get_sysinfo": {}}}))["err_code"] == -10007


async def test_a_wrong_stream_login_gets_401_with_the_realm(camera: SimKasa) -> None:
    client = await connect(camera, authorization="Basic nonsense")
    assert client.status == 401
    assert client.headers["WWW-Authenticate"] == 'Basic realm="smarthome@tp-link.com"'


@pytest.mark.slow
@pytest.mark.parametrize("framing", list(Framing))
@pytest.mark.parametrize("stamps", [True, False])
async def test_each_framing_gives_every_frame_once_and_in_order(
    open_camera: Callable[..., Awaitable[SimKasa]], framing: Framing, stamps: bool
) -> None:
    camera = await open_camera(framing=framing, stamps=stamps, start=Start.KEY_FRAME)
    videos = await some_videos(camera, 35)
    numbers = [frame.number for frame in frames_in(b"".join(video.body for video in videos))]
    assert numbers == [(numbers[0] or 0) + i for i in range(35)]
    assert all((video.stamp_s is not None) == stamps for video in videos)


async def test_cameras_of_one_street_may_differ(open_street: OpenStreet) -> None:
    street = await open_street(kasa=2, tapo=0, own_habits={2: Habits(framing=Framing.CHUNKED)})
    clients = [await connect(camera) for camera in street.cameras if isinstance(camera, SimKasa)]
    assert [client.headers.get("Transfer-Encoding") for client in clients] == [None, "chunked"]


async def test_times_are_exact_multiples_of_a_fifteenth(camera: SimKasa) -> None:
    stamps = [video.stamp_s or 0.0 for video in await some_videos(camera, 10)]
    assert [stamp - stamps[0] for stamp in stamps] == pytest.approx([i / 15 for i in range(10)], abs=2e-6)


async def test_a_stream_starts_at_the_frame_of_the_moment(camera: SimKasa) -> None:
    await camera.until_due(7)
    (video,) = await some_videos(camera, 1)
    assert video.body == camera.film.access_unit(camera.journal.entries[-1].spans[0].first)
    assert camera.journal.entries[-1].spans[0].first % 30 != 0


async def test_sound_comes_in_parts_of_480_samples_sixteen_or_seventeen_a_second(camera: SimKasa) -> None:
    parts = await some_parts(camera, 20)
    heard = [part for part in parts if part.content_type == "audio/g711u"]
    assert 9 <= len(heard) <= 11
    assert {len(part.body) for part in heard} == {480}


async def test_video_alone_can_be_asked_for(camera: SimKasa) -> None:
    parts = await some_parts(camera, 6, "?video=h264&resolution=hd")
    assert {part.content_type for part in parts} == {"video/x-h264"}


async def test_a_camera_without_sound_sends_none(open_camera: Callable[..., Awaitable[SimKasa]]) -> None:
    parts = await some_parts(await open_camera(sound=Sound.OFF), 6)
    assert {part.content_type for part in parts} == {"video/x-h264"}


@pytest.mark.slow
async def test_intermittent_sound_comes_for_five_seconds_and_goes_for_five(
    open_camera: Callable[..., Awaitable[SimKasa]],
) -> None:
    camera = await open_camera(sound=Sound.INTERMITTENT)
    await camera.until_due(15 * 4)
    parts = await some_parts(camera, 50)
    last_heard = max(i for i, part in enumerate(parts) if part.content_type == "audio/g711u")
    assert 10 < last_heard < 45
    assert asyncio.get_running_loop().time() > camera.timeline.due_s(15 * 5)
