"""The film a camera plays: 480 numbered H.264 or H.265 frames, encoded once and kept in a cache folder.

The cycle begins with a key frame and ends before one, so that it can be played round and round.
"""

import json
import os
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from tempfile import NamedTemporaryFile

from simcam.annexb import byte_stream, is_parameter_set, is_remark, nal_units
from simcam.filming import Codec, Plan, encode

CACHE_VERSION = 5  # raise it when the pictures change, so that nobody plays an old film


@dataclass(frozen=True)
class Film:
    """The access units of one camera's cycle, ready to be sent."""

    plan: Plan
    frames: tuple[tuple[bytes, ...], ...]  # for each frame its NAL units

    def nal_units(self, index: int) -> tuple[bytes, ...]:
        """What frame `index` of the endless film consists of."""
        return self.frames[index % len(self.frames)]

    def access_unit(self, index: int) -> bytes:
        """The same as an Annex B byte stream, parameter sets in front of each key frame."""
        return self._streams[index % len(self.frames)]

    def next_key(self, index: int) -> int:
        """The first key frame at or after `index`."""
        return -(-index // self.plan.gop) * self.plan.gop

    @cached_property
    def parameter_sets(self) -> tuple[bytes, ...]:
        """SPS and PPS; with H.265 the VPS in front."""
        return tuple(unit for unit in self.frames[0] if is_parameter_set(unit, self.plan.codec))

    @cached_property
    def _streams(self) -> tuple[bytes, ...]:
        return tuple(byte_stream(units) for units in self.frames)


def load(plan: Plan, cache: Path | None = None) -> Film:
    """The film of a plan: from the cache, or encoded now and put there. Blocks: call it in a thread."""
    path = (cache or cache_folder()) / f"{_name(plan)}.film"
    if not path.exists():
        _keep(path, plan, encode(plan))
    content = path.read_bytes()
    header, _, streams = content.partition(b"\n")
    start, frames = 0, []
    for size in json.loads(header)["sizes"]:
        frames.append(_picture_units(streams[start : start + size], plan.codec))
        start += size
    return Film(plan, tuple(frames))


def cache_folder() -> Path:
    """Where films are kept between runs."""
    chosen = os.environ.get("BACKSIGHT_CACHE")
    return Path(chosen) if chosen else Path.home() / ".cache" / "backsight"


def _name(plan: Plan) -> str:
    return "-".join([f"v{CACHE_VERSION}", *(f"{key}{value}" for key, value in asdict(plan).items())])


def _keep(path: Path, plan: Plan, units: list[bytes]) -> None:
    """Write whole or not at all: several runs may encode the same film at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    header = json.dumps({"plan": asdict(plan), "sizes": [len(unit) for unit in units]}).encode()
    with NamedTemporaryFile(dir=path.parent, delete=False) as part:
        part.write(b"\n".join([header, b"".join(units)]))
    Path(part.name).rename(path)


def _picture_units(stream: bytes, codec: Codec) -> tuple[bytes, ...]:
    """Without the encoder's own remarks (SEI), which cameras do not send."""
    return tuple(unit for unit in nal_units(stream) if not is_remark(unit, codec))
