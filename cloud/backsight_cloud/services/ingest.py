"""Takes footage in: says where a hub may put it, and indexes what was put.

*Uploaded* means durably stored and indexed. The order makes that true after any crash: an object is noted as
placed before its address is given away, its row is written only when the object is durably there, and row and
note change in one transaction. What was placed and never committed becomes garbage. Nothing may be put where
garbage has not gone yet: its deletion, already under way, could take the new bytes with it.
"""

import logging
from collections.abc import Sequence

from backsight_cloud.domain.keys import run_key
from backsight_cloud.domain.records import Hub
from backsight_cloud.ports import Database, Objects, Transaction
from backsight_cloud.services.offers import Offer, Offers, judge
from backsight_cloud.services.wakes import Wakes
from backsight_shared.clock import Clock
from backsight_shared.errors import TryLater
from backsight_shared.segment import Run, Segment
from backsight_shared.wire import Batch, Commit, Commits, Place, Places

ADDRESS_LIFE_MS = 15 * 60_000  # must end well before an uncommitted object becomes garbage (pruning.py)

STORED, MISSING = Commit("stored"), Commit("missing")

log = logging.getLogger(__name__)


class StillLeaving(TryLater):
    """What lay at this place before is being deleted."""


class Ingest:
    """The cloud's side of the uploader. `wakes` lets the pruner know of what expires sooner than all else."""

    def __init__(
        self, database: Database, objects: Objects, clock: Clock, wakes: Wakes | None = None
    ) -> None:
        self._database = database
        self._objects = objects
        self._clock = clock
        self._wakes = wakes or Wakes()

    async def places(self, hub: Hub, batch: Batch) -> Places:
        """Where to put each run's init and each segment.

        Raises Malformed, or NotBoundYet and StillLeaving for the batch as a whole.
        """
        now_ms = self._clock.now_ms()
        async with self._database.begin() as tx:
            offers = await judge(tx, hub, batch, now_ms)
            have = await _have(tx, offers)
            wanted = {offer.key: offer.item.camera for offer in offers.good if offer.key not in have}
            if await tx.footage.garbage_among(list(wanted)):
                raise StillLeaving("what lay at one of these places is being deleted: ask again in a moment")
            await tx.footage.note_placed(list(wanted.items()), now_ms)
        return Places(
            tuple(self._place(offer, have, now_ms) for offer in offers.runs),
            tuple(self._place(offer, have, now_ms) for offer in offers.segments),
        )

    async def commits(self, hub: Hub, batch: Batch) -> Commits:
        """Index what is there, all of it in one transaction. Doing it twice changes nothing."""
        async with self._database.read() as tx:
            offers = await judge(tx, hub, batch, self._clock.now_ms())
        good = {offer.key for offer in offers.good}
        inits = {_init_key(hub, offer.item) for offer in offers.good_segments}
        sizes = await self._objects.sizes(sorted(good | inits))
        async with self._database.begin() as tx:
            offers = await judge(tx, hub, batch, self._clock.now_ms())
            committing = _Committing(tx, hub, sizes, await _have(tx, offers))
            result = await committing.commit(offers)
        if committing.prune_sooner:
            self._wakes.prune.set()
        return result

    def _place(self, offer: Offer[Run] | Offer[Segment], have: set[str], now_ms: int) -> Place:
        if offer.refused:
            return Place("refused", reason=offer.refused)
        if offer.key in have:
            return Place("have")
        expires_ms = now_ms + ADDRESS_LIFE_MS
        return Place("put", url=self._objects.put_address(offer.key, offer.size_bytes, expires_ms))


