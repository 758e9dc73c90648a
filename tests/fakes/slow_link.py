"""A cloud behind a slow link, in simulated time: bytes take their time, and the link may come and go."""

from dataclasses import dataclass, field

from backsight_agent.ports import CloudUnavailable
from backsight_shared.clock import Clock
from backsight_shared.wire import Batch, Commits, Place, Places
from fakes.cloud import FakeCloud

PIECES = 10  # of a body; each takes a tenth of its time


@dataclass
class Link:
    """What leaves the house goes through here, all of it at one rate."""

    clock: Clock
    bytes_per_s: float
    up_s: float = float("inf")  # seconds; then it is down for `down_s`, and so on
    down_s: float = 0.0
    began: float = field(init=False)
    free_at: float = float("-inf")

    def __post_init__(self) -> None:
        self.began = self.clock.monotonic()

    @property
    def is_up(self) -> bool:
        return (self.clock.monotonic() - self.began) % (self.up_s + self.down_s) < self.up_s

    def check(self) -> None:
        if self.up_s != float("inf") and not self.is_up:
            raise CloudUnavailable("the link is down")

    async def carry(self, size_bytes: float) -> None:
        """Raises CloudUnavailable when it goes down meanwhile."""
        self.check()
        now = self.clock.monotonic()
        self.free_at = max(self.free_at, now) + size_bytes / self.bytes_per_s
        await self.clock.sleep(self.free_at - now)
        self.check()


@dataclass
class SlowCloud(FakeCloud):
    """As FakeCloud. `begun` are the puts in the order in which they began."""

    link: Link | None = None
    begun: list[str] = field(default_factory=list)

    async def places(self, batch: Batch) -> Places:
        self._check()
        return await super().places(batch)

    async def put(self, place: Place, data: bytes) -> None:
        self.begun.append(place.url)
        for _ in range(PIECES if self.link else 0):
            assert self.link is not None
            await self.link.carry(len(data) / PIECES)
        await super().put(place, data)

    async def commits(self, batch: Batch) -> Commits:
        self._check()
        return await super().commits(batch)

    def _check(self) -> None:
        if self.link:
            self.link.check()
