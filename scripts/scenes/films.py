"""Encodes scenes as a camera does (H.264, 1080p, 15 fps, GOP 2 s, 2 Mbit/s) and keeps them in the cache."""

import json
from fractions import Fraction
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import av
import numpy as np

from scenes.painting import FPS, HEIGHT, WIDTH, Painter, Scene
from simcam.film import cache_folder

VERSION = 1  # raise it when the pictures change
GOP = 30
BITS = 2_000_000


def film_of(scene: Scene, seed: int = 1) -> list[bytes]:
    """One Annex B access unit for each frame. Takes a minute when it is not in the cache."""
    path = cache_folder() / f"scene-v{VERSION}-{scene.name.replace(' ', '-')}-{scene.seconds}s-{seed}.film"
    if not path.exists():
        _keep(path, _encoded(scene, seed))
    head, _, data = path.read_bytes().partition(b"\n")
    units, start = [], 0
    for size in json.loads(head):
        units.append(data[start : start + size])
        start += size
    return units


def _keep(path: Path, units: list[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    head = json.dumps([len(unit) for unit in units]).encode()
    with NamedTemporaryFile(dir=path.parent, delete=False) as part:
        part.write(b"\n".join([head, b"".join(units)]))
    Path(part.name).rename(path)


def _encoded(scene: Scene, seed: int) -> list[bytes]:
    encoder, painter = _encoder(), Painter(scene, seed)
    grey = np.full((HEIGHT // 2, WIDTH), 128, np.uint8)
    units = []
    for number in range(scene.seconds * FPS):
        picture = np.vstack([painter.frame(number), grey])
        frame = av.VideoFrame.from_ndarray(picture, "yuv420p")
        frame.pts = number
        units += [bytes(packet) for packet in encoder.encode(frame)]
    return units + [bytes(packet) for packet in encoder.encode(None)]


def _encoder() -> Any:
    encoder: Any = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS)
    encoder.bit_rate, encoder.gop_size, encoder.thread_count = BITS, GOP, 2
    encoder.options = {
        "preset": "veryfast",
        "tune": "zerolatency",
        "x264-params": "scenecut=0:bframes=0:vbv-maxrate=4000:vbv-bufsize=4000",
    }
    return encoder
