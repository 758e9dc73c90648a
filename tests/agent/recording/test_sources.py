"""Both camera families give their frames once and in order, and every trouble by its name."""

import asyncio
import io
import socket
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import av
import pytest

from backsight_agent.adapters.muxer import AvMuxers
from backsight_agent.adapters.rtsp_stream import RtspSource
from backsight_agent.camera_ports import (
    CameraOff,
    CameraRefusedLogin,
    CameraUnreachable,
    Source,
    StreamBroken,
    StreamRefused,
)
from backsight_agent.domain.gops import GopCollector
from backsight_agent.domain.login import Login
from backsight_agent.domain.media import Arrival, AudioChunk, Gop, VideoUnit
from backsight_shared.clock import SystemClock
from backsight_shared.errors import BacksightError
from simcam.camera import SimCamera
from simcam.multipart import Framing
from simcam.reading import frames_in, walk
from simcam.settings import Fault, Habits, Sound, Start

from .conftest import PORTS, OpenCamera, source_of

pytestmark = [pytest.mark.slow]
FAMILIES = ["kasa", "tapo", "media", "child"]
UNAUTHORIZED = 'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm="r", nonce="%s"\r\n\r\n'
NOT_FOUND = "RTSP/1.0 404 Not Found\r\n\r\n"
WRONG = "not the p@ss/word: 100%"


async def gops_of(source: Source, count: int) -> list[Gop]:
    """The first whole GOPs of a stream."""
    collector, gops = GopCollector(), list[Gop]()
    async with asyncio.timeout(20), source.open() as arrivals:
        async for arrival in arrivals:
            if timed := collector.add(arrival):
                gops.append(timed.gop)
            if len(gops) == count:
                return gops
    raise AssertionError(f"the stream ended after {len(gops)} GOPs")


async def movie(gops: list[Gop]) -> bytes:
    async with AvMuxers().open(gops[0]) as muxer:
        following = [*(gop.video[0] for gop in gops[1:]), None]
        fragments = [await muxer.write(gop, key) for gop, key in zip(gops, following, strict=True)]
        return muxer.init + b"".join(fragments)


async def first_trouble(
    source: Source, camera: SimCamera | None = None, fault: Fault | None = None
) -> Exception:
    """What a stream ends with, when a fault begins after its first frames."""
    try:
        async with asyncio.timeout(20), source.open() as arrivals:
            async for _ in arrivals:
                if camera and fault:
                    await camera.impose(fault)
                    fault = None
    except BacksightError as error:
        return error
    return EOFError("the stream just ended")


@pytest.mark.parametrize(
    ("family", "habits"),
    [
        ("kasa", Habits()),
        ("kasa", Habits(framing=Framing.MINUS_ONE)),
        ("kasa", Habits(framing=Framing.CHUNKED)),
        ("kasa", Habits(framing=Framing.CHUNKED, stamps=False)),
        ("kasa", Habits(sound=Sound.OFF)),
        ("tapo", Habits()),
        ("tapo", Habits(sound=Sound.OFF)),
        ("tapo", Habits(wide_sound=True)),
        ("media", Habits()),
        ("media", Habits(sound=Sound.OFF)),
        ("media", Habits(media_encrypted=False)),
        ("child", Habits(has_rtsp=False)),
        ("child", Habits(has_rtsp=False, media_encrypted=False)),
    ],
    ids=str,
)
async def test_every_frame_comes_once_and_in_order(
    open_camera: OpenCamera, family: str, habits: Habits
) -> None:
    gops = await gops_of(source_of(await open_camera(family, habits=habits)), 2)
    assert [len(gop.video) for gop in gops] == [30, 30]
    found = walk(frames_in(await movie(gops)))
    assert (found.frames, found.missing, found.repeated, found.unreadable) == (60, 0, 0, 0)


@pytest.mark.parametrize("family", FAMILIES)
async def test_media_time_is_the_cameras_own_and_exact(open_camera: OpenCamera, family: str) -> None:
    (gop,) = await gops_of(source_of(await open_camera(family)), 1)
    first = gop.video[0].pts_us
    for number, unit in enumerate(gop.video):
        assert unit.pts_us - first == pytest.approx(number * 1_000_000 / 15, abs=2)


