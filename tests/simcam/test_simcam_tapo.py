"""The simulated C210 speaks to the real python-kasa and to FFmpeg's RTSP client."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import av
import pytest
from kasa import AuthenticationError, Credentials, Device, Discover

from simcam.httpwire import IDLE_LIMIT_S
from simcam.painting import read_painting
from simcam.reading import Seen, walk
from simcam.street import BROADCAST, Street
from simcam.tapo_camera import SimTapo

OpenStreet = Callable[..., Awaitable[Street]]


@pytest.fixture
async def camera(street: Street) -> SimTapo:
    (found,) = [camera for camera in street.cameras if isinstance(camera, SimTapo)]
    return found


@pytest.fixture
def credentials(camera: SimTapo) -> Credentials:
    return Credentials("admin", camera.setup.logins.password)


async def a_device(camera: SimTapo, credentials: Credentials) -> Any:
    found = await Discover.discover_single(camera.address, discovery_timeout=2, credentials=credentials)
    assert found is not None
    try:
        await found.update()
    except BaseException:
        await found.disconnect()
        raise
    return found


def rtsp_url(camera: SimTapo, password: str | None = None) -> str:
    logins = camera.setup.logins
    secret = quote(password or logins.camera_password, safe="")
    return f"rtsp://{logins.camera_user}:{secret}@{camera.address}:{camera.setup.ports.rtsp}/stream1"


def watch(url: str, count: int) -> tuple[list[Seen], int]:
    """Frames and the number of samples, as FFmpeg's RTSP client sees them."""
    seen: list[Seen] = []
    samples = 0
    options = {"rtsp_transport": "tcp", "analyzeduration": "100000", "probesize": "500000"}
    with av.open(url, "r", options=options, timeout=10) as container:
        for packet in container.demux():
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    plane = frame.planes[0]
                    camera, number = read_painting(memoryview(plane), plane.line_size, frame.width) or (
                        None,
                        None,
                    )
                    seen.append(Seen(camera, number, frame.time if frame.time is not None else -1))
                elif isinstance(frame, av.AudioFrame):
                    samples += frame.samples
            if len(seen) >= count:
                return seen, samples
    return seen, samples


async def rtsp(camera: SimTapo, *requests: str) -> list[bytes]:
    """The status lines that bare requests get, on one connection without a login."""
    reader, writer = await asyncio.open_connection(camera.address, camera.setup.ports.rtsp)
    statuses = []
    async with asyncio.timeout(5):
        for request in requests:
            target = f"rtsp://{camera.address}/stream1"
            writer.write(f"{request} {target} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
            statuses.append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0])
    writer.close()
    return statuses


@pytest.mark.slow
async def test_broadcast_discovery_finds_every_camera_of_the_street(
    street: Street, credentials: Credentials
) -> None:
    raw: list[Any] = []
    await Discover.discover(
        target=BROADCAST, discovery_timeout=1, credentials=credentials, on_discovered_raw=raw.append
    )
    assert {camera.address for camera in street.cameras} <= {reply["meta"]["ip"] for reply in raw}


@pytest.mark.slow
async def test_a_broadcast_reaches_the_cameras_of_every_run(
    street: Street, open_street: OpenStreet, credentials: Credentials
) -> None:
    other = await open_street(kasa=1, tapo=1)
    raw: list[Any] = []
    await Discover.discover(
        target=BROADCAST, discovery_timeout=1, credentials=credentials, on_discovered_raw=raw.append
    )
    addresses = {camera.address for camera in [*street.cameras, *other.cameras]}
    assert addresses <= {reply["meta"]["ip"] for reply in raw}


async def test_python_kasa_discovers_and_updates_it(camera: SimTapo, credentials: Credentials) -> None:
    device = await a_device(camera, credentials)
    assert (device.alias, device.mac, device.model, device.is_on) == (
        "Garden",
        camera.setup.mac,
        "C210",
        True,
    )
    await device.disconnect()


async def test_a_saved_configuration_connects_without_discovery(
    camera: SimTapo, credentials: Credentials
) -> None:
    device = await a_device(camera, credentials)
    await device.disconnect()
    again = await Device.connect(config=device.config)
    assert again.alias == "Garden"
    await again.disconnect()


async def test_the_wrong_password_is_refused(camera: SimTapo) -> None:
    with pytest.raises(AuthenticationError):
        await a_device(camera, Credentials("admin", "wrong"))


async def test_the_lens_mask_is_set_and_read_back(camera: SimTapo, credentials: Credentials) -> None:
    device = await a_device(camera, credentials)
    await device.set_state(False)
    await device.update()
    assert not device.is_on
    assert camera.private
    await device.disconnect()


