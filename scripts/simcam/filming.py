"""Encodes a camera's film: a moving texture at a camera's bit rate, each frame painted with its number."""

import random
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import av

from simcam.painting import painted_row, row_height
from simcam.timeline import FPS

GRAIN = 8  # pixels of 1080p that one random dot is blown up to: what makes the rate realistic
DRIFT_LINES = 2  # how far the texture moves from frame to frame
CLOUD = 24  # dots that one cloud is wide: what a person sees
TINTS = ((136, 118), (120, 122), (118, 136), (128, 128))  # chroma (blue, red): cameras differ at a glance
FULL_HD = 1920 * 1080
FULL_HD_BITS = 2_000_000  # bit/s at 1080p15, as measured on Tapo and Kasa cameras
LEAST_BITS = 150_000
ENCODER_THREADS = 2

Codec = Literal["h264", "hevc"]


@dataclass(frozen=True)
class Plan:
    """What decides how a film looks; two equal plans give the same film."""

    camera: int  # painted into each frame, 0..255
    width: int = 1920
    height: int = 1080
    frames: int = 480
    gop: int = 30
    codec: Codec = "h264"
    still: int = 0  # so many frames at its beginning show nothing that moves

    def __post_init__(self) -> None:
        if self.frames % self.gop:
            raise ValueError("a film is whole GOPs, or its cycle would not close")
        if self.width < 256 or self.height < 64:
            raise ValueError("a picture below 256x64 has no room for the painted number")
        if self.width % 16 or self.height % 2:
            raise ValueError("the width must be a multiple of 16 and the height even")

    @property
    def bit_rate(self) -> int:
        """Bits a second, in proportion to the picture."""
        return max(FULL_HD_BITS * self.width * self.height // FULL_HD, LEAST_BITS)


def encode(plan: Plan) -> list[bytes]:
    """One Annex B access unit for each frame."""
    encoder = _encoder(plan)
    texture = _texture(plan)
    packets = []
    for number in range(plan.frames):
        packets += encoder.encode(_picture(plan, texture, number))
    packets += encoder.encode(None)
    return [bytes(packet) for packet in packets]


def _encoder(plan: Plan) -> av.VideoCodecContext:
    encoder = av.CodecContext.create("libx264" if plan.codec == "h264" else "libx265", "w")
    encoder.width, encoder.height, encoder.pix_fmt = plan.width, plan.height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS)
    encoder.bit_rate = plan.bit_rate
    kilobits = plan.bit_rate // 1000
    common = (
        f"keyint={plan.gop}:min-keyint={plan.gop}:scenecut=0:open-gop=0:bframes=0"
        f":repeat-headers=1:vbv-maxrate={kilobits}:vbv-bufsize={2 * kilobits}"
    )
    own = {
        "h264": {"x264-params": f"{common}:threads={ENCODER_THREADS}:sliced-threads=0"},
        "hevc": {"x265-params": f"{common}:pools={ENCODER_THREADS}:frame-threads=1:log-level=none"},
    }
    encoder.options = {"preset": "ultrafast", **own[plan.codec]}
    return encoder


def _texture(plan: Plan) -> bytes:
    """Grainy clouds, two pictures high, so that a slice of it at any offset is a picture."""
    grain, chance = max(GRAIN * plan.width // 1920, 2), random.Random(plan.camera)
    width, height = plan.width // grain, 2 * plan.height // grain
    wide, high = max(width // CLOUD, 2), max(height // CLOUD, 2)
    clouds = _scaled(chance.randbytes(wide * high), (wide, high), (width, height))
    dots = chance.randbytes(width * height)
    mixed = bytes((3 * cloud + dot) // 4 for cloud, dot in zip(clouds, dots, strict=True))
    return _scaled(mixed, (width, height), (plan.width, 2 * plan.height))


def _scaled(pixels: bytes, size: tuple[int, int], wanted: tuple[int, int]) -> bytes:
    """Grey pixels, softly scaled up."""
    frame = av.VideoFrame(*size, "gray")
    _fill(frame.planes[0], pixels)
    return _without_padding(frame.reformat(*wanted, "gray", interpolation="BICUBIC").planes[0])


def _without_padding(plane: "av.video.plane.VideoPlane") -> bytes:
    luma, line = bytes(plane), plane.line_size
    return b"".join(luma[y * line : y * line + plane.width] for y in range(plane.height))


def _picture(plan: Plan, texture: bytes, number: int) -> av.VideoFrame:
    offset = 0 if plan.still else _drift(plan, number)
    row = painted_row(plan.camera, number, plan.width) * row_height(plan.width)
    frame = av.VideoFrame(plan.width, plan.height, "yuv420p")
    frame.pts = number
    luma = row + texture[offset + len(row) : offset + plan.width * plan.height]
    if plan.still:
        luma = _with_mover(plan, luma, texture, _drift(plan, number - plan.still))
    _fill(frame.planes[0], luma)
    for chroma, tint in zip(frame.planes[1:], TINTS[plan.camera % len(TINTS)], strict=True):
        chroma.update(bytes([tint]) * chroma.buffer_size)
    return frame


def _drift(plan: Plan, frames: int) -> int:
    """Where in the texture a picture begins after so many frames of movement."""
    return (max(frames, 0) * DRIFT_LINES % plan.height) * plan.width


def _with_mover(plan: Plan, luma: bytes, texture: bytes, drift: int) -> bytes:
    """Only a quarter by a quarter of the picture moves, as somebody does; all of it would be a lamp."""
    left, right = 3 * plan.width // 8, 5 * plan.width // 8
    picture = bytearray(luma)
    for line in range(plan.height // 2, 3 * plan.height // 4):
        start = line * plan.width
        picture[start + left : start + right] = texture[drift + start + left : drift + start + right]
    return bytes(picture)


def _fill(plane: "av.video.plane.VideoPlane", luma: bytes) -> None:
    """Put pixels into a plane whose lines may be longer than the picture is wide."""
    if plane.line_size == plane.width:
        plane.update(luma.ljust(plane.buffer_size, b"\0"))
        return
    lines = (luma[start : start + plane.width] for start in range(0, len(luma), plane.width))
    padded = b"".join(line.ljust(plane.line_size, b"\0") for line in lines)
    plane.update(padded.ljust(plane.buffer_size, b"\0"))
