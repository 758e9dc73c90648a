"""Makes a run's init and fragments: H.264 and H.265 as they came, G.711 as AAC."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from fractions import Fraction
from itertools import pairwise
from typing import ParamSpec, TypeVar

import av

from backsight_agent.adapters.aac import FRAME_SAMPLES, AacSound, add_aac
from backsight_agent.camera_ports import StreamBroken
from backsight_agent.domain.annexb import is_parameter_set, nal_units
from backsight_agent.domain.fragments import KEY, NOT_KEY, TrackPiece, fragment
from backsight_agent.domain.media import Gop, VideoUnit

TICKS = 90_000  # per second: the video track's timescale
VIDEO_TRACK, AUDIO_TRACK = 1, 2
P = ParamSpec("P")
T = TypeVar("T")
SAMPLE_ENTRY = {"h264": "avc1", "hevc": "hvc1"}  # the parameter sets are in the init only


class AvMuxers:
    """Opens muxers. PyAV writes the inits and encodes the sound; the fragments are our own."""

    @asynccontextmanager
    async def open(self, first: Gop) -> AsyncIterator["AvMuxer"]:
        """A muxer for the run that begins with this GOP. Raises StreamBroken when it is no video."""
        yield await _in_thread(AvMuxer, first)


class AvMuxer:
    """One run's muxer."""

    def __init__(self, first: Gop) -> None:
        self._start_us = first.video[0].pts_us
        self._sound = AacSound(self._start_us, first.audio[0]) if first.audio else None
        self._sound_frames = 0
        self._sequence = 0
        self.init = _init(first)

    async def write(self, gop: Gop, following: VideoUnit | None) -> bytes:
        """The fragment of this GOP; see the port."""
        return await _in_thread(self._write, gop, following is None)

    def _write(self, gop: Gop, last: bool) -> bytes:
        self._sequence += 1
        pieces = [self._video_piece(gop)]
        if self._sound:
            frames = self._sound.frames(gop.audio, gop.end_pts_us, last=last)
            pieces += self._sound_piece(frames)
        return fragment(self._sequence, pieces)

    def _video_piece(self, gop: Gop) -> TrackPiece:
        times = [self._ticks(unit.pts_us) for unit in gop.video] + [self._ticks(gop.end_pts_us)]
        durations = [after - before for before, after in pairwise(times)]
        return TrackPiece(VIDEO_TRACK, times[0], durations, [_sample(unit) for unit in gop.video], NOT_KEY)

    def _sound_piece(self, frames: list[bytes]) -> list[TrackPiece]:
        if not frames:
            return []
        piece = TrackPiece(
            AUDIO_TRACK,
            self._sound_frames * FRAME_SAMPLES,
            [FRAME_SAMPLES] * len(frames),
            [(frame,) for frame in frames],
            KEY,
        )
        self._sound_frames += len(frames)
        return [piece]

    def _ticks(self, pts_us: int) -> int:
        return ((pts_us - self._start_us) * TICKS + 500_000) // 1_000_000


async def _in_thread(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """PyAV blocks. What it cannot do with a camera's bytes is the camera's trouble, not ours."""
    try:
        return await asyncio.to_thread(work, *arguments, **named)
    except (av.FFmpegError, ValueError, IndexError) as error:
        raise StreamBroken("the camera's video is damaged; if this stays, restart the camera") from error


def _sample(unit: VideoUnit) -> list[bytes]:
    """The NAL units behind their lengths; a key frame's parameter sets are in the init already."""
    pieces: list[bytes] = []
    for nal in nal_units(unit.data):
        if not (unit.is_key and is_parameter_set(nal, unit.codec)):
            pieces += (len(nal).to_bytes(4, "big"), nal)
    return pieces


def _init(first: Gop) -> bytes:
    """ftyp and moov. FFmpeg reads the parameter sets out of the first key frame."""
    key, file = first.video[0], io.BytesIO()
    with av.open(io.BytesIO(key.data), format=key.codec) as probe:
        template = probe.streams.video[0]
        with av.open(file, "w", format="mp4", options={"movflags": "cmaf+empty_moov"}) as out:
            video = out.add_stream_from_template(template, time_base=Fraction(1, TICKS))
            video.codec_context.codec_tag = SAMPLE_ENTRY[key.codec]
            if first.audio:
                add_aac(out, first.audio[0].rate_hz)
            out.start_encoding()
            return file.getvalue()
