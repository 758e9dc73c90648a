"""Reads MP4 boxes: our own header in front of a segment, where whole fragments end, how long they last.

Only what is needed to rebuild an index from files and to save what a crash left. Pure; never raises on
damaged bytes: what cannot be read is not there.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_HEADER_ID = bytes.fromhex("7d3f0b6a41c84e0f9a52c6e1d8274bb3")  # random; ours alone
_HEADER = struct.Struct(">I4s16sB6sqqI")  # size, "uuid", id, version, camera, run_ms, start_ms, sequence
_HEADER_VERSION = 1
HEADER_BYTES = _HEADER.size

_TFHD_BASE_OFFSET, _TFHD_DESCRIPTION, _TFHD_DURATION = 0x1, 0x2, 0x8  # flags, ISO/IEC 14496-12, 8.8.7
_TRUN_DATA_OFFSET, _TRUN_FIRST_FLAGS = 0x1, 0x4  # flags, 8.8.8
_TRUN_DURATION, _TRUN_PER_SAMPLE = 0x100, (0x100, 0x200, 0x400, 0x800)


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    """What a segment file says of itself: with its size and length, all that the index holds."""

    camera: str
    run_ms: int
    start_ms: int
    sequence: int


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """The video track of a run, as its init describes it."""

    track_id: int
    timescale: int  # ticks per second
    sample_ticks: int  # how long a frame lasts where a fragment does not say


def make_header(header: SegmentHeader) -> bytes:
    """The box that stands first in every segment file; players skip it."""
    camera = bytes.fromhex(header.camera)
    fields = (_HEADER_VERSION, camera, header.run_ms, header.start_ms, header.sequence)
    return _HEADER.pack(HEADER_BYTES, b"uuid", _HEADER_ID, *fields)


def parse_header(data: bytes) -> SegmentHeader | None:
    """The header at the start of a segment file, None when there is none that we know."""
    if len(data) < HEADER_BYTES:
        return None
    size, kind, identity, version, camera, *rest = _HEADER.unpack_from(data)
    if (size, kind, identity, version) != (HEADER_BYTES, b"uuid", _HEADER_ID, _HEADER_VERSION):
        return None
    return SegmentHeader(camera.hex(), *rest)


def whole_fragments_end(data: bytes) -> int:
    """Where the last whole fragment (moof and its mdat) ends; 0 when there is none."""
    end, begun = 0, False
    for box in _boxes(data, 0, len(data)):
        if box.kind == b"moof":
            begun = True
        elif box.kind == b"mdat" and begun:
            end, begun = box.end, False
    return end


def video_track(init: bytes) -> VideoTrack | None:
    """The video track of an init (ftyp+moov)."""
    moov = _child(init, Box(b"", 0, len(init)), b"moov")
    for trak in _children(init, moov, b"trak"):
        track = _read_track(init, moov, trak)
        if track is not None:
            return track
    return None


def fragments_ms(data: bytes, track: VideoTrack) -> int | None:
    """How long the video of these whole fragments lasts, in milliseconds; None when it cannot be told."""
    spans = [span for moof in _top(data, b"moof") for span in _track_spans(data, moof, track)]
    if not spans:
        return None
    ticks = max(end for _, end in spans) - min(begin for begin, _ in spans)
    return round(ticks * 1000 / track.timescale) or None


@dataclass(frozen=True, slots=True)
class Box:
    """A box's kind, and where its content begins and ends."""

    kind: bytes
    body: int
    end: int


def _boxes(data: bytes, position: int, end: int) -> Iterator[Box]:
    """The whole boxes of a stretch, in order, up to the first that is not."""
    while position + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, position)
        body = position + 8
        if size == 1 and position + 16 <= end:
            (size,) = struct.unpack_from(">Q", data, body)
            body += 8
        if size < body - position or position + size > end:
            return
        position += size
        yield Box(kind, body, position)


def _top(data: bytes, kind: bytes) -> list[Box]:
    return [box for box in _boxes(data, 0, len(data)) if box.kind == kind]


def _children(data: bytes, parent: Box | None, kind: bytes) -> list[Box]:
    if parent is None:
        return []
    return [box for box in _boxes(data, parent.body, parent.end) if box.kind == kind]


def _child(data: bytes, parent: Box | None, *path: bytes) -> Box | None:
    for kind in path:
        parent = next(iter(_children(data, parent, kind)), None)
    return parent


def _number(data: bytes, box: Box | None, offset: int, form: str = ">I") -> int | None:
    """A number in a box's content, None when the box is not there or too short."""
    if box is None or box.body + offset + struct.calcsize(form) > box.end:
        return None
    return int(struct.unpack_from(form, data, box.body + offset)[0])


def _read_track(init: bytes, moov: Box | None, trak: Box) -> VideoTrack | None:
    handler = _child(init, trak, b"mdia", b"hdlr")
    tkhd, mdhd = _child(init, trak, b"tkhd"), _child(init, trak, b"mdia", b"mdhd")
    track_id = _number(init, tkhd, 20 if _number(init, tkhd, 0, ">B") else 12)
    timescale = _number(init, mdhd, 20 if _number(init, mdhd, 0, ">B") else 12)
    if _number(init, handler, 8) != int.from_bytes(b"vide", "big") or not track_id or not timescale:
        return None
    defaults = _children(init, _child(init, moov, b"mvex"), b"trex")
    ticks = next((_number(init, trex, 12) for trex in defaults if _number(init, trex, 4) == track_id), 0)
    return VideoTrack(track_id, timescale, ticks or 0)


def _track_spans(data: bytes, moof: Box, track: VideoTrack) -> Iterator[tuple[int, int]]:
    """First and last tick of each of the track's pieces in a fragment."""
    for traf in _children(data, moof, b"traf"):
        tfhd, tfdt = _child(data, traf, b"tfhd"), _child(data, traf, b"tfdt")
        begin = _number(data, tfdt, 4, ">Q" if _number(data, tfdt, 0, ">B") else ">I")
        if _number(data, tfhd, 4) == track.track_id and begin is not None:
            each = _default_ticks(data, tfhd, track)
            runs = _children(data, traf, b"trun")
            yield begin, begin + sum(_run_ticks(data, trun, each) for trun in runs)


def _default_ticks(data: bytes, tfhd: Box | None, track: VideoTrack) -> int:
    flags = _flags(data, tfhd)
    if not flags & _TFHD_DURATION:
        return track.sample_ticks
    offset = 8 + (8 if flags & _TFHD_BASE_OFFSET else 0) + (4 if flags & _TFHD_DESCRIPTION else 0)
    return _number(data, tfhd, offset) or 0


def _run_ticks(data: bytes, trun: Box, each: int) -> int:
    flags, count = _flags(data, trun), _number(data, trun, 4) or 0
    if not flags & _TRUN_DURATION:
        return count * each
    step = 4 * sum(1 for flag in _TRUN_PER_SAMPLE if flags & flag)
    first = 8 + (4 if flags & _TRUN_DATA_OFFSET else 0) + (4 if flags & _TRUN_FIRST_FLAGS else 0)
    whole = min(count, max(0, trun.end - trun.body - first) // step)
    return sum(_number(data, trun, first + step * index) or 0 for index in range(whole))


def _flags(data: bytes, box: Box | None) -> int:
    return (_number(data, box, 0) or 0) & 0xFFFFFF
