"""What the agent needs from the outside, as narrow protocols; adapters are real, fakes live in the tests."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from backsight_agent.domain.anchoring import BootSpan, BootTime, Undated
from backsight_agent.domain.media import Gop, VideoUnit
from backsight_shared.entitlement import UploadPolicy
from backsight_shared.errors import NeedsAttention, TryLater
from backsight_shared.event import Event
from backsight_shared.segment import Run, Segment
from backsight_shared.window import WindowStep
from backsight_shared.wire import (
    Batch,
    CamerasAnswer,
    CamerasReport,
    Commits,
    EventsAnswer,
    EventsReport,
    Place,
    Places,
)

# ---------------------------------------------------------------- recording


class Muxer(Protocol):
    """Makes one run's fragments."""

    async def write(self, gop: Gop, following: VideoUnit | None) -> bytes:
        """The fragment (moof+mdat) of this GOP. `following` is the next key frame, None at the run's end.

        Raises StreamBroken when the units cannot be muxed.
        """
        ...

    @property
    def init(self) -> bytes:
        """ftyp+moov; complete after the first `write`."""
        ...


class MuxerFactory(Protocol):
    """Opens a muxer for a run that begins with this GOP."""

    def open(self, first: Gop) -> AbstractAsyncContextManager[Muxer]: ...


class SegmentFile(Protocol):
    """A segment being written."""

    async def append(self, fragment: bytes) -> None:
        """Write one whole fragment and hand it to the kernel. Raises StoreFull or OSError's StoreFailed."""
        ...

    async def finish(self, end_ms: int) -> Segment:
        """Make it durable and visible: fsync, rename, fsync of the folder, row."""
        ...

    async def abandon(self) -> None:
        """Close it as it is. Whole fragments on disk become a segment at the next start."""
        ...


class StoreFull(TryLater):
    """The disk is full."""


class StoreFailed(TryLater):
    """The disk or the database does not do what it must. Who mends it need not come to the agent as well."""


class MomentTaken(StoreFailed):
    """There is a run or a segment that begins at this very millisecond: the wall clock went back."""


class Recordings(Protocol):
    """Where the recorder puts what it made."""

    async def begin_run(self, run: Run, init: bytes, undated: Undated | None = None) -> None:
        """Store a run and its init durably; `undated`: its moments may not be true. Raises MomentTaken."""
        ...

    async def begin_segment(self, run: Run, sequence: int, start_ms: int) -> SegmentFile:
        """Open the next segment of a run, with its own header box (see the store). Raises MomentTaken."""
        ...

    async def last_end_ms(self, camera: str) -> int | None:
        """Where the camera's newest finished segment ends."""
        ...


# ---------------------------------------------------------------- events


class EventLog(Protocol):
    """Where what was noticed is kept, until it leaves the history."""

    @property
    def added(self) -> asyncio.Event:
        """Set when something is to be sent to the cloud."""
        ...

    async def note(self, event: Event, undated: Undated | None = None) -> None:
        """Keep an event durably, or renew the one of the same identity; it is to be sent (again).

        A renewal never shortens an event. `undated`: its moments may not be true; it is sent once they are.
        """
        ...

    async def unsent(self, cameras: Sequence[str], limit: int) -> Sequence[Event]:
        """The oldest events of these cameras that the cloud does not have as they are now."""
        ...

    async def mark_sent(self, events: Sequence[Event]) -> None:
        """The cloud has them (or refused them for good). One that was renewed meanwhile stays unsent."""
        ...


# ---------------------------------------------------------------- dating


@dataclass(frozen=True, slots=True)
class Dated:
    """A run whose moments are true now."""

    camera: str
    segments: int
    shift_ms: int


class UndatedHistory(Protocol):
    """What was recorded before the time was known. Doing any of it twice changes nothing."""

    async def count(self) -> int:
        """How many runs and events are not dated."""
        ...

    async def boots(self) -> Sequence[BootSpan]:
        """The boots that anything undated is of, in their order; none: everything is dated."""
        ...

    async def decide(self, found: Mapping[str, BootTime], going_on: Mapping[str, int]) -> None:
        """Decide durably where everything of these boots belongs; events are there at once.

        `going_on` are runs (by camera) that are being written: what is right as it is of them loses its mark,
        the others are left for when they have ended.
        """
        ...

    async def move_next(self) -> Dated | None:
        """Carry out what was decided of one more run; None when nothing is left to be done now."""
        ...


# ---------------------------------------------------------------- retention


@dataclass(frozen=True, slots=True)
class Erased:
    """What one pass took away."""

    count: int = 0
    size_bytes: int = 0
    unsent: int = 0  # how many of them were meant for the cloud, and it did not have them


class Retention(Protocol):
    """What the pruner needs of the store."""

    async def cameras(self) -> Sequence[str]:
        """Every camera that has dated segments."""
        ...

    async def oldest_end_ms(self, camera: str) -> int | None:
        """The smallest end of a camera's dated segments: what expires next."""
        ...

    async def reached_ms(self, camera: str) -> int | None:
        """The horizon that was already acted upon."""
        ...

    async def erase_until(self, camera: str, horizon_ms: int, reason: str, now_ms: int) -> Erased:
        """Take every dated segment with `end <= horizon` out of sight, note it, remember the horizon.

        One transaction; the files are in the garbage afterwards. Doing it twice changes nothing.
        """
        ...

    async def erase_span(self, camera: str, from_ms: int, to_ms: int, reason: str, now_ms: int) -> Erased:
        """Take every segment and event that overlaps [from, to) out of sight, and note it in the ledger.

        So is, when it is finished, what was being written at that moment. Doing it twice changes nothing.
        """
        ...

    async def sweep(self, limit: int) -> int:
        """Unlink up to `limit` garbage files, fsync their folders, forget them; how many are left.

        A file that cannot be unlinked stays in the garbage and does not hold up the others.
        """
        ...