@pytest.mark.parametrize(
    ("family", "law"), [("kasa", "mulaw"), ("tapo", "alaw"), ("media", "alaw"), ("child", "alaw")]
)
async def test_sound_comes_on_the_same_clock_as_the_picture(
    open_camera: OpenCamera, family: str, law: str
) -> None:
    gops = await gops_of(source_of(await open_camera(family)), 2)
    chunks: list[AudioChunk] = [chunk for gop in gops for chunk in gop.audio]
    assert {chunk.law for chunk in chunks} == {law}
    assert sum(len(chunk.data) for chunk in chunks) == pytest.approx(4 * 8000, abs=2 * 480)
    assert abs(chunks[0].pts_us - gops[0].video[0].pts_us) < 100_000


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_stream_that_begins_with_a_key_frame_loses_nothing_of_its_first_gop(
    open_camera: OpenCamera, family: str
) -> None:
    camera = await open_camera(family, habits=Habits(start=Start.KEY_FRAME))
    async with source_of(camera).open() as arrivals:
        async for arrival in arrivals:
            if isinstance(arrival.unit, VideoUnit):
                assert arrival.unit.is_key
                return


@pytest.mark.parametrize("family", FAMILIES)
async def test_arrivals_are_stamped_by_the_monotonic_clock(open_camera: OpenCamera, family: str) -> None:
    seen: list[Arrival] = []
    async with source_of(await open_camera(family)).open() as arrivals:
        async for arrival in arrivals:
            seen.append(arrival)
            if len(seen) > 60:
                break
    assert all(before.at <= after.at for before, after in pairwise(seen))
    assert abs(SystemClock().monotonic() - seen[-1].at) < 1


@pytest.mark.parametrize("family", FAMILIES)
async def test_after_flipped_bits_and_a_leaping_clock_the_stream_can_be_read(
    open_camera: OpenCamera, family: str
) -> None:
    camera = await open_camera(family)
    await camera.impose(Fault.FLIP)
    with suppress(BacksightError, TimeoutError):
        async with asyncio.timeout(3), source_of(camera).open() as arrivals:
            async for _ in arrivals:
                pass
    await camera.impose(Fault.CLOCK_JUMP)
    assert len(await gops_of(source_of(camera), 1)) == 1


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.STALL, StreamBroken),
        (Fault.GARBAGE, StreamBroken),
        (Fault.TRUNCATE, StreamBroken),
        (Fault.CUT, StreamBroken),
        (Fault.REBOOT, StreamBroken),
    ],
)
async def test_a_stream_that_breaks_says_how(
    open_camera: OpenCamera, family: str, fault: Fault, expected: type[Exception]
) -> None:
    camera = await open_camera(family)
    trouble = await first_trouble(source_of(camera), camera, fault)
    assert isinstance(trouble, (expected, EOFError))
    assert camera.address in str(trouble) or isinstance(trouble, EOFError)


@pytest.mark.parametrize(
    ("family", "fault", "expected"),
    [
        ("kasa", Fault.OFF, CameraOff),
        ("tapo", Fault.OFF, StreamRefused),
        ("media", Fault.OFF, StreamRefused),
        ("child", Fault.OFF, StreamRefused),
        ("kasa", Fault.UNAUTHORIZED, CameraRefusedLogin),
        ("tapo", Fault.UNAUTHORIZED, CameraRefusedLogin),
        ("media", Fault.UNAUTHORIZED, CameraRefusedLogin),
        ("child", Fault.UNAUTHORIZED, CameraRefusedLogin),
        ("kasa", Fault.REFUSE, CameraUnreachable),
        ("tapo", Fault.REFUSE, CameraUnreachable),
        ("media", Fault.REFUSE, CameraUnreachable),
        ("child", Fault.REFUSE, CameraUnreachable),
        ("kasa", Fault.STALL, StreamBroken),
        ("tapo", Fault.STALL, StreamBroken),
        ("media", Fault.STALL, StreamBroken),
        ("child", Fault.STALL, StreamBroken),
    ],
)
async def test_a_camera_that_gives_no_stream_says_why(
    open_camera: OpenCamera, family: str, fault: Fault, expected: type[Exception]
) -> None:
    camera = await open_camera(family)
    await camera.impose(fault)
    trouble = await first_trouble(source_of(camera))
    assert type(trouble) is expected
    assert camera.address in str(trouble)


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_wrong_password_is_refused_and_never_repeated_in_words(
    open_camera: OpenCamera, family: str
) -> None:
    trouble = await first_trouble(source_of(await open_camera(family), password=WRONG))
    assert isinstance(trouble, CameraRefusedLogin)
    while trouble:
        assert "p@ss" not in str(trouble)
        assert "p%40ss" not in str(trouble)
        trouble = trouble.__cause__ or trouble.__context__  # type: ignore[assignment]


