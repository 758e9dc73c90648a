"""Every camera's GOPs are looked at beside its recording: real key frames, and nobody is held up by it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
import pytest

from backsight_agent.adapters.key_frames import KeyFrames
from backsight_agent.domain.activity import Activity
from backsight_agent.domain.gops import TimedGop
from backsight_agent.domain.media import Gop, VideoCodec, VideoUnit
from backsight_agent.domain.motion import CELLS, HEIGHT, WIDTH, MotionDetector, MotionSettings
from backsight_agent.tasks.detect import MOST_WAITING, MotionTap, detect_forever
from backsight_agent.tasks.events import EventBook
from backsight_agent.tasks.gop_queue import Read
from backsight_shared.event import EventKind, Origin
from fakes.clock import NOON_MS, settle

CAMERA = "74fece010203"
GOP_US = 2_000_000


@dataclass
class Eyes:
    """Sees what the test says, in the order of the GOPs; hangs while `open` is cleared."""

    pictures: list[bytes | None] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def grey(self, unit: VideoUnit) -> bytes | None:
        await self.open.wait()
        return self.pictures.pop(0)


def a_read(number: int) -> Read:
    start_us = number * GOP_US
    video = tuple(VideoUnit(b"x" * 1000, start_us + frame * 66_667, frame == 0) for frame in range(30))
    return Read(TimedGop(Gop(video, (), start_us + GOP_US), None, 0.0), float(NOON_MS))


QUIET, SOMEONE = bytes([100] * CELLS), bytes([100] * 900 + [200] * 300 + [100] * (CELLS - 1200))


async def seen(pictures: Sequence[bytes | None]) -> tuple[list[tuple[int, int]], Activity]:
    """The events that come of these pictures, as seconds from the start."""
    activity, eyes, tap = Activity(), Eyes(list(pictures)), MotionTap()
    book = EventBook({CAMERA: activity})
    eyes.open.set()
    detector = MotionDetector(MotionSettings())
    task = asyncio.ensure_future(detect_forever(CAMERA, tap, detector, eyes, book))
    for number in range(len(pictures)):
        tap.show(a_read(number))
        await settle()
    task.cancel()
    await asyncio.wait([task])
    events = book.take()
    assert {(event.kind, event.origin) for event in events} <= {(EventKind.MOTION, Origin.HUB)}
    return [((one.start_ms - NOON_MS) // 1000, (one.end_ms - NOON_MS) // 1000) for one in events], activity


async def test_motion_becomes_an_event_at_its_time() -> None:
    events, activity = await seen([QUIET] * 5 + [SOMEONE] + [QUIET] * 10)
    assert events == [(10, 14)]  # it comes in one GOP and has gone by the end of the next
    assert activity.doing is not None
    assert activity.doing.end_ms == NOON_MS + 14_000


async def test_a_quiet_place_has_no_events() -> None:
    events, activity = await seen([QUIET] * 20)
    assert events == []
    assert activity.doing is None


async def test_an_event_that_is_open_when_the_hub_stops_is_over() -> None:
    _, activity = await seen([QUIET] * 5 + [SOMEONE])
    assert activity.doing is not None
    assert activity.doing.end_ms is not None


async def test_a_key_frame_that_cannot_be_decoded_costs_one_look() -> None:
    events, _ = await seen([QUIET] * 5 + [None] * 2 + [SOMEONE] + [QUIET] * 10)
    assert len(events) == 1


async def test_a_detector_that_is_late_looks_at_the_newest_and_counts_the_rest() -> None:
    tap = MotionTap()
    for number in range(10):
        tap.show(a_read(number))
    assert tap.skipped == 10 - MOST_WAITING
    assert await tap.next() == a_read(10 - MOST_WAITING)


# ---- real decoding


@pytest.mark.parametrize(("codec", "encoder"), [("h264", "libx264"), ("hevc", "libx265")])
async def test_a_key_frame_becomes_a_small_grey_picture(codec: VideoCodec, encoder: str) -> None:
    async with KeyFrames() as eyes:
        grey = await eyes.grey(VideoUnit(key_frame(encoder), 0, True, codec))
    assert grey is not None
    assert len(grey) == CELLS
    rows = [grey[row * WIDTH : (row + 1) * WIDTH] for row in range(HEIGHT)]
    assert all(abs(cell - 60) < 12 for row in rows for cell in row[: WIDTH // 2 - 2])
    assert all(abs(cell - 180) < 12 for row in rows for cell in row[WIDTH // 2 + 2 :])


@pytest.mark.parametrize("data", [b"", b"\x00\x00\x00\x01", b"\x00\x00\x00\x01\x65garbage", b"\xff" * 5000])
@pytest.mark.parametrize("codec", ["h264", "hevc"])
async def test_garbage_is_no_picture_and_no_error(codec: VideoCodec, data: bytes) -> None:
    async with KeyFrames() as eyes:
        assert await eyes.grey(VideoUnit(data, 0, True, codec)) is None


def key_frame(encoder: str) -> bytes:
    """Left half dark, right half light."""
    context: Any = av.CodecContext.create(encoder, "w")
    context.width, context.height, context.pix_fmt = 640, 360, "yuv420p"
    context.time_base, context.color_range = Fraction(1, 15), 2
    if encoder == "libx265":
        context.options = {"x265-params": "log-level=none"}
    frame = av.VideoFrame(640, 360, "yuv420p")
    for plane, light in zip(frame.planes, ((60, 180), (128, 128), (128, 128)), strict=True):
        half = plane.line_size // 2 if plane.line_size <= 640 else 320
        row = bytes([light[0]] * half + [light[1]] * (plane.line_size - half))
        plane.update(row * plane.height)
    frame.pts = 0
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])
