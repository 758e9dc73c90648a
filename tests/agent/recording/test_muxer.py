"""Init and consecutive fragments are a playable MP4: every frame once, at its time, with unbroken sound."""

import io
import struct
from fractions import Fraction

import av
import pytest

from backsight_agent.adapters.muxer import AvMuxers
from backsight_agent.camera_ports import StreamBroken
from backsight_agent.domain.annexb import is_key
from backsight_agent.domain.gops import GopCollector
from backsight_agent.domain.media import Arrival, AudioChunk, Gop, VideoCodec, VideoUnit
from simcam import sound

EPOCH_US = 1_731_000_000_123_457  # a camera's media clock begins anywhere
ENCODERS: dict[VideoCodec, str] = {"h264": "libx264", "hevc": "libx265"}
GOP_FRAMES, GOPS = 30, 5


@pytest.fixture(scope="module", params=["h264", "hevc"])
def gops(request: pytest.FixtureRequest) -> list[Gop]:
    """Ten seconds of 15 fps video, without sound."""
    codec: VideoCodec = request.param
    collector, closed = GopCollector(), []
    for number, data in enumerate(encoded(codec)):
        unit = VideoUnit(data, EPOCH_US + number * 1_000_000 // 15, is_key(data, codec), codec)
        closed.append(collector.add(Arrival(unit, number / 15)))
    return [timed.gop for timed in (*closed, collector.finish()) if timed]


def encoded(codec: VideoCodec) -> list[bytes]:
    encoder = av.CodecContext.create(ENCODERS[codec], "w")
    encoder.width, encoder.height, encoder.pix_fmt = 320, 180, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 15), Fraction(15)
    habits = f"keyint={GOP_FRAMES}:scenecut=0:bframes=0:repeat-headers=1"
    encoder.options = {
        "preset": "ultrafast",
        "x264-params": habits,
        "x265-params": f"{habits}:open-gop=0:log-level=none",
    }
    packets = [packet for number in range(GOP_FRAMES * GOPS) for packet in encoder.encode(picture(number))]
    return [bytes(packet) for packet in (*packets, *encoder.encode(None))]


def picture(number: int) -> av.VideoFrame:
    frame = av.VideoFrame(320, 180, "yuv420p")
    frame.pts = number
    for plane in frame.planes:
        plane.update(bytes([16 + number]) * plane.buffer_size)
    return frame


def with_sound(gops: list[Gop], law: str = "mulaw", until: int = GOPS) -> list[Gop]:
    """The same with a tone, up to before GOP number `until`."""
    return [
        Gop(gop.video, tuple(blocks(gop, law)) if number < until else (), gop.end_pts_us)
        for number, gop in enumerate(gops)
    ]


