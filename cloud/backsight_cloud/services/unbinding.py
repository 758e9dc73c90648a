"""A camera leaves its account: its history in the cloud is erased at once, and does not come back with it."""

import logging

from backsight_cloud.domain.billing.events import CameraRemoved
from backsight_cloud.domain.ledger import Reason
from backsight_cloud.domain.records import Camera, Extent
from backsight_cloud.ports import Database, Transaction
from backsight_cloud.services.billing import Billing
from backsight_cloud.services.cameras import NoSuchCamera
from backsight_cloud.services.leaves import Leaving
from backsight_cloud.services.wakes import Wakes
from backsight_shared.clock import Clock
from backsight_shared.erased import ErasedSpan

_ALL_TIME = ErasedSpan(0, 2**53)

log = logging.getLogger(__name__)


class CameraUnbinding:
    """What unbinding would erase, and doing it."""

    def __init__(
        self, database: Database, wakes: Wakes, clock: Clock, billing: Billing | None = None
    ) -> None:
        """With `billing` its Plus ends as well, as by a cancel."""
        self._database = database
        self._billing = billing
        self._wakes = wakes
        self._clock = clock

    async def preview(self, camera_id: str) -> tuple[Camera, Extent]:
        """Raises NoSuchCamera."""
        async with self._database.read() as tx:
            camera = _there(camera_id, await tx.cameras.camera(camera_id))
            return camera, await tx.erasing.extent(camera, _ALL_TIME, None)

    async def unbind(self, camera_id: str) -> Extent:
        """What was erased. Raises NoSuchCamera."""
        async with self._database.begin() as tx:
            extent = await self.unbind_in(tx, _there(camera_id, await tx.cameras.camera(camera_id)))
        self.wake()
        return extent

    async def unbind_in(self, tx: Transaction, camera: Camera) -> Extent:
        """In a transaction of the caller's, who wakes the workers after it.

        What its hub put and did not commit yet becomes garbage as all that is never committed does.
        """
        now_ms = self._clock.now_ms()
        extent = await tx.erasing.extent(camera, _ALL_TIME, None)
        await tx.erasing.erase_all(camera, Reason.UNBOUND.value, now_ms)
        await self._settle(tx, camera, extent, now_ms)
        await tx.cameras.unbind(camera, now_ms)
        await tx.publications.mark_due(camera.hub, now_ms)
        log.info("camera %s leaves its account with %d segments", camera.id, extent.count)
        return extent

    def wake(self) -> None:
        """Whoever has something to do now."""
        self._wakes.prune.set()
        self._wakes.publish.set()
        self._wakes.bill.set()
        self._wakes.mail.set()

    async def _settle(self, tx: Transaction, camera: Camera, extent: Extent, now_ms: int) -> None:
        if self._billing is None:
            return
        await self._billing.apply(tx, camera.account, CameraRemoved(camera.id), now_ms)
        leaves = [Leaving(camera.id, camera.name, now_ms, 0, extent).told()] if extent.count else []
        facts = {"camera": camera.id, "name": camera.name, "leaves": leaves}
        about = f"{camera.id}/{now_ms}"
        await self._billing.tell(tx, camera.account, "camera_removed", about, **facts)


def _there(camera_id: str, camera: Camera | None) -> Camera:
    if camera is None:
        raise NoSuchCamera(f"there is no camera {camera_id}")
    return camera
