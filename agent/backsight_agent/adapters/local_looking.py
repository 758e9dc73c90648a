"""What the local API looks at, always masked by the horizon of that moment, and what callers may ask for."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from backsight_agent.adapters.local_problems import Problem
from backsight_agent.domain.holding import visible_horizon
from backsight_agent.domain.ledger import Erasure
from backsight_agent.domain.states import Board
from backsight_agent.ports import History, Windows
from backsight_shared.clock import Clock
from backsight_shared.segment import Segment

HOUR_MS = 3_600_000
_LATEST_MS = 10**16  # what a moment in an address can say


class LocalHistory(History, Protocol):
    """A history that also knows its cameras and what left them."""

    async def cameras(self) -> Sequence[str]: ...

    async def erasures(
        self, camera: str, limit: int, span: tuple[int, int] | None = None
    ) -> Sequence[Erasure]: ...


class Time(Protocol):
    """Whether the clock may be trusted."""

    def trusted_now_ms(self) -> int | None: ...


class Metrics(Protocol):
    """What can be counted."""

    async def page(self, *, openmetrics: bool) -> str: ...


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when a caller wants to see; `grows` when the caller gave no end."""

    from_ms: int
    to_ms: int
    grows: bool = False


@dataclass(frozen=True, slots=True)
class Looking:
    """Everything that the local API reads."""

    history: LocalHistory
    windows: Windows
    time: Time
    board: Board
    names: Mapping[str, str]  # by camera: what its owner calls it
    status: Callable[[], Awaitable[Mapping[str, object]]]
    clock: Clock
    metrics: Metrics | None = None

    async def known(self, camera: str) -> str:
        """The camera, if it is one. Raises Problem 404 that names those that are."""
        if camera in self.names:
            return camera
        cameras = sorted({*self.names, *await self.history.cameras()})
        if camera not in cameras:
            there = ", ".join(cameras) or "none yet"
            raise Problem(404, "No such camera", f"There is no camera {camera!r} here; there are: {there}")
        return camera

    async def horizon_ms(self, camera: str) -> int | None:
        """The moment before which nothing is shown, now."""
        reached = await self.history.reached_ms(camera)
        return visible_horizon(self.windows, camera, reached, self.time.trusted_now_ms())

    async def segments(self, camera: str, span: Span) -> Sequence[Segment]:
        """What is visible of the span."""
        horizon = await self.horizon_ms(camera)
        return await self.history.segments(camera, span.from_ms, span.to_ms, horizon)

    async def segment(self, camera: str, start_ms: int) -> Segment | None:
        """The segment that starts then, if it is visible."""
        found = await self.segments(camera, Span(start_ms, start_ms + 1))
        return next((segment for segment in found if segment.start_ms == start_ms), None)


def span_of(request: web.Request, now_ms: int, *, longest_ms: int) -> Span:
    """`?from&to` in UTC milliseconds; `to` may be missing: then up to now. Raises Problem 400."""
    from_ms, to_ms = _moment(request, "from"), _moment(request, "to")
    if from_ms is None:
        raise Problem(400, "from is missing", "from: give a moment in UTC milliseconds since 1970")
    span = Span(from_ms, to_ms if to_ms is not None else from_ms + longest_ms, to_ms is None)
    if span.from_ms >= span.to_ms:
        raise Problem(400, "to is not after from", f"to: must be later than from ({span.from_ms})")
    if span.to_ms - span.from_ms > longest_ms:
        hours = longest_ms // HOUR_MS
        raise Problem(400, "The span is too long", f"to: at most {hours} hours after from; ask in pieces")
    return span if to_ms is not None or now_ms < span.to_ms else Span(from_ms, span.to_ms)


def recent_or(request: web.Request, now_ms: int, *, recent_ms: int, longest_ms: int) -> Span:
    """As `span_of`; without `from` and `to` the span of `recent_ms` up to now."""
    if "from" in request.query or "to" in request.query:
        return span_of(request, now_ms, longest_ms=longest_ms)
    return Span(max(0, now_ms - recent_ms), now_ms + HOUR_MS)


def history_asked(request: web.Request) -> tuple[int, int] | None:
    """`?from&to`, each of which may be missing; None without both. Raises Problem 400."""
    from_ms, to_ms = _moment(request, "from"), _moment(request, "to")
    if from_ms is None and to_ms is None:
        return None
    from_ms, to_ms = from_ms or 0, _LATEST_MS if to_ms is None else to_ms
    if from_ms >= to_ms:
        raise Problem(400, "to is not after from", f"to: must be later than from ({from_ms})")
    return from_ms, to_ms


def moment_in_path(request: web.Request, name: str) -> int:
    """A moment that is part of the address; the route lets only digits through."""
    return int(request.match_info[name])


def _moment(request: web.Request, name: str) -> int | None:
    text = request.query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        detail = f"{name}: must be UTC milliseconds since 1970, like 1795521600000"
        raise Problem(400, f"{name} is no moment", detail)
    return int(text)