class Windows(Protocol):
    """What the cameras are entitled to, as far as is known."""

    @property
    def changed(self) -> asyncio.Event:
        """Set when any camera's steps may have changed."""
        ...

    def steps(self, camera: str) -> tuple[WindowStep, ...] | None:
        """A camera's window steps; None when nothing is known: then nothing may be deleted."""
        ...


# ---------------------------------------------------------------- upload


class CloudUnavailable(TryLater):
    """The cloud does not answer, or not as it should."""


class AnswerLost(CloudUnavailable):
    """Everything was sent and no answer came: it may have arrived."""


class CloudRefusedHub(NeedsAttention):
    """The cloud does not know this hub (any more)."""


class Backlog(Protocol):
    """Finished segments that the cloud does not have yet."""

    @property
    def added(self) -> asyncio.Event:
        """Set when a segment was finished."""
        ...

    async def oldest(self, camera: str, limit: int) -> Sequence[Segment]:
        """The oldest finished segments of a camera that are still to be uploaded, in order."""
        ...

    async def oldest_of_events(self, camera: str, pre_ms: int, post_ms: int, limit: int) -> Sequence[Segment]:
        """As `oldest`, but only what shows an event, with so much before and after it."""
        ...

    async def newest_of_events(self, camera: str, pre_ms: int, post_ms: int, limit: int) -> Sequence[Segment]:
        """The same, but what shows the newest event first; of one event in order."""
        ...

    async def runs_of(self, segments: Sequence[Segment]) -> Sequence[tuple[Run, int]]:
        """The runs that these segments belong to, with their inits' sizes in bytes.

        All of them, each time: a run that the cloud had may have expired there in the meantime.
        """
        ...

    async def read_init(self, camera: str, run_ms: int) -> bytes:
        """A run's init. Raises FileNotFoundError when it expired in the meantime."""
        ...

    async def read_segment(self, segment: Segment) -> bytes:
        """A segment's bytes. Raises FileNotFoundError when it expired in the meantime."""
        ...

    async def mark_uploaded(self, segments: Sequence[Segment]) -> None:
        """They are durably stored and indexed by the cloud."""
        ...

    async def mark_refused(self, segment: Segment, reason: str) -> None:
        """The cloud refused it for good: it stays here, is not tried again, and is counted."""
        ...

    async def counts(self) -> dict[str, int]:
        """How many segments of each camera wait. Costs the same at any number of them."""
        ...

    async def is_meant(self, camera: str, policy: UploadPolicy | None) -> None:
        """What of a camera is meant for the cloud, from now on and over restarts."""
        ...

    async def missed(self) -> dict[str, int]:
        """By camera: segments meant for the cloud that expired, or had to make room, before it had them."""
        ...


class CloudApi(Protocol):
    """The cloud's HTTPS side for a paired hub. Raises CloudUnavailable or CloudRefusedHub."""

    async def report_cameras(self, report: CamerasReport) -> CamerasAnswer: ...

    async def places(self, batch: Batch) -> Places: ...

    async def put(self, place: Place, data: bytes) -> None: ...

    async def commits(self, batch: Batch) -> Commits: ...

    async def events(self, report: EventsReport) -> EventsAnswer: ...


# ---------------------------------------------------------------- the cloud's messages


class CloudLink(Protocol):
    """The MQTT side. Messages are handled before they are acknowledged."""

    def documents(self) -> AsyncIterator[str]:
        """Signed entitlements as they arrive, over all reconnections."""
        ...

    @property
    def connected(self) -> asyncio.Event:
        """Set while the broker is connected; cleared when it is not."""
        ...

    async def pull(self, have_serial: int) -> None:
        """Ask for a fresh document. Raises CloudUnavailable."""
        ...

    async def publish_status(self, payload: bytes) -> None:
        """Say how the hub is (retained). Raises CloudUnavailable."""
        ...


class Vault(Protocol):
    """What a hub must not lose: the newest document it obeyed."""

    async def load_document(self) -> str | None: ...

    async def save_document(self, document: str) -> None:
        """Durably, before it is obeyed."""
        ...


# ---------------------------------------------------------------- looking back


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without recording, and why."""

    from_ms: int
    to_ms: int
    reason: str


class History(Protocol):
    """Reading: always masked by the horizon that the caller gives."""

    async def segments(
        self, camera: str, from_ms: int, to_ms: int, horizon_ms: int | None
    ) -> Sequence[Segment]:
        """Segments that overlap the span and end after the horizon, in order of start."""
        ...

    async def gaps(self, camera: str, from_ms: int, to_ms: int) -> Sequence[Gap]:
        """Between the runs that overlap the span."""
        ...

    async def span(self, camera: str, horizon_ms: int | None) -> tuple[int, int] | None:
        """Start of the oldest and end of the newest segment."""
        ...

    async def events(self, camera: str, from_ms: int, to_ms: int, horizon_ms: int | None) -> Sequence[Event]:
        """Events that overlap the span and end after the horizon, in order of start."""
        ...

    async def reached_ms(self, camera: str) -> int | None: ...

    async def segment(self, camera: str, start_ms: int) -> Segment | None: ...

    async def read_init(self, camera: str, run_ms: int) -> bytes: ...

    async def read_segment(self, segment: Segment) -> bytes: ...
