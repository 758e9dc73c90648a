"""Makes AAC out of G.711, in steps of a GOP."""

from collections.abc import Sequence
from typing import cast

import av
from av.container import OutputContainer

from backsight_agent.domain.media import AudioChunk
from backsight_agent.domain.sound import SoundLine

FRAME_SAMPLES = 1024  # samples in one AAC frame
BITS_PER_SAMPLE = 3  # 24 kbit/s at 8 kHz: transparent for what G.711 leaves of a sound

_DECODERS = {"mulaw": "pcm_mulaw", "alaw": "pcm_alaw"}


def add_aac(container: OutputContainer, rate_hz: int) -> None:
    """Add the track that `AacSound` makes frames for."""
    track = container.add_stream("aac", rate=rate_hz)
    track.layout, track.bit_rate = "mono", rate_hz * BITS_PER_SAMPLE


class AacSound:
    """One run's sound. Blocks: call it in a thread."""

    def __init__(self, start_us: int, first: AudioChunk) -> None:
        self._line = SoundLine(start_us, first.law, first.rate_hz)
        self._rate_hz = first.rate_hz
        self._decoder = cast(av.AudioCodecContext, av.CodecContext.create(_DECODERS[first.law], "r"))
        self._decoder.sample_rate, self._decoder.layout = first.rate_hz, "mono"
        self._encoder = _encoder(first.rate_hz)
        self._priming = True

    def frames(self, chunks: Sequence[AudioChunk], end_us: int, *, last: bool) -> list[bytes]:
        """The AAC frames that are complete now; all that is left when it is the run's last GOP."""
        samples = self._line.take(chunks, end_us, last=last)
        packets: list[bytes] = []
        if samples:
            for frame in self._decoder.decode(av.Packet(samples)):
                frame.pts = None
                packets += map(bytes, self._encoder.encode(frame))
        if last:
            packets += map(bytes, self._encoder.encode(None))
        return self._without_priming(packets)

    def _without_priming(self, packets: list[bytes]) -> list[bytes]:
        """The first frame only holds what is before the first sample; without it, times are exact."""
        if self._priming and packets:
            self._priming = False
            return packets[1:]
        return packets


def _encoder(rate_hz: int) -> av.AudioCodecContext:
    encoder = av.CodecContext.create("aac", "w")
    encoder.sample_rate, encoder.layout, encoder.format = rate_hz, "mono", "fltp"
    encoder.bit_rate = rate_hz * BITS_PER_SAMPLE
    return encoder