async def test_a_password_of_strange_characters_opens_the_stream(open_camera: OpenCamera) -> None:
    camera = await open_camera("tapo")
    logins = replace(camera.setup.logins, camera_password=WRONG)
    camera.setup = replace(camera.setup, logins=logins)
    assert len(await gops_of(source_of(camera), 1)) == 1


async def test_a_third_viewer_of_a_tapo_camera_is_refused_with_the_way_out(open_camera: OpenCamera) -> None:
    camera = await open_camera("tapo")
    async with source_of(camera).open() as one, source_of(camera).open() as two:
        await anext(one)
        await anext(two)
        trouble = await first_trouble(source_of(camera))
    assert isinstance(trouble, StreamRefused)
    assert "do two others watch it" in str(trouble)


async def test_the_second_stream_is_the_same_in_a_smaller_picture(open_camera: OpenCamera) -> None:
    camera = await open_camera("tapo", size=(1280, 704))
    login = Login(camera.setup.logins.camera_user, camera.setup.logins.camera_password)
    gops = await gops_of(RtspSource(camera.address, PORTS.rtsp, "/stream2", login, SystemClock()), 2)
    found = walk(frames_in(await movie(gops)))
    assert (found.frames, found.missing, found.repeated, found.unreadable) == (60, 0, 0, 0)
    with av.open(io.BytesIO(await movie(gops))) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (640, 352)


async def test_a_wrong_rtsp_path_is_refused(open_camera: OpenCamera) -> None:
    camera = await open_camera("tapo")
    login = Login(camera.setup.logins.camera_user, camera.setup.logins.camera_password)
    trouble = await first_trouble(RtspSource(camera.address, PORTS.rtsp, "/nowhere", login, SystemClock()))
    assert isinstance(trouble, StreamRefused)
    assert "404" in str(trouble)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([UNAUTHORIZED % "a", UNAUTHORIZED % "b"], CameraRefusedLogin),
        ([UNAUTHORIZED % "a", UNAUTHORIZED % 'b", stale="true', NOT_FOUND], StreamRefused),
        ([UNAUTHORIZED % "a", UNAUTHORIZED % "b", NOT_FOUND], CameraRefusedLogin),
    ],
    ids=["refused", "only the nonce was old", "refused for good"],
)
async def test_a_login_is_sent_once_and_again_only_when_its_nonce_was_old(
    answers: list[str], expected: type[Exception]
) -> None:
    left = [answer.encode() for answer in answers]

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, asyncio.CancelledError):
            while left and await reader.readuntil(b"\r\n\r\n"):
                writer.write(left.pop(0))
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0, family=socket.AF_INET) as server:
        port = server.sockets[0].getsockname()[1]
        trouble = await first_trouble(RtspSource("127.0.0.1", port, "/s", Login("a", "b"), SystemClock()))
    assert type(trouble) is expected


@pytest.mark.parametrize("family", FAMILIES)
async def test_leaving_closes_the_connection_at_once(open_camera: OpenCamera, family: str) -> None:
    camera = await open_camera(family)
    loop = asyncio.get_running_loop()
    async with source_of(camera).open() as arrivals:
        await anext(arrivals)
        left = loop.time()
    assert loop.time() - left < 0.5
    async with asyncio.timeout(3):
        while camera.journal.open_streams:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_port_that_speaks_something_else_is_named(family: str, open_camera: OpenCamera) -> None:
    camera = await open_camera(family)
    await camera.close()

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 this is a mail server\r\n")
        await writer.drain()

    port = {"kasa": PORTS.stream, "tapo": PORTS.rtsp}.get(family, PORTS.media)
    async with await asyncio.start_server(talk, camera.address, port, family=socket.AF_INET):
        trouble = await first_trouble(source_of(camera))
    assert isinstance(trouble, StreamBroken)
    assert str(port) in str(trouble)
