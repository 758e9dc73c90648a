"""Tells the cloud which cameras there are (HTTPS) and how the hub is (MQTT), on change and each minute."""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Protocol

from backsight_agent.domain.holding import HeldEntitlement, visible_horizon
from backsight_agent.domain.states import Board
from backsight_agent.ports import Backlog, CloudApi, CloudLink, CloudRefusedHub, CloudUnavailable, History
from backsight_shared import shapes
from backsight_shared.clock import Clock, sleep_or
from backsight_shared.supervision import delay_after
from backsight_shared.wire import CameraReport, CamerasAnswer, CamerasReport, CameraStatus, HubStatus

LEAST_S = 1.0  # seconds between two statuses, however much changes
LONGEST_S = 60.0  # seconds between two statuses, however little changes
LOOK_S = 5.0  # seconds; how often it is seen whether a camera said something new of itself
ASK_TIME_S = 30.0  # seconds; while the clock is not trusted: each answer of the cloud confirms it
REFUSED_S = 300.0  # seconds; after the cloud did not accept the hub: only a person changes that
MISSED_AFTER_S = 60.0  # seconds without the broker until it is a problem that is shown

log = logging.getLogger(__name__)


class TellsTrust(Protocol):
    """The hub's clock, as far as it can be trusted."""

    def trusted_now_ms(self) -> int | None: ...

    @property
    def text(self) -> str: ...


async def report_forever(
    link: CloudLink,
    cloud: CloudApi,
    board: Board,
    backlog: Backlog,
    history: History,
    held: HeldEntitlement,
    time: TellsTrust,
    disk: Callable[[], tuple[int, int]],
    names: Mapping[str, str],
    clock: Clock,
    remarks: Callable[[str], tuple[str, ...]] = lambda _: (),
) -> None:
    """Report for ever.

    `disk` gives free and total bytes; `names` an owner's name for each camera, `remarks` what they should
    know of it besides its state.
    """
    statuses = Statuses(board, backlog, history, held, time, disk, remarks)
    async with asyncio.TaskGroup() as both:
        both.create_task(_cameras_forever(cloud, board, names, time, clock), name="cameras")
        both.create_task(_status_forever(link, board, statuses, clock), name="status")


@dataclass(frozen=True)
class Statuses:
    """Makes the hub's status out of what the tasks know."""

    board: Board
    backlog: Backlog
    history: History
    held: HeldEntitlement
    time: TellsTrust
    disk: Callable[[], tuple[int, int]]
    remarks: Callable[[str], tuple[str, ...]] = lambda _: ()

    async def now(self, now_ms: int) -> HubStatus:
        """How the hub is at this moment."""
        trusted_ms = self.time.trusted_now_ms()
        free, total = self.disk()
        counts = await self.backlog.counts()
        return HubStatus(
            online=True,
            at_ms=now_ms,
            version=version("backsight"),
            serial=self.held.serial,
            clock_trusted=trusted_ms is not None,
            clock_text=self.time.text,
            disk_free_bytes=free,
            disk_total_bytes=total,
            problems=self.board.problems,
            cameras=tuple(
                [await self._camera(camera, counts, trusted_ms) for camera in sorted(self.board.states)]
            ),
        )

    async def _camera(self, camera: str, counts: Mapping[str, int], trusted_ms: int | None) -> CameraStatus:
        reached_ms = await self.history.reached_ms(camera)
        span = await self.history.span(camera, visible_horizon(self.held, camera, reached_ms, trusted_ms))
        state = self.board.states[camera]
        return CameraStatus(
            camera=camera,
            state=state.state.value,
            since_ms=state.since_ms,
            text=state.text,
            last_end_ms=span[1] if span else None,
            history_from_ms=span[0] if span else None,
            backlog=counts.get(camera, 0),
            remarks=self.remarks(camera),
        )


async def _status_forever(link: CloudLink, board: Board, statuses: Statuses, clock: Clock) -> None:
    connected_at = clock.monotonic()
    while True:
        if link.connected.is_set():
            connected_at = clock.monotonic()
        missed = clock.monotonic() - connected_at >= MISSED_AFTER_S
        board.set_problem(
            "broker", "The cloud's broker cannot be reached; recording goes on" if missed else None
        )
        await _publish(link, await statuses.now(clock.now_ms()))
        await clock.sleep(LEAST_S)
        await sleep_or(board.changed, LONGEST_S - LEAST_S, clock)


async def _publish(link: CloudLink, status: HubStatus) -> None:
    """While the broker is away the link keeps the newest status, for when it is back."""
    try:
        await link.publish_status(json.dumps(shapes.write(status)).encode())
    except CloudUnavailable as error:
        log.debug("the status was not published: %s", error)


async def _cameras_forever(
    cloud: CloudApi, board: Board, names: Mapping[str, str], time: TellsTrust, clock: Clock
) -> None:
    """Report the cameras when they are not as reported last, or when the cloud's time is wanted."""
    reported, answered_at, failures = None, clock.monotonic(), 0
    while True:
        report = cameras_report(board, names)
        wants_time = time.trusted_now_ms() is None and clock.monotonic() - answered_at >= ASK_TIME_S
        if report == reported and not wants_time:
            await clock.sleep(LOOK_S)
            continue
        try:
            answer = await cloud.report_cameras(report)
        except CloudUnavailable as error:
            failures += 1
            log.log(logging.WARNING if failures == 1 else logging.DEBUG, "cameras not reported: %s", error)
            await clock.sleep(delay_after(failures))
        except CloudRefusedHub as error:
            board.set_problem("cloud", str(error))
            await clock.sleep(REFUSED_S)
        else:
            reported, answered_at, failures = report, clock.monotonic(), 0
            _show(answer, board, names)


def cameras_report(board: Board, names: Mapping[str, str]) -> CamerasReport:
    """All cameras that the hub is configured with, as they are known now."""
    return CamerasReport(
        tuple(
            CameraReport(camera, name, facts.model, facts.hardware, facts.firmware)
            for camera, name in names.items()
            for facts in [board.facts[camera]]
        )
    )


def _show(answer: CamerasAnswer, board: Board, names: Mapping[str, str]) -> None:
    """A camera that the cloud does not take is a problem to be seen."""
    board.set_problem("cloud", None)
    for camera in answer.cameras:
        name = names.get(camera.camera, camera.camera)
        refusal = f"The cloud does not take camera {name}: {camera.reason or 'it does not say why'}"
        board.set_problem(f"cloud:{camera.camera}", None if camera.accepted else refusal)
