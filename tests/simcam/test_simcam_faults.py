"""Every fault shows on the wire as it would on a real camera, and ends when it is taken away."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from hashlib import md5

import pytest
from kasa import Credentials, Discover
from kasa.exceptions import AuthenticationError

from simcam.camera import SimCamera
from simcam.kasa_camera import SimKasa, stream_basic
from simcam.kasa_client import KasaClient
from simcam.settings import Fault
from simcam.street import Street
from simcam.tapo_camera import SimTapo

LIMIT_S = 10  # for what must come
SILENCE_S = 0.5  # in which a sound camera would send seven frames


@pytest.fixture
async def kasa(street: Street) -> SimKasa:
    camera = street.cameras[0]
    assert isinstance(camera, SimKasa)
    return camera


@pytest.fixture
async def tapo(street: Street) -> SimTapo:
    camera = street.cameras[1]
    assert isinstance(camera, SimTapo)
    return camera


async def connect(camera: SimKasa) -> KasaClient:
    async with asyncio.timeout(LIMIT_S):
        return await KasaClient.connect(
            camera.address, camera.setup.ports.stream, stream_basic(camera.setup.logins)
        )


async def playing(camera: SimKasa) -> KasaClient:
    client = await connect(camera)
    await client.videos(1)
    return client


async def touch(camera: SimCamera) -> None:
    """Open and close a connection to every port; raises when one refuses."""
    for door in camera.doors:
        _, writer = await asyncio.open_connection(camera.address, door.port)
        writer.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():
            await asyncio.sleep(0.01)


async def discovers(camera: SimTapo) -> bool:
    credentials = Credentials("admin", camera.setup.logins.password)
    found = await Discover.discover(
        target=camera.address, discovery_timeout=1, discovery_packets=1, credentials=credentials
    )
    await asyncio.gather(*(device.disconnect() for device in found.values()))
    return camera.address in found


async def test_off_answers_503_until_it_ends(kasa: SimKasa) -> None:
    await kasa.impose(Fault.OFF)
    assert (await connect(kasa)).status == 503
    await kasa.relieve()
    assert (await connect(kasa)).status == 200


async def test_off_masks_the_lens_of_a_tapo(tapo: SimTapo) -> None:
    await tapo.impose(Fault.OFF)
    assert tapo.answers.lens_masked
    await tapo.relieve()
    assert not tapo.answers.lens_masked


async def test_unauthorized_ends_the_stream_and_answers_401(kasa: SimKasa) -> None:
    client = await playing(kasa)
    await kasa.impose(Fault.UNAUTHORIZED)
    with pytest.raises((EOFError, ConnectionError, ssl.SSLError)):
        await client.videos(100)
    assert (await connect(kasa)).status == 401


async def test_unauthorized_refuses_control_of_a_tapo(tapo: SimTapo) -> None:
    await tapo.impose(Fault.UNAUTHORIZED)
    credentials = Credentials("admin", tapo.setup.logins.password)
    device = await Discover.discover_single(tapo.address, discovery_timeout=2, credentials=credentials)
    assert device is not None
    with pytest.raises(AuthenticationError):
        await device.update()
    await device.disconnect()


async def test_a_stalled_stream_stays_open_and_silent_and_goes_on_later(kasa: SimKasa) -> None:
    client = await playing(kasa)
    await kasa.impose(Fault.STALL)
    sent = kasa.journal.frames_sent
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(SILENCE_S):
            await client.videos(100)
    assert kasa.journal.frames_sent == sent
    await kasa.relieve()
    async with asyncio.timeout(LIMIT_S):
        await client.videos(2)
    assert len(kasa.journal.entries[-1].spans) == 2


async def test_a_stalled_camera_accepts_a_client_and_says_nothing(kasa: SimKasa) -> None:
    await kasa.impose(Fault.STALL)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(SILENCE_S):
            await KasaClient.connect(kasa.address, kasa.setup.ports.stream, stream_basic(kasa.setup.logins))


async def test_cut_ends_the_connections_of_the_moment_and_takes_new_ones(kasa: SimKasa) -> None:
    client = await playing(kasa)
    await kasa.impose(Fault.CUT)
    with pytest.raises((EOFError, ConnectionError, ssl.SSLError)):
        await client.videos(100)
    assert (await connect(kasa)).status == 200
    assert kasa.fault is None


@pytest.mark.parametrize("index", [0, 1])
async def test_refuse_closes_every_tcp_port_until_it_ends(street: Street, index: int) -> None:
    camera = street.cameras[index]
    await camera.impose(Fault.REFUSE)
    with pytest.raises(ConnectionRefusedError):
        await touch(camera)
    await camera.relieve()
    await touch(camera)


@pytest.mark.slow
async def test_a_rebooting_camera_is_gone_from_tcp_and_udp_and_comes_back(tapo: SimTapo) -> None:
    await tapo.impose(Fault.REBOOT, seconds=4)
    with pytest.raises(ConnectionRefusedError):
        await touch(tapo)
    assert not await discovers(tapo)
    await until(lambda: tapo.fault is None)
    await touch(tapo)
    assert await discovers(tapo)


async def test_a_reboot_starts_the_cameras_own_clock_anew(kasa: SimKasa) -> None:
    client = await connect(kasa)
    (before,) = await client.videos(1)
    await kasa.impose(Fault.REBOOT, seconds=0.2)
    await until(lambda: kasa.fault is None)
    (after,) = await (await connect(kasa)).videos(1)
    assert (after.stamp_s or 0) < 30 < 1000 <= (before.stamp_s or 0)


async def test_a_moved_camera_keeps_its_mac_and_leaves_its_address(kasa: SimKasa) -> None:
    left, mac = kasa.address, kasa.describe()["mac"]
    await kasa.impose(Fault.MOVE)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(left, kasa.setup.ports.stream)
    assert (await connect(kasa)).status == 200
    assert kasa.describe()["mac"] == mac
    assert kasa.address != left


async def test_garbage_is_not_a_part_and_is_not_counted_as_sent(kasa: SimKasa) -> None:
    client = await playing(kasa)
    await kasa.impose(Fault.GARBAGE)
    sent = kasa.journal.frames_sent
    with pytest.raises((ValueError, TimeoutError)):
        async with asyncio.timeout(LIMIT_S):
            await client.videos(100)
    assert kasa.journal.frames_sent <= sent + 1


async def test_truncate_breaks_one_part_off_and_hangs_up(kasa: SimKasa) -> None:
    client = await playing(kasa)
    await kasa.impose(Fault.TRUNCATE)
    with pytest.raises(EOFError):
        await client.videos(100)
    assert kasa.fault is None
    assert (await connect(kasa)).status == 200


async def test_a_fault_with_a_duration_ends_by_itself(kasa: SimKasa) -> None:
    await kasa.impose(Fault.OFF, seconds=0.1)
    assert kasa.private
    await until(lambda: not kasa.private)
    assert kasa.fault is None


@pytest.mark.parametrize("fault", [Fault.GARBAGE, Fault.TRUNCATE, Fault.CUT, Fault.OFF])
async def test_an_rtsp_stream_ends_or_turns_to_noise(
    tapo: SimTapo, fault: Fault, rtsp_bytes: Callable[[SimTapo], Awaitable[asyncio.StreamReader]]
) -> None:
    reader = await rtsp_bytes(tapo)
    await tapo.impose(fault)
    async with asyncio.timeout(LIMIT_S):
        assert not await _well_formed(reader, packets=3000)


async def _well_formed(reader: asyncio.StreamReader, packets: int) -> bool:
    """Whether so many interleaved packets follow each other without a flaw."""
    try:
        for _ in range(packets):
            head = await reader.readexactly(4)
            if head[0:1] != b"$" or head[1] > 3:
                return False
            await reader.readexactly(int.from_bytes(head[2:], "big"))
    except (EOFError, ConnectionError):
        return False
    return True


@pytest.fixture
def rtsp_bytes() -> Callable[[SimTapo], Awaitable[asyncio.StreamReader]]:
    return _start_rtsp


async def _start_rtsp(camera: SimTapo) -> asyncio.StreamReader:
    """Log in by hand, start the stream, and give what comes after the answer to PLAY."""
    reader, writer = await asyncio.open_connection(camera.address, camera.setup.ports.rtsp)
    target = f"rtsp://{camera.address}/stream1"
    nonce = ""

    async def ask(method: str, headers: str = "") -> str:
        login = _digest(camera, method, target, nonce)
        writer.write(f"{method} {target} RTSP/1.0\r\nCSeq: 1\r\n{login}{headers}\r\n".encode())
        return (await reader.readuntil(b"\r\n\r\n")).decode()

    nonce = (await ask("SETUP")).split('nonce="')[1].split('"')[0]
    assert " 200 " in await ask("SETUP", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n")
    assert " 200 " in await ask("PLAY")
    assert (await reader.readexactly(1)) == b"$"
    rest = await reader.readexactly(3)
    await reader.readexactly(int.from_bytes(rest[1:], "big"))
    return reader


def _digest(camera: SimTapo, method: str, target: str, nonce: str) -> str:
    logins, realm = camera.setup.logins, "TP-Link IP-Camera"
    secret = md5(f"{logins.camera_user}:{realm}:{logins.camera_password}".encode()).hexdigest()
    asked = md5(f"{method}:{target}".encode()).hexdigest()
    response = md5(f"{secret}:{nonce}:{asked}".encode()).hexdigest()
    fields = f'username="{logins.camera_user}", realm="{realm}", nonce="{nonce}", uri="{target}"'
    return f'Authorization: Digest {fields}, response="{response}"\r\n'
