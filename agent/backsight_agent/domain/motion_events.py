"""Makes events out of what moved in one GOP after the other: an event ends when it has been quiet a while."""

from dataclasses import dataclass

from backsight_agent.domain.motion import Finding

QUIET_MS = 10_000  # without motion until an event is over


@dataclass(frozen=True, slots=True)
class Span:
    """Motion as known now; UTC milliseconds."""

    start_ms: int
    until_ms: int
    score: int
    over: bool = False


class MotionEvents:
    """One camera's; at most one event is open."""

    def __init__(self) -> None:
        self._open: Span | None = None

    def take(self, finding: Finding | None, start_ms: int, end_ms: int) -> Span | None:
        """What a GOP from `start_ms` to `end_ms` makes of the event: begun, longer, over; None: nothing."""
        before = self._open
        if (
            before and not -QUIET_MS < start_ms - before.until_ms < QUIET_MS
        ):  # quiet, or the clock was set back
            self._open = None
            return self._ended(before) if finding is None else self._begun(finding, start_ms, end_ms)
        if finding is None:
            return None
        if before is None:
            return self._begun(finding, start_ms, end_ms)
        until_ms = max(before.until_ms, _moment(finding.end, start_ms, end_ms))
        self._open = Span(before.start_ms, until_ms, max(before.score, finding.score))
        return self._open

    def close(self) -> Span | None:
        """Nothing more is looked at: what is open is over."""
        before, self._open = self._open, None
        return before and self._ended(before)

    def _begun(self, finding: Finding, start_ms: int, end_ms: int) -> Span:
        begun_ms = _moment(finding.start, start_ms, end_ms)
        until_ms = max(begun_ms + 1, _moment(finding.end, start_ms, end_ms))
        self._open = Span(begun_ms, until_ms, finding.score)
        return self._open

    @staticmethod
    def _ended(span: Span) -> Span:
        return Span(span.start_ms, span.until_ms, span.score, over=True)


def _moment(share: float, start_ms: int, end_ms: int) -> int:
    return start_ms + round(share * (end_ms - start_ms))
