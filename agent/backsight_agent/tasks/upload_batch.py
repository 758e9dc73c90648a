"""Uploads one batch of a camera's segments: places, puts, commits; notes in the backlog what came of it."""

import asyncio
from asyncio import Task
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field

from backsight_agent.domain.upload_pace import BATCH_S
from backsight_agent.tasks.upload_putting import Landed, Putting, Sending
from backsight_shared.errors import BacksightError
from backsight_shared.segment import Segment
from backsight_shared.wire import Batch, Commits, Place, RunOffer

COMMIT_S = 0.5  # seconds; what has arrived does not wait longer for the rest of its batch to be committed

RunKey = tuple[str, int]


@dataclass(slots=True)
class Done:
    """What a batch achieved."""

    progress: bool = False
    refusals: list[str] = field(default_factory=list)
    undone: int = 0  # segments that failed, or were not begun because the batch's time was over
    trouble: str = ""  # the first of what was tried in vain


async def upload_batch(segments: Sequence[Segment], sending: Sending, *, step_over: int = 0) -> Done:
    """Upload these segments in their order: what follows one that failed waits for it.

    So many in a row are stepped over: those that fail again and again must not hold up the others for ever.
    Their runs are offered with every batch, for the cloud forgets a run when its last segment expires, which
    can be while the hub still has, or still makes, others of it. Raises CloudUnavailable or CloudRefusedHub.
    """
    runs = tuple(RunOffer(run, size) for run, size in await sending.backlog.runs_of(segments))
    upload = _Upload(sending, Done(), step_over)
    await upload.send(await upload.wanted(Batch(runs, tuple(segments))))
    return upload.done


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the cloud wants, each with its place; and the runs that it knows or wants."""

    runs: tuple[tuple[RunOffer, Place], ...]
    segments: tuple[tuple[Segment, Place], ...]

    def offers_for(self, segments: Sequence[Segment]) -> tuple[RunOffer, ...]:
        needed = {_run_of(segment) for segment in segments}
        return tuple(offer for offer, _ in self.runs if _run_of(offer) in needed)


@dataclass(frozen=True, slots=True)
class _Upload:
    """One batch under way."""

    by: Sending
    done: Done
    step_over: int

    async def wanted(self, batch: Batch) -> _Wanted:
        """Ask for places; what the cloud has or refuses is noted at once."""
        places = await self.by.cloud.places(batch)
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

    async def send(self, wanted: _Wanted) -> None:
        """Put the inits, then the segments that have theirs, and commit what has arrived."""
        putting = Putting(self.by, self.step_over, until=self.by.clock.monotonic() + BATCH_S)
        inits = await _all(putting.init(offer, place) for offer, place in wanted.runs)
        of_run = {_run_of(offer): init for (offer, _), init in zip(wanted.runs, inits, strict=True)}
        failure: BacksightError | None = None
        async with asyncio.TaskGroup() as group:
            puts = [
                (segment, group.create_task(putting.segment(segment, place, init)))
                for segment, place in wanted.segments
                for init in [of_run.get(_run_of(segment), Landed.THERE)]
            ]
            try:
                await self._commit_as_they_land(puts, wanted)
            except BacksightError as error:
                failure = error
                putting.stop()
        self.done.trouble = putting.trouble
        if failure is not None:
            raise failure

    async def _commit_as_they_land(
        self, puts: Sequence[tuple[Segment, Task[Landed]]], wanted: _Wanted
    ) -> None:
        clock, landed, all_over = self.by.clock, list[Segment](), True
        committed_at = clock.monotonic()
        for segment, put in puts:
            how = await put
            self.done.undone += not how.is_over
            all_over &= how.is_over
            if how in (Landed.THERE, Landed.UNSURE) and (all_over or self.step_over):
                landed.append(segment)
            if landed and (how is Landed.UNSURE or clock.monotonic() - committed_at >= COMMIT_S):
                all_over &= await self._commit(landed, wanted)
                landed, committed_at = [], clock.monotonic()
        if landed:
            await self._commit(landed, wanted)

    async def _commit(self, landed: Sequence[Segment], wanted: _Wanted) -> bool:
        """Whether all of it was decided."""
        batch = Batch(wanted.offers_for(landed), tuple(landed))
        commits = await self.by.cloud.commits(batch)
        await self._note(batch, commits)
        return all(commit.state != "missing" for commit in commits.segments)

    async def _note(self, landed: Batch, commits: Commits) -> None:
        """Keep what the cloud says of what was put; bytes that only lack their run are not sent again."""
        runs = zip(landed.runs, commits.runs, strict=True)
        lacking = {_run_of(offer) for offer, commit in runs if commit.state == "missing"}
        results = list(zip(landed.segments, commits.segments, strict=True))
        await self._are_there([segment for segment, commit in results if commit.state == "stored"])
        for segment, commit in results:
            if commit.state == "refused":
                await self._is_refused(segment, commit.reason)
            elif commit.state == "missing" and _run_of(segment) not in lacking:
                self.by.sent.discard(segment.start_ms)

    async def _are_there(self, segments: Sequence[Segment]) -> None:
        if segments:
            await self.by.backlog.mark_uploaded(segments)
            self.by.sent.difference_update(segment.start_ms for segment in segments)
            self.done.progress = True

    async def _is_refused(self, segment: Segment, reason: str) -> None:
        await self.by.backlog.mark_refused(segment, reason)
        self.by.sent.discard(segment.start_ms)
        self.done.refusals.append(reason)
        self.done.progress = True


def _run_of(item: RunOffer | Segment) -> RunKey:
    run = item.run if isinstance(item, RunOffer) else item
    return run.camera, run.run_ms


async def _all(puts: Iterable[Coroutine[None, None, Landed]]) -> list[Landed]:
    """All at once, as far as the budget lets them."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(put) for put in puts]
    return [task.result() for task in tasks]
