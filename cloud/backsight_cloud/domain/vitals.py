"""What a service's work is counted by: noted by those who do it, looked at by the page of metrics."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from backsight_shared.histogram import Histogram
from backsight_shared.loop_lag import LoopLag
from backsight_shared.segment import Segment
from backsight_shared.wire import Commit

BOUNDS_S = (0.005, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0, 30.0)  # seconds that requests take
UNKNOWN = (
    "unknown"  # a route or a method that we do not have: what strangers ask for must not grow our memory
)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Town:
    """How much the service looks after, at one moment."""

    hubs: int = 0  # that are paired
    hubs_online: int = 0
    cameras: int = 0
    cameras_online: int = 0  # whose hub is
    publications_due: int = 0  # hubs that wait for a newer entitlement
    due_since_ms: int | None = None  # the first of them
    database_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen when the database was last looked at; `at` is monotonic."""

    at: float
    town: Town
    disk_free_bytes: int
    disk_total_bytes: int


@dataclass(frozen=True, slots=True)
class MoneySeen:
    """How billing stood when the database was last looked at."""

    standings: Mapping[tuple[str, str], int] = field(default_factory=dict)  # by plan and status
    waiting: int = 0  # orders that the provider has not answered
    waiting_since_ms: int | None = None


@dataclass(slots=True)
class MoneyHealth:
    """Whether we and the provider agree about money."""

    differences: int | None = None  # of the last comparison; None before the first
    reconciled_ms: int | None = None
    seen: MoneySeen | None = None


@dataclass(slots=True)
class Requests:
    """Requests by route, as it is written in the code, and by how they were answered."""

    answers: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # route, method, status class
    durations: dict[str, Histogram] = field(default_factory=dict)  # by route

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """One request was; `status` 0: whoever asked had gone."""
        known = method if method in _METHODS else UNKNOWN
        self.answers[route, known, f"{status // 100}xx" if status else "gone"] += 1
        self.durations.setdefault(route, Histogram(BOUNDS_S)).note(seconds)


@dataclass(slots=True)
class ServiceVitals:
    """Of the service, since it began."""

    lag: LoopLag = field(default_factory=LoopLag)
    requests: Requests = field(default_factory=Requests)
    segments: Counter[str] = field(
        default_factory=Counter
    )  # by what hubs were answered: stored, refused, ...
    stored_bytes: int = 0
    mails: Counter[str] = field(
        default_factory=Counter
    )  # by what became of them: sent, put_off, bounced, ...
    mails_waiting: int | None = None  # when the outbox was last looked at
    looked: Looked | None = None
    money: MoneyHealth = field(default_factory=MoneyHealth)
    asking_since: float | None = None  # monotonic: the database was asked and has not answered yet

    def committed(self, segments: Sequence[Segment], commits: Sequence[Commit]) -> None:
        """A hub asked for these to be indexed, and was answered so."""
        for segment, commit in zip(segments, commits, strict=True):
            self.segments[commit.state] += 1
            self.stored_bytes += segment.size_bytes if commit.state == "stored" else 0