def blocks(gop: Gop, law: str) -> list[AudioChunk]:
    first = -(-(gop.video[0].pts_us - EPOCH_US) // 60_000)
    last = -(-(gop.end_pts_us - EPOCH_US) // 60_000)
    short = "ulaw" if law == "mulaw" else law
    return [
        AudioChunk(sound.block(short, n), EPOCH_US + n * 60_000, "alaw" if law == "alaw" else "mulaw")
        for n in range(first, last)
    ]


async def muxed(gops: list[Gop]) -> tuple[bytes, list[bytes]]:
    async with AvMuxers().open(gops[0]) as muxer:
        following = [gop.video[0] for gop in gops[1:]]
        fragments = [await muxer.write(gop, key) for gop, key in zip(gops, [*following, None], strict=True)]
        return muxer.init, fragments


def decoded_video(data: bytes) -> list[tuple[int, float]]:
    """Each frame's number by its grey, and its time."""
    with av.open(io.BytesIO(data)) as movie:
        return [
            (round(bytes(frame.planes[0])[:64][32]) - 16, frame.time or 0.0)
            for frame in movie.decode(video=0)
        ]


def decoded_sound(data: bytes) -> list[tuple[float, int, float]]:
    """Each frame's time, samples and loudness."""
    with av.open(io.BytesIO(data)) as movie:
        return [
            (frame.time or 0.0, frame.samples, float(abs(frame.to_ndarray()).mean()))
            for frame in movie.decode(audio=0)
        ]


def boxes(data: bytes) -> list[bytes]:
    kinds, place = [], 0
    while place < len(data):
        size, kind = struct.unpack_from(">I4s", data, place)
        kinds.append(kind)
        place += size
    assert place == len(data)
    return kinds


@pytest.mark.parametrize(("first", "end"), [(0, 5), (0, 1), (1, 3), (4, 5)])
@pytest.mark.parametrize("audible", [False, True], ids=["silent film", "with sound"])
async def test_init_and_any_consecutive_fragments_play_each_frame_once_at_its_time(
    gops: list[Gop], first: int, end: int, audible: bool
) -> None:
    init, fragments = await muxed(with_sound(gops) if audible else gops)
    frames = decoded_video(init + b"".join(fragments[first:end]))
    assert len(frames) == (end - first) * GOP_FRAMES
    for number, (grey, time_s) in enumerate(frames, first * GOP_FRAMES):
        assert abs(grey - number) <= 2
        assert time_s == pytest.approx(number / 15, abs=0.00002)


async def test_the_init_is_ftyp_and_moov_and_a_fragment_moof_and_mdat(gops: list[Gop]) -> None:
    init, fragments = await muxed(with_sound(gops))
    assert boxes(init) == [b"ftyp", b"moov"]
    assert [boxes(fragment) for fragment in fragments] == [[b"moof", b"mdat"]] * GOPS


async def test_the_init_does_not_change_while_the_run_is_written(gops: list[Gop]) -> None:
    async with AvMuxers().open(gops[0]) as muxer:
        before = muxer.init
        await muxer.write(gops[0], gops[1].video[0])
        await muxer.write(gops[1], None)
        assert muxer.init == before


async def test_video_is_copied_and_never_encoded_again(gops: list[Gop]) -> None:
    _, fragments = await muxed(gops)
    for gop, fragment in zip(gops, fragments, strict=True):
        for unit in gop.video[1:]:
            assert unit.data.rpartition(b"\x00\x00\x01")[2] in fragment


@pytest.mark.parametrize("law", ["mulaw", "alaw"])
async def test_sound_is_there_from_the_first_moment_without_a_hole(gops: list[Gop], law: str) -> None:
    init, fragments = await muxed(with_sound(gops, law))
    heard = decoded_sound(init + b"".join(fragments))
    assert heard[0][0] == 0
    assert sum(samples for _, samples, _ in heard) == pytest.approx(80_000, abs=2048)
    assert all(loudness > 0.05 for _, _, loudness in heard[:-2])


async def test_sound_does_not_move_the_picture(gops: list[Gop]) -> None:
    """FFmpeg's own muxer shifts the video by the encoder's priming, 68 ms and more."""
    init, fragments = await muxed(with_sound(gops))
    movie = init + b"".join(fragments)
    assert decoded_video(movie)[0][1] == decoded_sound(movie)[0][0] == 0


async def test_each_segment_of_a_run_has_its_own_sound(gops: list[Gop]) -> None:
    init, fragments = await muxed(with_sound(gops))
    for fragment in fragments:
        heard = sum(samples for _, samples, _ in decoded_sound(init + fragment))
        assert heard == pytest.approx(16_000, abs=4000)  # what the encoder still holds comes with the next


async def test_sound_that_stops_for_good_holds_up_no_fragment(gops: list[Gop]) -> None:
    init, fragments = await muxed(with_sound(gops, until=2))
    assert len(decoded_video(init + b"".join(fragments))) == GOPS * GOP_FRAMES
    heard = decoded_sound(init + b"".join(fragments))
    assert sum(samples for _, samples, _ in heard) == pytest.approx(80_000, abs=2048)
    assert heard[-1][2] < 0.001


async def test_sound_at_another_rate_keeps_its_rate(gops: list[Gop]) -> None:
    """New Tapo firmware sends PCMU at 16 kHz."""
    fast = [
        Gop(
            gop.video,
            tuple(AudioChunk(c.data * 2, c.pts_us, c.law, 16_000) for c in gop.audio),
            gop.end_pts_us,
        )
        for gop in with_sound(gops)
    ]
    init, fragments = await muxed(fast)
    with av.open(io.BytesIO(init + b"".join(fragments))) as movie:
        assert movie.streams.audio[0].codec_context.sample_rate == 16_000
        assert sum(frame.samples for frame in movie.decode(audio=0)) == pytest.approx(160_000, abs=2048)


async def test_sample_entries_are_those_that_browsers_play(gops: list[Gop]) -> None:
    init, _ = await muxed(gops)
    assert (b"avc1" if gops[0].video[0].codec == "h264" else b"hvc1") in init


@pytest.mark.parametrize("data", [b"", b"\x00\x00\x01\x65junk", b"\x00\x00\x01\x67no\x00\x00\x01\x68sets"])
async def test_a_key_frame_that_is_no_video_is_refused(data: bytes) -> None:
    damaged = Gop((VideoUnit(data, 0, is_key=True),), (), 66_667)
    with pytest.raises(StreamBroken, match="damaged"):
        async with AvMuxers().open(damaged):
            pass
