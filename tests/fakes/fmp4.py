"""Real H.264 in fragmented MP4, made by PyAV: an init, and fragments of one second each."""

import io
from functools import lru_cache

import av
import numpy as np

FPS = 15
SIZE = 64  # pixels, square


@lru_cache
def film(seconds: int) -> tuple[bytes, tuple[bytes, ...]]:
    """The init, and a fragment (one GOP) for each second."""
    data = _muxed(seconds)
    pieces = _split(data)
    return pieces[0], tuple(pieces[1 : seconds + 1])


def frames_in(data: bytes) -> int:
    """How many video frames an MP4 decodes to."""
    with av.open(io.BytesIO(data), "r") as container:
        return len(list(container.decode(video=0)))


def _muxed(seconds: int) -> bytes:
    memory = io.BytesIO()
    options = {"movflags": "empty_moov+default_base_moof+frag_keyframe"}
    with av.open(memory, "w", format="mp4", options=options) as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width = stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.options = {"tune": "zerolatency", "preset": "ultrafast", "g": str(FPS), "sc_threshold": "0"}
        for number in range(seconds * FPS):
            image = np.full((SIZE, SIZE, 3), number * 7 % 256, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return memory.getvalue()


def _split(data: bytes) -> list[bytes]:
    """Parted in front of each moof and of the trailer."""
    marks, position = [0], 0
    while position < len(data):
        size, kind = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        if kind in (b"moof", b"mfra"):
            marks.append(position)
        position += size
    return [data[start:end] for start, end in zip(marks, [*marks[1:], len(data)], strict=True)]
