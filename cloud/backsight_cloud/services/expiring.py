"""Knows when the next segment of any camera expires, and takes expired ones out of the index."""

import heapq
import logging
import math
from dataclasses import dataclass

from backsight_cloud.domain.ledger import Reason
from backsight_cloud.ports import Database
from backsight_shared.clock import Clock
from backsight_shared.window import WindowStep, expired, expires_at, horizon, in_force

SLICE_MS = 6 * 3_600_000  # of footage in one transaction: some 2,000 rows, so that writers wait for 50 ms
AGAIN_MS = 5_000  # after one camera's trouble

EXPIRED, PLAN_CHANGED = Reason.EXPIRED.value, Reason.PLAN_CHANGED.value

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Slice:
    """What to take away next: up to which horizon, and why."""

    until_ms: int
    reason: str


class Expiring:
    """The heap of next expiries; `failing` gets one text for each camera in trouble."""

    def __init__(self, database: Database, clock: Clock, failing: dict[str, str]) -> None:
        self._database = database
        self._clock = clock
        self._failing = failing
        self.has_more = False  # something that is due was too much for one slice
        self._due_ms: dict[str, int] = {}  # by camera: when its oldest segment expires or expired
        self._try_ms: dict[str, int] = {}  # by camera; what the heap says otherwise is outdated
        self._heap: list[tuple[int, str]] = []

    async def look(self) -> None:
        """Read every camera's next expiry anew: two queries, whatever the number of segments."""
        async with self._database.read() as tx:
            steps = await tx.cameras.all_steps()
            oldest = await tx.footage.oldest_ends()
        due = {camera: true_due_ms(steps.get(camera, ()), end_ms) for camera, end_ms in oldest.items()}
        self._due_ms = {camera: moment for camera, moment in due.items() if moment is not None}
        self._try_ms = dict(self._due_ms)
        self._heap = [(moment, camera) for camera, moment in self._try_ms.items()]
        heapq.heapify(self._heap)

    async def take_due(self) -> list[str]:
        """Take one slice of every camera that is due; the key prefixes of those that lost something."""
        now_ms, touched = self._clock.now_ms(), []
        self.has_more = False
        for camera in self._pop_due(now_ms):
            try:
                prefix = await self._take(camera, now_ms)
            except Exception as error:  # noqa: BLE001 - one camera's trouble holds up no other
                log.warning("camera %s cannot be pruned: %s: %s", camera, type(error).__name__, error)
                self._failing[camera] = str(error)
                self._try_at(camera, now_ms + AGAIN_MS)
            else:
                self._failing.pop(camera, None)
                touched += [prefix] if prefix else []
        return touched

    def seconds_until_next(self) -> float:
        """Until something is due; infinite when nothing ever is."""
        self._forget_outdated()
        if not self._heap:
            return math.inf
        return max(0.0, (self._heap[0][0] - self._clock.now_ms()) / 1000)

    @property
    def overdue_s(self) -> float:
        """How long the most overdue camera has been waiting."""
        oldest = min(self._due_ms.values(), default=None)
        return 0.0 if oldest is None else max(0.0, (self._clock.now_ms() - oldest) / 1000)

    async def _take(self, camera_id: str, now_ms: int) -> str:
        async with self._database.begin() as tx:
            camera = await tx.cameras.camera(camera_id)
            oldest = await tx.footage.oldest_end_ms(camera_id)
            if camera is None or oldest is None:
                self._push(camera_id, None)
                return ""
            steps = await tx.cameras.steps(camera_id)
            part = next_slice(steps, camera.reached_ms, oldest, now_ms)
            if part is not None:
                await tx.footage.erase_until(camera, part.until_ms, part.reason, now_ms)
                oldest = await tx.footage.oldest_end_ms(camera_id)
        due_ms = None if oldest is None else true_due_ms(steps, oldest)
        self.has_more |= due_ms is not None and due_ms <= now_ms
        self._push(camera_id, due_ms)
        return f"{camera.account}/{camera.id}/" if part else ""

    def _pop_due(self, now_ms: int) -> list[str]:
        due = []
        self._forget_outdated()
        while self._heap and self._heap[0][0] <= now_ms:
            due.append(heapq.heappop(self._heap)[1])
            self._forget_outdated()
        return due

    def _push(self, camera: str, due_ms: int | None) -> None:
        if due_ms is None:
            self._due_ms.pop(camera, None)
            self._try_ms.pop(camera, None)
        else:
            self._due_ms[camera] = due_ms
            self._try_at(camera, due_ms)

    def _try_at(self, camera: str, moment_ms: int) -> None:
        self._try_ms[camera] = moment_ms
        heapq.heappush(self._heap, (moment_ms, camera))

    def _forget_outdated(self) -> None:
        while self._heap and self._try_ms.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)


def next_slice(
    steps: tuple[WindowStep, ...], reached_ms: int | None, oldest_end_ms: int, now_ms: int
) -> Slice | None:
    """The next piece of what has expired, none larger than a transaction should be.

    What was outside of the window at the moment when the step in force began left because of the plan;
    everything else left because of its age.
    """
    reach = horizon(steps, reached_ms, now_ms)
    if reach is None or not expired(oldest_end_ms, reach):
        return None
    step = in_force(steps, now_ms)
    changed = step.from_ms - step.window_ms if step else None
    before = (
        horizon([s for s in steps if s != step and s.from_ms <= now_ms], None, step.from_ms) if step else None
    )
    limit, reason = reach, EXPIRED
    if before is not None and oldest_end_ms <= before:
        limit = min(limit, before)
    elif changed is not None and oldest_end_ms <= changed:
        limit, reason = min(limit, changed), PLAN_CHANGED
    return Slice(min(limit, oldest_end_ms + SLICE_MS), reason)


def true_due_ms(steps: tuple[WindowStep, ...], end_ms: int) -> int | None:
    """When a segment expires by its steps, also when that moment has passed: asked as of its end."""
    return expires_at(steps, None, end_ms, end_ms)
