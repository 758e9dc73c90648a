"""The cloud's HTTPS side with its calls counted: what was asked, how it ended, what became of the footage."""

from collections.abc import Iterator
from contextlib import contextmanager

from backsight_agent.adapters.cloud_api import HttpCloud, LearnsTime
from backsight_agent.adapters.keystore import Keystore
from backsight_agent.domain.vitals import CloudVitals
from backsight_agent.ports import CloudRefusedHub, CloudUnavailable
from backsight_shared.clock import Clock
from backsight_shared.wire import Batch, Commits, EventsAnswer, EventsReport, Place, Places


class CountedCloud(HttpCloud):
    """As HttpCloud; what nobody counts goes through as it is."""

    def __init__(self, keystore: Keystore, clock: Clock, time: LearnsTime, vitals: CloudVitals) -> None:
        super().__init__(keystore, clock, time)
        self._vitals = vitals

    async def places(self, batch: Batch) -> Places:
        with self._counted("places"):
            return await super().places(batch)

    async def put(self, place: Place, data: bytes) -> None:
        with self._counted("put"):
            await super().put(place, data)

    async def commits(self, batch: Batch) -> Commits:
        with self._counted("commits"):
            commits = await super().commits(batch)
        for segment, commit in zip(batch.segments, commits.segments, strict=True):
            self._vitals.segments[commit.state] += 1
            self._vitals.stored_bytes += segment.size_bytes if commit.state == "stored" else 0
        return commits

    async def events(self, report: EventsReport) -> EventsAnswer:
        with self._counted("events"):
            return await super().events(report)

    @contextmanager
    def _counted(self, call: str) -> Iterator[None]:
        outcome = "failed"
        try:
            yield
            outcome = "done"
        except CloudUnavailable:
            outcome = "unavailable"
            raise
        except CloudRefusedHub:
            outcome = "refused"
            raise
        finally:
            self._vitals.calls[call, outcome] += 1
