"""Judges what a hub offers: whose camera it is, whether it can be stored at all, and under which name."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from backsight_cloud.domain.bounds import batch_fault, run_fault, segment_fault
from backsight_cloud.domain.keys import run_key, segment_key
from backsight_cloud.domain.records import Hub
from backsight_cloud.ports import Transaction
from backsight_cloud.services.windows import horizon_of
from backsight_shared.erased import ErasedSpan
from backsight_shared.errors import Malformed, TryLater
from backsight_shared.segment import Run, Segment
from backsight_shared.wire import TOO_LATE, Batch, RunOffer

T = TypeVar("T", Run, Segment)


class NotBoundYet(TryLater):
    """The hub has not reported this camera so far."""


@dataclass(frozen=True, slots=True)
class Offer(Generic[T]):
    """One thing of a batch: its object, or why it is refused for good."""

    item: T
    key: str
    size_bytes: int
    refused: str


@dataclass(frozen=True, slots=True)
class Offers:
    """A batch, judged, in its order."""

    runs: tuple[Offer[Run], ...]
    segments: tuple[Offer[Segment], ...]

    @property
    def good(self) -> list[Offer[Run] | Offer[Segment]]:
        return [*self.good_runs, *self.good_segments]

    @property
    def good_runs(self) -> list[Offer[Run]]:
        return [offer for offer in self.runs if not offer.refused]

    @property
    def good_segments(self) -> list[Offer[Segment]]:
        return [offer for offer in self.segments if not offer.refused]

    @property
    def too_late(self) -> list[Offer[Segment]]:
        """What has expired, or was erased, on its way."""
        return [offer for offer in self.segments if offer.refused in TOO_LATE]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a hub may do with one camera at this moment."""

    refused: str
    horizon_ms: int | None = None
    erased: tuple[ErasedSpan, ...] = ()


async def judge(tx: Transaction, hub: Hub, batch: Batch, now_ms: int) -> Offers:
    """The batch as offers. Raises Malformed or NotBoundYet for the batch as a whole."""
    if fault := batch_fault(batch):
        raise Malformed(fault)
    cameras = {offer.run.camera for offer in batch.runs} | {segment.camera for segment in batch.segments}
    standing = {camera: await standing_of(tx, hub, camera, now_ms) for camera in sorted(cameras)}
    return Offers(
        tuple(_run_offer(hub, offer, standing[offer.run.camera]) for offer in batch.runs),
        tuple(_segment_offer(hub, segment, standing[segment.camera]) for segment in batch.segments),
    )


async def standing_of(tx: Transaction, hub: Hub, camera_id: str, now_ms: int) -> Standing:
    """Whether the hub may bring anything of this camera. Raises NotBoundYet."""
    camera = await tx.cameras.camera(camera_id)
    if camera is None:
        raise NotBoundYet(f"camera {camera_id} is not bound to this hub yet: report it first")
    if camera.account != hub.account:
        return Standing("this camera belongs to another account")
    if camera.hub != hub.id:
        return Standing("this camera belongs to another hub of this account")
    erased = (await tx.erasing.spans_of([camera.id])).get(camera.id, ())
    return Standing("", await horizon_of(tx, camera, now_ms), erased)


def _run_offer(hub: Hub, offer: RunOffer, standing: Standing) -> Offer[Run]:
    key = run_key(hub.account, offer.run.camera, offer.run.run_ms)
    return Offer(offer.run, key, offer.init_bytes, standing.refused or run_fault(offer))


def _segment_offer(hub: Hub, segment: Segment, standing: Standing) -> Offer[Segment]:
    refused = standing.refused or segment_fault(segment, standing.horizon_ms, standing.erased)
    nameable = not refused or refused in TOO_LATE  # a time outside of the calendar has no day
    key = segment_key(hub.account, segment.camera, segment.start_ms) if nameable else ""
    return Offer(segment, key, segment.size_bytes, refused)
