"""Puts one thing of a batch to its place: a run's init, or a segment. Failing is a result, no exception."""

from dataclasses import dataclass, field
from enum import Enum

from backsight_agent.ports import AnswerLost, Backlog, CloudApi, StoreFailed
from backsight_agent.tasks.upload_budget import Budget
from backsight_shared.clock import Clock
from backsight_shared.errors import TryLater
from backsight_shared.segment import Segment
from backsight_shared.wire import BATCH_SEGMENTS, Place, RunOffer

_MOST_SENT = 4 * BATCH_SEGMENTS  # moments that are remembered as sent
_GONE = "the footage left the hub before it could be sent"


@dataclass(frozen=True, slots=True)
class Sending:
    """What a camera sends with."""

    backlog: Backlog
    cloud: CloudApi
    budget: Budget
    clock: Clock
    sent: set[int] = field(default_factory=set)  # moments of segments that were put and not committed yet


class Landed(Enum):
    """How one put ended."""

    THERE = "there"
    UNSURE = "sent, and no answer"  # committing tells
    GONE = "it left the hub meanwhile"
    FAILED = "failed"
    LEFT = "left to another batch"

    @property
    def is_over(self) -> bool:
        """Whether it holds up nothing behind it."""
        return self in (Landed.THERE, Landed.UNSURE, Landed.GONE)


@dataclass(slots=True)
class Putting:
    """The puts of one batch. None begins after `until`, or behind more failures than are stepped over."""

    by: Sending
    step_over: int
    until: float  # monotonic
    failures: int = 0  # in a row
    stopped: bool = False
    trouble: str = ""  # the first

    async def init(self, offer: RunOffer, place: Place) -> Landed:
        """The beginning of each of a run's segments: mere bytes to the cloud."""
        if place.state == "have":
            return Landed.THERE
        if place.state == "refused":
            return self._ended(Landed.FAILED, place.reason)
        run = offer.run
        async with self.by.budget.hold(offer.init_bytes):
            if self._leaves_the_rest():
                return Landed.LEFT
            try:
                await self.by.cloud.put(place, await self.by.backlog.read_init(run.camera, run.run_ms))
            except FileNotFoundError:
                return self._ended(Landed.GONE, _GONE)
            except (TryLater, StoreFailed) as error:
                return self._ended(Landed.FAILED, str(error))
            return Landed.THERE

    async def segment(self, segment: Segment, place: Place, init: Landed) -> Landed:
        """Without its run's init a segment is worth nothing: it fares as that did."""
        if init is not Landed.THERE or segment.start_ms in self.by.sent:
            return init
        async with self.by.budget.hold(segment.size_bytes):
            if self._leaves_the_rest():
                return Landed.LEFT
            began, budget = self.by.clock.monotonic(), self.by.budget
            landed = await self._sent(segment, place)
            if landed is Landed.THERE:
                budget.pace = budget.pace.after_put(self.by.clock.monotonic() - began)
            elif landed is Landed.FAILED:
                budget.pace = budget.pace.after_failure()
            return landed

    def stop(self) -> None:
        """None begins any more."""
        self.stopped = True

    async def _sent(self, segment: Segment, place: Place) -> Landed:
        landed = Landed.THERE
        try:
            await self.by.cloud.put(place, await self.by.backlog.read_segment(segment))
        except FileNotFoundError:
            return self._ended(Landed.GONE, _GONE)
        except AnswerLost as error:
            landed = self._ended(Landed.UNSURE, str(error))
        except (TryLater, StoreFailed) as error:
            return self._ended(Landed.FAILED, str(error))
        if len(self.by.sent) >= _MOST_SENT:
            self.by.sent.clear()
        self.by.sent.add(segment.start_ms)
        self.failures = 0
        return landed

    def _leaves_the_rest(self) -> bool:
        """What would wait for one that failed is not sent in vain; nor is an address used when it is old."""
        late = self.by.clock.monotonic() >= self.until
        return self.stopped or late or self.failures > self.step_over

    def _ended(self, landed: Landed, trouble: str) -> Landed:
        self.failures += landed is Landed.FAILED
        self.trouble = self.trouble or trouble
        return landed
