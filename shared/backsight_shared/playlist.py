"""Makes HLS playlists and plans clips out of segments: the same on the hub and in the cloud."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from math import ceil

from backsight_shared.segment import Segment


@dataclass(frozen=True, slots=True)
class Addresses:
    """How a player reaches the parts, relative to the playlist."""

    init: Callable[[int], str]  # by run_ms
    segment: Callable[[int], str]  # by start_ms


def media_playlist(segments: Sequence[Segment], addresses: Addresses, *, ended: bool) -> str:
    """A media playlist (RFC 8216) of segments in order: fMP4, program date-times, run changes marked.

    `ended` says that nothing will be added; otherwise it is an EVENT playlist that a player reloads.
    """
    longest = max((_seconds(segment) for segment in segments), default=1.0)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{ceil(longest)}",
        f"#EXT-X-PLAYLIST-TYPE:{'VOD' if ended else 'EVENT'}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    for number, part in enumerate(unbroken(segments)):
        lines += _part_lines(part, addresses, first=number == 0)
    if ended:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def unbroken(segments: Iterable[Segment]) -> list[tuple[Segment, ...]]:
    """The segments in order, parted wherever the run changes or a segment of the run is missing.

    Each part, behind its run's init, is a valid MP4 with continuous time: a clip.
    """
    keyed = groupby(enumerate(segments), key=lambda item: (item[1].run_ms, item[1].sequence - item[0]))
    return [tuple(segment for _, segment in group) for _, group in keyed]


def _part_lines(part: Sequence[Segment], addresses: Addresses, *, first: bool) -> list[str]:
    lines = [] if first else ["#EXT-X-DISCONTINUITY"]
    lines.append(f'#EXT-X-MAP:URI="{addresses.init(part[0].run_ms)}"')
    for segment in part:
        lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{_date_time(segment.start_ms)}")
        lines += [f"#EXTINF:{_seconds(segment):.3f},", addresses.segment(segment.start_ms)]
    return lines


def _seconds(segment: Segment) -> float:
    return (segment.end_ms - segment.start_ms) / 1000


def _date_time(moment_ms: int) -> str:
    moment = datetime.fromtimestamp(moment_ms / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment_ms % 1000:03d}Z"
