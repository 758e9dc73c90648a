"""Keeps a run's sound unbroken: G.711 chunks in, one line of samples out, silence where none came."""

from collections.abc import Iterable

from backsight_agent.domain.media import AudioChunk

TOLERANCE_S = 0.25  # seconds a chunk's time may differ from where the line is; jitter of arrival stays below
LATE_S = 1.0  # seconds that sound may come after the picture; what is missing longer becomes silence
SILENCE = {"mulaw": b"\xff", "alaw": b"\xd5"}  # ITU-T G.711: the samples nearest to zero


class SoundLine:
    """One byte a sample, from the run's first frame on."""

    def __init__(self, start_us: int, law: str, rate_hz: int) -> None:
        self._start_us = start_us
        self._rate_hz = rate_hz
        self._silence = SILENCE[law]
        self._written = 0  # samples so far

    def take(self, chunks: Iterable[AudioChunk], end_us: int, *, last: bool = False) -> bytes:
        """The samples that follow, from these chunks; filled up to `end_us` where no more can come.

        The last call of a run fills to the very end.
        """
        pieces = [self._fitted(chunk, end_us) for chunk in chunks]
        missing = self._place(end_us) - self._written - (0 if last else self._count(LATE_S))
        return b"".join([*pieces, self._fill(missing)])

    def _fitted(self, chunk: AudioChunk, end_us: int) -> bytes:
        """The chunk behind as much silence as it is late, or without as much as it is early."""
        off = self._place(min(chunk.pts_us, end_us)) - self._written
        if self._written and abs(off) <= self._count(TOLERANCE_S):
            off = 0
        data = self._fill(off) + chunk.data[max(-off, 0) :]
        self._written += len(data) - max(off, 0)
        return data

    def _fill(self, samples: int) -> bytes:
        samples = max(samples, 0)
        self._written += samples
        return self._silence * samples

    def _place(self, pts_us: int) -> int:
        return (pts_us - self._start_us) * self._rate_hz // 1_000_000

    def _count(self, seconds: float) -> int:
        return round(seconds * self._rate_hz)
