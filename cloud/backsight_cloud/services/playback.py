"""Shows the history: what exists at this moment, of the cameras that are theirs or that are shared with them.

Everything is masked by the camera's horizon when it is asked for; a foreign camera is as unknown as one that
does not exist. Each query for footage says itself whose camera the viewer may see: nothing rests on a check
before it.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from backsight_cloud.domain.keys import run_key, segment_key
from backsight_cloud.domain.ledger import Place
from backsight_cloud.domain.looking import Gap, Part, gaps_between
from backsight_cloud.domain.records import Camera, Erasure, Hub
from backsight_cloud.ports import Database, ObjectMissing, Objects, Transaction
from backsight_cloud.services.windows import horizon_of
from backsight_shared.clock import Clock
from backsight_shared.errors import NeedsAttention
from backsight_shared.event import Event
from backsight_shared.playlist import unbroken
from backsight_shared.segment import Segment
from backsight_shared.window import WindowStep, expired, expires_at, in_force

MOST_ERASURES = 1000  # lines of the ledger in one answer


class UnknownCamera(NeedsAttention):
    """There is no such camera in this account."""


class NothingThere(NeedsAttention):
    """No footage of that run, segment or span, or no longer."""


class ManyParts(NeedsAttention):
    """The span covers more than one unbroken part, and a clip is one."""

    def __init__(self, parts: Sequence[Part]) -> None:
        super().__init__(f"the span covers {len(parts)} unbroken parts; a clip is one of them")
        self.parts = parts


@dataclass(frozen=True, slots=True)
class CameraView:
    """A camera and its history at this moment."""

    camera: Camera
    hub: Hub | None
    window_ms: int | None
    horizon_ms: int | None
    span: tuple[int, int] | None  # start of the oldest and end of the newest segment that can be seen
    shared: bool = False  # it is somebody else's: to be looked at, and not to be changed


@dataclass(frozen=True, slots=True)
class History:
    """What is there of a span. `segments` is None when they are more than were asked for."""

    horizon_ms: int | None
    parts: Sequence[Part]
    gaps: Sequence[Gap]
    segments: Sequence[Segment] | None
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Media:
    """Bytes to be streamed, how many they are, and until when they may be kept."""

    size_bytes: int
    chunks: AsyncIterator[bytes]
    expires_ms: int | None = None
    shared: bool = False  # it may end at any moment that somebody else may see it: nothing is to be kept


class Playback:
    """Reading, for owners and those with whom they share."""

    def __init__(self, database: Database, objects: Objects, clock: Clock) -> None:
        self._database = database
        self._objects = objects
        self._clock = clock

    async def cameras(self, account: str) -> list[CameraView]:
        """The account's cameras in the order in which they were bound, then others' that it may see."""
        async with self._database.read() as tx:
            return [await self._view(tx, account, camera) for camera in await tx.cameras.all_viewed(account)]

    async def camera(self, account: str, camera_id: str) -> CameraView:
        """One of them. Raises UnknownCamera, as everything here."""
        async with self._database.read() as tx:
            camera = await viewed(tx, account, camera_id)
            return await self._view(tx, account, camera)

    async def history(
        self, account: str, camera_id: str, from_ms: int, to_ms: int, *, most_segments: int = 0
    ) -> History:
        """The unbroken parts of a span, the gaps between them, and its segments unless too many."""
        async with self._database.read() as tx:
            camera = await viewed(tx, account, camera_id)
            horizon_ms = await horizon_of(tx, camera, self._clock.now_ms())
            span = (account, camera_id, from_ms, to_ms)
            parts = await tx.footage.parts(*span, horizon_ms)
            runs = await tx.footage.runs(*span)
            are_few = sum(part.count for part in parts) <= most_segments
            segments = await tx.footage.segments(*span, horizon_ms) if are_few else None
            events = await tx.events.between(*span, horizon_ms)
        return History(horizon_ms, parts, gaps_between(parts, runs), segments, events)

    async def segments(self, account: str, camera_id: str, from_ms: int, to_ms: int) -> Sequence[Segment]:
        """What a playlist of the span lists."""
        async with self._database.read() as tx:
            camera = await viewed(tx, account, camera_id)
            horizon_ms = await horizon_of(tx, camera, self._clock.now_ms())
            return await tx.footage.segments(account, camera_id, from_ms, to_ms, horizon_ms)

    async def segment(self, account: str, camera_id: str, start_ms: int) -> Media:
        """One segment's bytes. Raises NothingThere, also for one that has expired but is not deleted yet."""
        now_ms = self._clock.now_ms()
        async with self._database.read() as tx:
            camera = await viewed(tx, account, camera_id)
            steps = await tx.cameras.steps(camera_id)
            segment = await tx.footage.segment(account, camera_id, start_ms)
            if segment is None or expired(segment.end_ms, await horizon_of(tx, camera, now_ms)):
                raise NothingThere(f"there is no segment {start_ms} (any more)")
        key = segment_key(camera.account, camera_id, start_ms)
        leaves_ms = expires_at(steps, camera.reached_ms, segment.end_ms, now_ms)
        return Media(segment.size_bytes, self._objects.get(key), leaves_ms, camera.account != account)

    async def init(self, account: str, camera_id: str, run_ms: int) -> Media:
        """A run's init, as long as something of the run can be seen."""
        async with self._database.read() as tx:
            camera = await viewed(tx, account, camera_id)
            horizon_ms = await horizon_of(tx, camera, self._clock.now_ms())
            oldest_ms = run_ms if horizon_ms is None else max(run_ms, horizon_ms)
            runs = await tx.footage.runs(account, camera_id, oldest_ms, run_ms + 1)
        if run_ms not in {run.run_ms for run in runs}:
            raise NothingThere(f"there is no run {run_ms} (any more)")
        key = run_key(camera.account, camera_id, run_ms)
        return Media(await self._init_bytes(key), self._objects.get(key), shared=camera.account != account)

    async def clip(
        self, account: str, camera_id: str, from_ms: int, to_ms: int, run_ms: int | None = None
    ) -> tuple[Camera, Part, Media]:
        """One unbroken part of the span: its run's init and consecutive segments, as they are.

        Raises NothingThere, or ManyParts with the parts to choose from.
        """
        async with self._database.read() as tx:
            camera = await viewed(tx, account, camera_id)
            horizon_ms = await horizon_of(tx, camera, self._clock.now_ms())
            segments = await tx.footage.segments(account, camera_id, from_ms, to_ms, horizon_ms)
        parts = unbroken(segment for segment in segments if run_ms in (None, segment.run_ms))
        if not parts:
            raise NothingThere("nothing was recorded in this span, or it is not kept any more")
        if len(parts) > 1:
            raise ManyParts([_as_part(part) for part in parts])
        return camera, _as_part(parts[0]), await self._joined(camera.account, parts[0])

    async def erasures(
        self,
        account: str,
        camera_id: str,
        limit: int = MOST_ERASURES,
        *,
        after: Place | None = None,
        span: tuple[int, int] | None = None,
    ) -> Sequence[Erasure]:
        """The ledger: what left the history, when and why, newest first; of a span, or all of it."""
        async with self._database.read() as tx:
            await owned(tx, account, camera_id)
            most = min(limit, MOST_ERASURES)
            return await tx.footage.erasures(account, camera_id, most, after=after, span=span)

    async def _view(self, tx: Transaction, viewer: str, camera: Camera) -> CameraView:
        now_ms = self._clock.now_ms()
        step = in_force(await tx.cameras.steps(camera.id), now_ms)
        horizon_ms = await horizon_of(tx, camera, now_ms)
        span = await tx.footage.span(viewer, camera.id, horizon_ms)
        hub, shared = await tx.hubs.hub(camera.hub), camera.account != viewer
        return CameraView(camera, hub, _window_ms(step), horizon_ms, span, shared)

    async def _joined(self, owner: str, part: Sequence[Segment]) -> Media:
        init = run_key(owner, part[0].camera, part[0].run_ms)
        keys = [init, *(segment_key(owner, segment.camera, segment.start_ms) for segment in part)]
        size = await self._init_bytes(init) + sum(segment.size_bytes for segment in part)
        return Media(size, self._one_after_another(keys))

    async def _one_after_another(self, keys: Sequence[str]) -> AsyncIterator[bytes]:
        for key in keys:
            async for chunk in self._objects.get(key):
                yield chunk

    async def _init_bytes(self, key: str) -> int:
        try:
            return (await self._objects.sizes([key]))[key]
        except KeyError as error:
            raise ObjectMissing(f"there is no object {key}") from error


async def owned(tx: Transaction, account: str, camera_id: str) -> Camera:
    """The account's camera of this identity. Raises UnknownCamera, also for another account's."""
    camera = await tx.cameras.owned(account, camera_id)
    if camera is None:
        raise UnknownCamera("there is no such camera")
    return camera


async def viewed(tx: Transaction, viewer: str, camera_id: str) -> Camera:
    """One that the viewer may look at: their own, or shared with them. Raises UnknownCamera."""
    camera = await tx.cameras.viewed(viewer, camera_id)
    if camera is None:
        raise UnknownCamera("there is no such camera")
    return camera


def _as_part(segments: Sequence[Segment]) -> Part:
    size = sum(segment.size_bytes for segment in segments)
    return Part(segments[0].run_ms, segments[0].start_ms, segments[-1].end_ms, len(segments), size)


def _window_ms(step: WindowStep | None) -> int | None:
    return None if step is None else step.window_ms
