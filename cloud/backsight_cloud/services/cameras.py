"""Cameras come to an account through its hubs, and their plans change: every window step is made here."""

import logging
from dataclasses import replace

from backsight_cloud.domain.billing.events import CameraAdded, PlanGranted
from backsight_cloud.domain.entitling import changed_to
from backsight_cloud.domain.plans import PLANS, Catalogue
from backsight_cloud.domain.records import Camera, Hub, Unbound
from backsight_cloud.ports import Database, Transaction
from backsight_cloud.services.billing import Billing
from backsight_cloud.services.pairing import NoSuchHub, plain_text
from backsight_cloud.services.wakes import Wakes
from backsight_shared.clock import Clock
from backsight_shared.errors import Malformed, NeedsAttention
from backsight_shared.segment import camera_id
from backsight_shared.window import WindowStep, in_force
from backsight_shared.wire import CameraAnswer, CameraReport, CamerasAnswer, CamerasReport

MOST_CAMERAS = 64  # of one hub
LONGEST_TEXT = 64  # characters of a camera's name, model, hardware or firmware

_TAKEN = "this camera belongs to another account; its owner has to remove it there first"
_LEFT = "this camera was removed from the account: take it out of agent.toml, or have it added again"

log = logging.getLogger(__name__)


class NoSuchCamera(NeedsAttention):
    """No camera of that identity."""


class UnknownPlan(NeedsAttention):
    """There is no such plan."""


class CameraTaken(NeedsAttention):
    """The camera belongs to another account."""


