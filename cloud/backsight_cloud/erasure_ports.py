"""What erasing needs of the database: spans that owners erased, whole cameras, objects said to be gone."""

from collections.abc import Sequence
from typing import Protocol

from backsight_cloud.domain.records import Camera, Deleted, Erasure, Extent
from backsight_shared.erased import ErasedSpan


class Erasing(Protocol):
    """Ways out of the history other than age; each writes its line of the ledger in the same transaction."""

    async def extent(self, camera: Camera, span: ErasedSpan, horizon_ms: int | None) -> Extent:
        """What `erase_span` would take of what can be seen."""
        ...

    async def erase_span(self, camera: Camera, span: ErasedSpan, reason: str, now_ms: int) -> Erasure | None:
        """Move whatever overlaps the span to the garbage, with its events. None when there was nothing."""
        ...

    async def erase_all(self, camera: Camera, reason: str, now_ms: int) -> Erasure | None:
        """Segments, runs and events of the camera, whenever they are dated."""
        ...

    async def erase_lost(self, camera: Camera, starts: Sequence[int], now_ms: int) -> Erasure | None:
        """Segments whose objects the store no longer has."""
        ...

    async def spans_of(self, camera_ids: Sequence[str]) -> dict[str, tuple[ErasedSpan, ...]]:
        """What is erased of these cameras, in order of time; one without spans is left out."""
        ...

    async def replace_spans(self, camera_id: str, spans: Sequence[ErasedSpan]) -> None: ...
    async def merge_lines_before(self, moment_ms: int, limit: int) -> int:
        """Keep older lines of the ledger by day (UTC); how many lines were taken into others."""
        ...


class Deletions(Protocol):
    """Objects that the store said it deleted, until it is certain that they are gone."""

    async def note(self, keys: Sequence[tuple[str, str]], look_ms: int) -> None:
        """(object key, camera): to be looked at then."""
        ...

    async def waiting(self) -> int:
        """How many are noted."""
        ...

    async def due(self, now_ms: int, limit: int) -> Sequence[Deleted]:
        """Those to be looked at by now, the longest due first."""
        ...

    async def look_again(self, keys: Sequence[str], look_ms: int) -> None:
        """They are gone so far: look once more, then."""
        ...

    async def known_among(self, keys: Sequence[str]) -> set[str]:
        """Those that something is known of: indexed, placed, garbage, or noted here."""
        ...

    async def forget(self, keys: Sequence[str]) -> None: ...
    async def came_back(self, keys: Sequence[str], now_ms: int) -> int:
        """They are still there: garbage again. How many; one that was placed anew meanwhile is none."""
        ...