async def test_a_detection_switch_is_set_and_read_back(camera: SimTapo, credentials: Credentials) -> None:
    device = await a_device(camera, credentials)
    await device.modules["MotionDetection"].set_enabled(False)
    await device.update()
    assert not device.modules["MotionDetection"].enabled
    await device.disconnect()


async def test_an_alert_is_seen_at_the_next_update(camera: SimTapo, credentials: Credentials) -> None:
    device = await a_device(camera, credentials)
    camera.detect("motion", 1_700_000_000)
    await device.update()
    alert = device.modules["LastAlertDetection"]
    assert (alert.last_alert_timestamp.timestamp(), alert.last_alert_type) == (1_700_000_000, "motion")
    await device.disconnect()


@pytest.mark.slow
async def test_a_second_client_takes_over_the_session(camera: SimTapo, credentials: Credentials) -> None:
    first, second = await a_device(camera, credentials), await a_device(camera, credentials)
    await first.update()
    assert first.alias == second.alias == "Garden"
    await asyncio.gather(first.disconnect(), second.disconnect())


@pytest.mark.slow
async def test_ffmpeg_reads_the_painted_numbers_in_order_and_in_time(camera: SimTapo) -> None:
    seen, samples = await asyncio.to_thread(watch, rtsp_url(camera), 60)
    assert walk(seen[1:]) == (59, 0, 0, 0, 0)
    assert {frame.camera for frame in seen} == {camera.setup.number}
    assert samples > 3 * 8000


@pytest.mark.slow
async def test_a_third_stream_is_refused(camera: SimTapo) -> None:
    first, second = (asyncio.create_task(asyncio.to_thread(watch, rtsp_url(camera), 45)) for _ in range(2))
    async with asyncio.timeout(IDLE_LIMIT_S):
        while len(camera.rtsp_sessions) < 2:
            await camera.until_due(camera.timeline.index_at(asyncio.get_running_loop().time()) + 1)
    with pytest.raises(av.FFmpegError):
        await asyncio.to_thread(watch, rtsp_url(camera), 1)
    assert [len(seen) >= 45 for seen, _ in await asyncio.gather(first, second)] == [True, True]


async def test_rtsp_refuses_the_wrong_camera_password(camera: SimTapo) -> None:
    with pytest.raises(av.HTTPUnauthorizedError):
        await asyncio.to_thread(watch, rtsp_url(camera, password="wrong"), 1)


async def test_rtsp_says_what_it_can_do_before_the_login_and_nothing_else(camera: SimTapo) -> None:
    assert await rtsp(camera, "OPTIONS", "DESCRIBE", "SETUP") == [
        b"RTSP/1.0 200 OK",
        b"RTSP/1.0 401 Unauthorized",
        b"RTSP/1.0 401 Unauthorized",
    ]


async def test_the_masked_lens_refuses_a_stream(camera: SimTapo) -> None:
    camera.private = True
    with pytest.raises(av.FFmpegError):
        await asyncio.to_thread(watch, rtsp_url(camera), 1)


async def test_a_hub_s_challenge_says_little_and_leaves_the_connection_open(open_street: OpenStreet) -> None:
    """As in go2rtc issue 1174."""
    hub = (await open_street(models=["H200"])).cameras[0]
    reader, writer = await asyncio.open_connection(hub.address, hub.setup.ports.media)
    for _ in range(2):
        writer.write(b"POST /stream?deviceId=x HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        answer = (await reader.readuntil(b"HTTP ERROR 401")).decode()
        assert answer.startswith("HTTP/1.1 401 Unauthorized\r\nContent-Length: 14\r\n")
        assert "Connection: close" in answer
        assert 'algorithm="MD5"' in answer
        assert "opaque=" in answer
        assert "encrypt_type" not in answer
    writer.close()


async def test_python_kasa_reaches_what_hangs_on_a_hub(open_street: OpenStreet) -> None:
    street = await open_street(models=["H200"])
    hub = street.cameras[0]
    assert isinstance(hub, SimTapo)
    device = await a_device(hub, Credentials("admin", hub.setup.logins.password))
    try:
        (doorbell,) = device.children
        assert doorbell.model == "D230"
        await doorbell.update()
        before = doorbell.modules["LensMask"].enabled
        await doorbell.modules["LensMask"].set_enabled(not before)
        await doorbell.update()
        assert doorbell.modules["LensMask"].enabled is not before
    finally:
        await device.disconnect()