class CameraBinding:
    """Which camera belongs to whom, through which hub, on which plan."""

    def __init__(
        self,
        database: Database,
        catalogue: Catalogue,
        wakes: Wakes,
        clock: Clock,
        billing: Billing | None = None,
    ) -> None:
        """Without `billing` every camera has the free window, or that of the plan it was given."""
        self._database = database
        self._billing = billing
        self._catalogue = catalogue
        self._wakes = wakes
        self._clock = clock

    async def report(self, hub: Hub, report: CamerasReport) -> CamerasAnswer:
        """What a hub is configured with: new cameras are bound, known ones follow what it says."""
        reported = [_tidied(camera) for camera in report.cameras]
        if len(reported) > MOST_CAMERAS:
            raise Malformed(f"message.cameras must have at most {MOST_CAMERAS} cameras")
        now_ms = self._clock.now_ms()
        async with self._database.begin() as transaction:
            answers = [
                # A millisecond apart: the hub's order is the order in which they were bound.
                await self._take(transaction, hub, camera, now_ms + place)
                for place, camera in enumerate(reported)
            ]
        self._wake()
        return CamerasAnswer(tuple(answers))

    async def add(self, hub_id: str, account: str, mac: str, name: str, model: str) -> Camera:
        """Bind a camera by hand, before its hub reports it. Raises NoSuchHub, CameraTaken, Malformed."""
        reported = _tidied(CameraReport(mac, name, model))
        async with self._database.begin() as transaction:
            hub = await transaction.hubs.hub(hub_id)
            if hub is None or hub.account != account or hub.unpaired_ms is not None:
                raise NoSuchHub(f"there is no paired hub {hub_id}")
            answer = await self._take(transaction, hub, reported, self._clock.now_ms(), again=True)
            camera = await transaction.cameras.owned(account, reported.camera)
        if camera is None:
            raise CameraTaken(answer.reason)
        self._wake()
        return camera

    async def set_plan(self, camera: str, plan: str) -> Camera:
        """Change a camera's plan now. Raises NoSuchCamera or UnknownPlan."""
        if plan not in PLANS:
            raise UnknownPlan(f"there is no plan {plan!r}: it is one of {', '.join(PLANS)}")
        now_ms = self._clock.now_ms()
        async with self._database.begin() as transaction:
            found = await transaction.cameras.camera(camera)
            if found is None:
                raise NoSuchCamera(f"there is no camera {camera}")
            after = replace(found, plan=plan)
            await self._give_plan(transaction, after, now_ms)
        self._wake()
        return after

    async def _give_plan(self, transaction: Transaction, after: Camera, now_ms: int) -> None:
        """By hand, and nobody pays for it: what its owner pays for counts beside it."""
        if self._billing is not None:
            granted = PlanGranted(after.id, after.plan)
            await self._billing.apply(transaction, after.account, granted, now_ms)
            return
        await transaction.cameras.update(after)
        await self._set_window(transaction, after, now_ms)
        await transaction.publications.mark_due(after.hub, now_ms)

    async def _take(
        self, transaction: Transaction, hub: Hub, reported: CameraReport, now_ms: int, *, again: bool = False
    ) -> CameraAnswer:
        """`again`: also one that was removed from the account. That its hub reports it is not enough."""
        bound = await transaction.cameras.camera(reported.camera)
        if bound is None:
            left = await transaction.cameras.unbound(reported.camera)
            if left is not None and left.account == hub.account and not again:
                return CameraAnswer(reported.camera, accepted=False, reason=_LEFT)
            await self._bind(transaction, hub, reported, now_ms, left)
        elif bound.account != hub.account:
            return CameraAnswer(reported.camera, accepted=False, reason=_TAKEN)
        else:
            await self._follow(transaction, bound, hub, reported, now_ms)
        return CameraAnswer(reported.camera, accepted=True)

    async def _bind(
        self, transaction: Transaction, hub: Hub, reported: CameraReport, now_ms: int, left: Unbound | None
    ) -> None:
        """Nothing from before it left an account comes back: its horizon begins there."""
        camera = Camera(
            id=reported.camera,
            account=hub.account,
            hub=hub.id,
            name=reported.name or reported.camera,
            model=reported.model,
            hardware=reported.hardware,
            firmware=reported.firmware,
            plan="free",
            upload="all",
            bound_ms=now_ms,
            reached_ms=left.at_ms if left else None,
        )
        window_ms = self._catalogue.window_ms(camera.plan, camera.model)
        await transaction.cameras.bind(camera, [WindowStep(now_ms, window_ms)])
        await transaction.publications.mark_due(hub.id, now_ms)
        if self._billing is not None:
            await self._billing.apply(transaction, hub.account, CameraAdded(camera.id), now_ms)
            facts = {"camera": camera.id, "name": camera.name}
            await self._billing.tell(
                transaction, hub.account, "camera_added", f"{camera.id}/{now_ms}", **facts
            )
        log.info("camera %s was bound through hub %s", camera.id, hub.id)

    async def _follow(
        self, transaction: Transaction, bound: Camera, hub: Hub, reported: CameraReport, now_ms: int
    ) -> None:
        """A camera goes with the hub that reports it; what a hub does not know yet, is not forgotten."""
        after = replace(
            bound,
            hub=hub.id,
            name=reported.name or bound.name,
            model=reported.model or bound.model,
            hardware=reported.hardware or bound.hardware,
            firmware=reported.firmware or bound.firmware,
        )
        if after == bound:
            return
        await transaction.cameras.update(after)
        if after.model != bound.model:
            await self._learn_model(transaction, bound, after, now_ms)
        for due in {bound.hub, after.hub} if bound.hub != after.hub else set():
            await transaction.publications.mark_due(due, now_ms)

    async def _learn_model(
        self, transaction: Transaction, before: Camera, after: Camera, now_ms: int
    ) -> None:
        """A model known for the first time may shrink the free window; one that changes may only grow it."""
        steps = await transaction.cameras.steps(after.id)
        step, window_ms = in_force(steps, now_ms), self._catalogue.window_ms(after.plan, after.model)
        first_time = self._catalogue.knows(after.model) and not self._catalogue.knows(before.model)
        if step is None or window_ms == step.window_ms:
            return
        if window_ms < step.window_ms and not first_time:
            log.warning("camera %s now says it is a %s: its window stays as it is", after.id, after.model)
            return
        log.warning(
            "camera %s is now known to be a %s: its window changes from %d to %d seconds",
            after.id,
            after.model,
            step.window_ms // 1000,
            window_ms // 1000,
        )
        await self._set_window(transaction, after, now_ms)
        await transaction.publications.mark_due(after.hub, now_ms)

    async def _set_window(self, transaction: Transaction, camera: Camera, now_ms: int) -> None:
        if self._billing is not None:
            kept = await self._billing.kept(transaction, camera.account)
            await self._billing.follow_windows(transaction, kept.care, now_ms)
            return
        steps = await transaction.cameras.steps(camera.id)
        window_ms = self._catalogue.window_ms(camera.plan, camera.model)
        await transaction.cameras.replace_steps(camera.id, changed_to(steps, window_ms, now_ms))

    def _wake(self) -> None:
        self._wakes.prune.set()
        self._wakes.publish.set()
        self._wakes.bill.set()
        self._wakes.mail.set()


def _tidied(reported: CameraReport) -> CameraReport:
    """The report with its identity in our form and texts that fit on a page; raises Malformed."""
    try:
        camera = camera_id(reported.camera)
    except ValueError as error:
        raise Malformed(str(error)) from error
    return CameraReport(
        camera=camera,
        name=plain_text(reported.name, LONGEST_TEXT),
        model=plain_text(reported.model, LONGEST_TEXT),
        hardware=plain_text(reported.hardware, LONGEST_TEXT),
        firmware=plain_text(reported.firmware, LONGEST_TEXT),
    )
