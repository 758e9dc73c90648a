"""Makes short H.264 films as a hub would: one init, segments of ten seconds; each frame tells its second.

The second is painted as sixteen bars, white for a one, the highest bit on the left: a browser test reads it
back from what is really on screen.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

import av
import numpy as np

FRAMES_A_SECOND = 5
SEGMENT_S = 10
SOUND_HZ = 8000
WIDTH, HEIGHT, BITS = 320, 180, 16

_USER_BOX = b"\0\0\0\x28uuid" + bytes(range(16)) + b"backsight-header"  # like the header box of a hub's file


@dataclass(frozen=True, slots=True)
class Film:
    """What a hub uploads of one run."""

    init: bytes
    segments: tuple[bytes, ...]


@lru_cache(maxsize=16)
def a_film(seconds: int, first_second: int = 0, *, encoder: str = "libx264", sound: bool = False) -> Film:
    """A film of whole segments; its first frame shows `first_second`. The sound is a tone."""
    boxes = list(_boxes(_encode(seconds, first_second, encoder, sound=sound)))
    init = b"".join(data for kind, data in boxes if kind in {b"ftyp", b"moov"})
    fragments = [moof + mdat for (kind, moof), (_, mdat) in pairwise(boxes) if kind == b"moof"]
    grouped = [fragments[at : at + SEGMENT_S] for at in range(0, seconds, SEGMENT_S)]
    return Film(init, tuple(_USER_BOX + b"".join(group) for group in grouped))


def _encode(seconds: int, first_second: int, encoder: str, *, sound: bool) -> bytes:
    file = io.BytesIO()
    flags = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    gop = {"g": str(FRAMES_A_SECOND), "bf": "0", "sc_threshold": "0"}
    with av.open(file, "w", format="mp4", options=flags) as container:
        picture = container.add_stream(
            encoder, rate=FRAMES_A_SECOND, options={"preset": "ultrafast", "crf": "30", **gop}
        )
        assert isinstance(picture, av.VideoStream)
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        tone = container.add_stream("aac", rate=SOUND_HZ, layout="mono") if sound else None
        for second in range(seconds):
            for frame in _frames(second, first_second):
                container.mux(picture.encode(frame))
            if tone is not None:
                container.mux(tone.encode(_tone(second)))
        container.mux(picture.encode(None))
        if tone is not None:
            container.mux(tone.encode(None))
    return file.getvalue()


def _frames(second: int, first_second: int) -> Iterator[av.VideoFrame]:
    for number in range(second * FRAMES_A_SECOND, (second + 1) * FRAMES_A_SECOND):
        frame = av.VideoFrame.from_ndarray(_picture(first_second + second), format="rgb24")
        frame.pts, frame.time_base = number, Fraction(1, FRAMES_A_SECOND)
        yield frame


def _tone(second: int) -> av.AudioFrame:
    wave = np.sin(np.arange(SOUND_HZ) * (2 * np.pi * 440 / SOUND_HZ)).astype(np.float32) * 0.1
    frame = av.AudioFrame.from_ndarray(wave[np.newaxis, :], format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = SOUND_HZ, second * SOUND_HZ, Fraction(1, SOUND_HZ)
    return frame


def _picture(second: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[:] = (70, 96, 120)
    picture[HEIGHT // 2 :] = (46, 58, 44)
    width = WIDTH // BITS
    for bit in range(BITS):
        on = second >> (BITS - 1 - bit) & 1
        picture[HEIGHT - 40 :, bit * width : (bit + 1) * width] = 255 if on else 0
    return picture


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at : at + size]
        at += size
