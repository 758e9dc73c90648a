"""Tells how one camera's uploading fares, on the board and in the log: what fails, what the cloud refused."""

import logging

from backsight_agent.domain.states import Board
from backsight_shared.clock import Clock
from backsight_shared.wire import TOO_LATE

REFUSAL_SHOWN_S = 3600.0  # seconds; so long a refused segment is shown as a problem (its count stays)
SHOWN_AFTER = 3  # failures in a row until an outage is a problem that is shown
JUST_THERE_S = 60.0  # seconds; a link that carried something within them may soon be back: pauses stay short
WARNED_AGAIN_S = 600.0  # seconds between two warnings in the log, however often a link comes and goes
SHORT = 3  # failures in a row that a pause then counts at most

PROBLEM = "upload"

log = logging.getLogger(__name__)


class Telling:
    """One camera's; and how many `failures` in a row there were."""

    def __init__(self, camera: str, board: Board, clock: Clock) -> None:
        self.failures = 0
        self._camera, self._board, self._clock = camera, board, clock
        self._refused_at = self._achieved_at = self._warned_at = float("-inf")  # monotonic
        self._has_warned = False  # and not said since that it goes on

    @property
    def failures_for_pause(self) -> int:
        """As many as the next pause is to be for."""
        just_there = self._clock.monotonic() - self._achieved_at < JUST_THERE_S
        return min(self.failures, SHORT) if just_there else self.failures

    def achieved(self) -> None:
        """Something arrived, or was decided for good."""
        if self._has_warned:
            log.info("uploading %s goes on", self._camera)
            self._has_warned = False
        self.failures, self._achieved_at = 0, self._clock.monotonic()
        self._board.set_problem(PROBLEM, None)
        if self._clock.monotonic() - self._refused_at >= REFUSAL_SHOWN_S:
            self._board.set_problem(f"refused:{self._camera}", None)

    def failed(self, trouble: str) -> None:
        """Nothing was achieved, because of this."""
        self.failures += 1
        now = self._clock.monotonic()
        warns = not self._has_warned and now - self._warned_at >= WARNED_AGAIN_S
        log.log(logging.WARNING if warns else logging.DEBUG, "uploading %s waits: %s", self._camera, trouble)
        if warns:
            self._has_warned, self._warned_at = True, now
        if self.failures >= SHOWN_AFTER:
            self._board.set_problem(PROBLEM, f"Uploading waits: {trouble}")

    def not_accepted(self, trouble: str) -> None:
        """The cloud does not accept the hub: shown at once, for only a person can change that."""
        self._board.set_problem(PROBLEM, f"Uploading waits: {trouble}")

    def refused(self, reason: str) -> None:
        """For good: the segment stays on the hub and is counted there. One that came too late is none."""
        if reason in TOO_LATE:
            log.info("a segment of %s was %s on its way to the cloud", self._camera, reason)
            return
        log.warning("the cloud refused a segment of %s: %s", self._camera, reason)
        self._refused_at = self._clock.monotonic()
        text = f"The cloud refused footage of {self._camera}: {reason}"
        self._board.set_problem(f"refused:{self._camera}", text)
