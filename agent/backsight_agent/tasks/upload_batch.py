"""Uploads one batch of a camera's segments: places, put, commits; notes in the backlog what came of it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from backsight_agent.ports import Backlog, CloudApi
from backsight_agent.tasks.upload_budget import Budget
from backsight_shared.errors import TryLater
from backsight_shared.segment import Segment
from backsight_shared.wire import Batch, Commits, Place, RunOffer


@dataclass(slots=True)
class Done:
    """What a batch achieved."""

    progress: bool = False
    refusals: list[str] = field(default_factory=list)
    trouble: str = "the cloud did not take anything"


@dataclass(frozen=True, slots=True)
class _Landed:
    """How one put ended: `there`, `gone` from the hub in the meantime, or `failed`."""

    state: str
    trouble: str = ""


_THERE = _Landed("there")
_GONE = _Landed("gone", "the footage left the hub before it could be sent")


async def upload_batch(
    segments: Sequence[Segment], backlog: Backlog, cloud: CloudApi, budget: Budget, *, step_over: bool
) -> Done:
    """Upload these segments, oldest first: what follows one that failed waits for it.

    With `step_over` it does not: one that fails again and again must not hold up the others for ever.
    Their runs are offered with every batch, for the cloud forgets a run when its last segment expires, which
    can be while the hub still has, or still makes, others of it. Raises CloudUnavailable or CloudRefusedHub.
    """
    runs = tuple(RunOffer(run, size) for run, size in await backlog.runs_of(segments))
    upload = _Upload(backlog, cloud, budget, Done())
    wanted = await upload.wanted(Batch(runs, tuple(segments)))
    landed = await upload.put(wanted, step_over=step_over)
    if landed.segments:
        await upload.note(landed, await cloud.commits(landed))
    return upload.done


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the cloud wants, each with its place; and the runs that it knows or wants."""

    runs: tuple[tuple[RunOffer, Place], ...]
    segments: tuple[tuple[Segment, Place], ...]


@dataclass(frozen=True, slots=True)
class _Upload:
    """One batch under way."""

    backlog: Backlog
    cloud: CloudApi
    budget: Budget
    done: Done

    async def wanted(self, batch: Batch) -> _Wanted:
        """Ask for places; what the cloud has or refuses is noted at once."""
        places = await self.cloud.places(batch)
        runs = tuple(zip(batch.runs, places.runs, strict=True))
        segments = tuple(zip(batch.segments, places.segments, strict=True))
        no_run = {_run_of(offer): place.reason for offer, place in runs if place.state == "refused"}
        await self._are_there([segment for segment, place in segments if place.state == "have"])
        wanted = []
        for segment, place in segments:
            if place.state == "refused":
                await self._is_refused(segment, place.reason)
            elif place.state == "put" and _run_of(segment) in no_run:
                await self._is_refused(segment, no_run[_run_of(segment)])
            elif place.state == "put":
                wanted.append((segment, place))
        return _Wanted(runs, tuple(wanted))

    async def put(self, wanted: _Wanted, *, step_over: bool) -> Batch:
        """Put the inits, then the segments that have theirs; what of it all is to be committed."""
        inits = await _all(self._put_init(offer, place) for offer, place in wanted.runs)
        of_run = {_run_of(offer): init for (offer, _), init in zip(wanted.runs, inits, strict=True)}
        landed = await _all(
            self._put_segment(segment, place, of_run.get(_run_of(segment), _THERE))
            for segment, place in wanted.segments
        )
        self._remember_trouble([*inits, *landed])
        results = list(zip([segment for segment, _ in wanted.segments], landed, strict=True))
        in_order = results if step_over else takewhile(lambda result: result[1].state != "failed", results)
        segments = tuple(segment for segment, one in in_order if one is _THERE)
        needed = {_run_of(segment) for segment in segments}
        return Batch(tuple(offer for offer, _ in wanted.runs if _run_of(offer) in needed), segments)

    async def note(self, landed: Batch, commits: Commits) -> None:
        """Keep what the cloud says of what was put."""
        results = list(zip(landed.segments, commits.segments, strict=True))
        await self._are_there([segment for segment, commit in results if commit.state == "stored"])
        for segment, commit in results:
            if commit.state == "refused":
                await self._is_refused(segment, commit.reason)

    async def _put_init(self, offer: RunOffer, place: Place) -> _Landed:
        if place.state == "have":
            return _THERE
        if place.state == "refused":
            return _Landed("failed", place.reason)
        run = offer.run
        return await self._put(
            offer.init_bytes, lambda: self.backlog.read_init(run.camera, run.run_ms), place
        )

    async def _put_segment(self, segment: Segment, place: Place, init: _Landed) -> _Landed:
        """Without its run's init a segment is worth nothing: it fares as that did."""
        if init is not _THERE:
            return init
        return await self._put(segment.size_bytes, lambda: self.backlog.read_segment(segment), place)

    async def _put(self, size_bytes: int, read: Callable[[], Awaitable[bytes]], place: Place) -> _Landed:
        async with self.budget.hold(size_bytes):
            try:
                await self.cloud.put(place, await read())
            except FileNotFoundError:
                return _GONE
            except TryLater as error:
                return _Landed("failed", str(error))
            return _THERE

    def _remember_trouble(self, landed: Iterable[_Landed]) -> None:
        troubles = [one.trouble for one in landed if one.trouble]
        if troubles:
            self.done.trouble = troubles[0]

    async def _are_there(self, segments: Sequence[Segment]) -> None:
        if segments:
            await self.backlog.mark_uploaded(segments)
            self.done.progress = True

    async def _is_refused(self, segment: Segment, reason: str) -> None:
        await self.backlog.mark_refused(segment, reason)
        self.done.refusals.append(reason)
        self.done.progress = True


def _run_of(item: RunOffer | Segment) -> tuple[str, int]:
    run = item.run if isinstance(item, RunOffer) else item
    return run.camera, run.run_ms


async def _all(puts: Iterable[Coroutine[None, None, _Landed]]) -> list[_Landed]:
    """All at once, as far as the budget lets them."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(put) for put in puts]
    return [task.result() for task in tasks]
