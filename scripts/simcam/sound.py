"""The cameras' sound: a tone that changes its pitch every two seconds, as G.711."""

import math
from functools import cache

SAMPLE_RATE = 8000  # Hz, mono
BLOCK_SAMPLES = 480  # 60 ms: what one Kasa part and one of our RTP packets carry
PITCHES_HZ = (300, 450, 600, 800, 1000, 1300)  # whole numbers, so that every step starts and ends at zero
STEP_S = 2
LOUDNESS = 8000  # peak, of 32767
CYCLE_BLOCKS = len(PITCHES_HZ) * STEP_S * SAMPLE_RATE // BLOCK_SAMPLES

ULAW_BIAS, ULAW_CLIP = 0x84, 32635  # ITU-T G.711, scaled to 16 bits
ALAW_CLIP = 0x7FFF


@cache
def tone(law: str) -> bytes:
    """One cycle of the sound: `law` is "ulaw" (Kasa) or "alaw" (Tapo); one byte a sample."""
    encode = {"ulaw": ulaw, "alaw": alaw}[law]
    return bytes(encode(sample) for sample in _samples())


def block(law: str, index: int) -> bytes:
    """The 480 samples that start at `index` * 60 ms; the sound goes round and round."""
    start = index % CYCLE_BLOCKS * BLOCK_SAMPLES
    return tone(law)[start : start + BLOCK_SAMPLES]


def ulaw(sample: int) -> int:
    """G.711 mu-law of a 16-bit sample."""
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), ULAW_CLIP) + ULAW_BIAS
    exponent = magnitude.bit_length() - 8
    return ~(sign | exponent << 4 | magnitude >> (exponent + 3) & 0x0F) & 0xFF


def alaw(sample: int) -> int:
    """G.711 A-law of a 16-bit sample."""
    sign = 0x80 if sample >= 0 else 0
    magnitude = min(sample if sample >= 0 else -sample - 1, ALAW_CLIP)
    exponent = max(magnitude.bit_length() - 8, 0)
    mantissa = magnitude >> (exponent + 3 if exponent else 4) & 0x0F
    return (sign | exponent << 4 | mantissa) ^ 0x55


def _samples() -> list[int]:
    second = range(STEP_S * SAMPLE_RATE)
    return [
        round(LOUDNESS * math.sin(2 * math.pi * pitch * i / SAMPLE_RATE))
        for pitch in PITCHES_HZ
        for i in second
    ]