class _Committing:
    """One batch's commit, inside its transaction."""

    def __init__(self, tx: Transaction, hub: Hub, sizes: dict[str, int], have: set[str]) -> None:
        self._tx = tx
        self._hub = hub
        self._sizes = sizes
        self._have = have
        self.prune_sooner = False

    async def commit(self, offers: Offers) -> Commits:
        runs = await self._commit_runs(offers)
        missing_runs = {
            (offer.item.camera, offer.item.run_ms)
            for offer, result in zip(offers.runs, runs, strict=True)
            if result is MISSING
        }
        known = await self._known_runs(offers, missing_runs)
        segments = await self._commit_segments(offers, known, missing_runs)
        await self._discard(offers.too_late)
        return Commits(tuple(runs), tuple(segments))

    async def _commit_runs(self, offers: Offers) -> list[Commit]:
        arrived = await self._take(offers.good_runs)
        for offer in offers.good_runs:
            if offer.key in arrived:
                await self._tx.footage.add_run(self._hub.account, offer.item, offer.size_bytes)
        return [self._result(offer, arrived) for offer in offers.runs]

    async def _commit_segments(
        self, offers: Offers, known: set[tuple[str, int]], missing_runs: set[tuple[str, int]]
    ) -> list[Commit]:
        arrived = await self._take([o for o in offers.good_segments if _run_of(o.item) in known])
        await self._add([offer.item for offer in offers.good_segments if offer.key in arrived])
        results = []
        for offer in offers.segments:
            is_lost = not offer.refused and offer.key not in self._have and _run_of(offer.item) not in known
            if is_lost and _run_of(offer.item) not in missing_runs:
                results.append(Commit("refused", "its run was never uploaded"))
            else:
                results.append(self._result(offer, arrived))
        return results

    async def _take(self, offers: Sequence[Offer[Run]] | Sequence[Offer[Segment]]) -> set[str]:
        """Keys of those that are there as declared, and that nobody has committed or discarded yet."""
        there = [offer.key for offer in offers if self._sizes.get(offer.key) == offer.size_bytes]
        return await self._tx.footage.forget_placed([key for key in there if key not in self._have])

    def _result(self, offer: Offer[Run] | Offer[Segment], arrived: set[str]) -> Commit:
        if offer.refused:
            return Commit("refused", offer.refused)
        return STORED if offer.key in self._have or offer.key in arrived else MISSING

    async def _known_runs(self, offers: Offers, missing: set[tuple[str, int]]) -> set[tuple[str, int]]:
        """Runs that are indexed.

        A hub offers a run once. When a run has no row here (a database restored from a backup) but its init
        is there, it is taken up again instead of refusing everything that is still recorded of it.
        """
        wanted = {_run_of(offer.item): _init_key(self._hub, offer.item) for offer in offers.good_segments}
        known = await self._tx.footage.have_runs([Run(*run) for run in wanted])
        garbage = await self._tx.footage.garbage_among(list(wanted.values()))
        for camera, run_ms in sorted(set(wanted) - known - missing):
            key = wanted[camera, run_ms]
            if key in self._sizes and key not in garbage:
                log.warning("run %d of camera %s had no row: it is taken up again", run_ms, camera)
                await self._tx.footage.add_run(self._hub.account, Run(camera, run_ms), self._sizes[key])
                await self._tx.deletions.forget([key])  # it is not to be gone any more
                known.add((camera, run_ms))
        return known

    async def _add(self, segments: Sequence[Segment]) -> None:
        for camera in {segment.camera for segment in segments}:
            oldest = await self._tx.footage.oldest_end_ms(camera)
            first = min(segment.end_ms for segment in segments if segment.camera == camera)
            self.prune_sooner |= oldest is None or first < oldest
        await self._tx.footage.add_segments(self._hub.account, segments)

    async def _discard(self, too_late: Sequence[Offer[Segment]]) -> None:
        """What left on its way has an object that nobody will ever commit: garbage at the next pass."""
        if too_late:
            await self._tx.footage.note_placed([(offer.key, offer.item.camera) for offer in too_late], 0)
            self.prune_sooner = True


async def _have(tx: Transaction, offers: Offers) -> set[str]:
    """Keys of what is indexed already."""
    runs = await tx.footage.have_runs([offer.item for offer in offers.good_runs])
    segments = await tx.footage.have_segments([offer.item for offer in offers.good_segments])
    return {offer.key for offer in offers.good_runs if (offer.item.camera, offer.item.run_ms) in runs} | {
        offer.key for offer in offers.good_segments if (offer.item.camera, offer.item.start_ms) in segments
    }


def _run_of(segment: Segment) -> tuple[str, int]:
    return segment.camera, segment.run_ms


def _init_key(hub: Hub, segment: Segment) -> str:
    return run_key(hub.account, segment.camera, segment.run_ms)
