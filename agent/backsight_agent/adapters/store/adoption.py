"""Makes segments of files that a crash or a full disk left: every whole fragment is kept. Blocks."""

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from backsight_agent.adapters.store.files import Media, Steps, settle, sync_folder
from backsight_agent.domain.boxes import (
    HEADER_BYTES,
    SegmentHeader,
    fragments_ms,
    parse_header,
    video_track,
    whole_fragments_end,
)
from backsight_shared.segment import SEGMENT_S, Segment

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Adopter:
    """Looks at segment files that have no row."""

    media: Media
    steps: Steps

    def settle_part(self, part: Path) -> Segment | None:
        """Cut an unfinished file behind its last whole fragment and give it its name.

        None when nothing whole is in it: then it is gone.
        """
        segment = self._as_segment(part)
        if segment is None:
            log.info("%s holds no whole fragment: removed", part)
            part.unlink(missing_ok=True)
            sync_folder(part.parent)
            return None
        descriptor = os.open(part, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.ftruncate(descriptor, segment.size_bytes)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        settle(part, part.with_suffix(""), self.steps)
        return segment

    def finished(self, path: Path) -> Segment | None:
        """A file that has its name but no row; None when it is no segment of ours."""
        segment = self._as_segment(path)
        if segment is not None:
            sync_folder(path.parent)  # its name may be as new as the crash
        return segment

    def _as_segment(self, path: Path) -> Segment | None:
        data = path.read_bytes()
        header, end = parse_header(data), whole_fragments_end(data)
        if header is None or end <= HEADER_BYTES or not self._is_its_place(path, header):
            return None
        end_ms = header.start_ms + self._length_ms(header, data[:end])
        return Segment(header.camera, header.start_ms, end_ms, header.run_ms, header.sequence, end)

    def _is_its_place(self, path: Path, header: SegmentHeader) -> bool:
        finished = path.with_name(path.name.removesuffix(".part"))
        return finished in self.media.everywhere(self.media.segment(header.camera, header.start_ms))

    def _length_ms(self, header: SegmentHeader, data: bytes) -> int:
        """By media time; the nominal length where that cannot be read, for a guess keeps the footage."""
        try:
            init = self.media.there(self.media.init(header.camera, header.run_ms))
            track = video_track(init.read_bytes())
        except FileNotFoundError:
            track = None
        return (fragments_ms(data, track) if track else None) or round(SEGMENT_S * 1000)
