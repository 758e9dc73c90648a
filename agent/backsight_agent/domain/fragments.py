"""Writes movie fragments (moof and mdat, ISO 14496-12): one GOP of video and the sound that goes with it.

Written here and not by FFmpeg's muxer, because that one holds a key frame back until sound of a later moment
has come, so that no GOP could be stored when it is complete; and because it guesses how long the last frame
of a fragment lasts, which is known here.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

KEY, NOT_KEY = 0x02000000, 0x01010000  # sample flags: depends on no other; depends on others, no sync sample

_DEFAULTS = 0x020000 | 0x20  # tfhd: default-base-is-moof, default sample flags
_TRUN = 0x1 | 0x4 | 0x100 | 0x200  # data offset, first sample's flags, durations, sizes


@dataclass(frozen=True, slots=True)
class TrackPiece:
    """What one track contributes to a fragment. The first sample must be a key frame."""

    track: int
    decode_time: int  # of the first sample, in the track's timescale
    durations: Sequence[int]
    samples: Sequence[Sequence[bytes]]  # each sample as the pieces it is made of
    flags: int  # of every sample but the first


def fragment(sequence: int, pieces: Sequence[TrackPiece]) -> bytes:
    """One moof and its mdat; `sequence` counts a run's fragments from 1."""
    sizes = [[sum(map(len, sample)) for sample in piece.samples] for piece in pieces]
    length = sum(_traf_size(piece) for piece in pieces) + 8 + 16  # moof and mfhd
    trafs, offset = [], length + 8
    for piece, own in zip(pieces, sizes, strict=True):
        trafs.append(_traf(piece, own, offset))
        offset += sum(own)
    moof = _box(b"moof", _box(b"mfhd", struct.pack(">II", 0, sequence)), *trafs)
    data = [part for piece in pieces for sample in piece.samples for part in sample]
    return b"".join([moof, struct.pack(">I4s", offset - length, b"mdat"), *data])


def _traf(piece: TrackPiece, sizes: Sequence[int], offset: int) -> bytes:
    head = _box(b"tfhd", struct.pack(">III", _DEFAULTS, piece.track, piece.flags))
    time = _box(b"tfdt", struct.pack(">IQ", 0x01000000, piece.decode_time))
    table = [value for pair in zip(piece.durations, sizes, strict=True) for value in pair]
    run = struct.pack(f">IIiI{len(table)}I", _TRUN, len(sizes), offset, KEY, *table)
    return _box(b"traf", head, time, _box(b"trun", run))


def _traf_size(piece: TrackPiece) -> int:
    return 8 + 20 + 20 + 8 + 16 + 8 * len(piece.samples)


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", len(body) + 8, kind) + body
