"""A camera leaves its account: its history in the cloud is erased at once, and does not come back with it."""

import logging

from backsight_cloud.domain.ledger import Reason
from backsight_cloud.domain.records import Camera, Extent
from backsight_cloud.ports import Database
from backsight_cloud.services.cameras import NoSuchCamera
from backsight_cloud.services.wakes import Wakes
from backsight_shared.clock import Clock
from backsight_shared.erased import ErasedSpan

_ALL_TIME = ErasedSpan(0, 2**53)

log = logging.getLogger(__name__)


class CameraUnbinding:
    """What unbinding would erase, and doing it."""

    def __init__(self, database: Database, wakes: Wakes, clock: Clock) -> None:
        self._database = database
        self._wakes = wakes
        self._clock = clock

    async def preview(self, camera_id: str) -> tuple[Camera, Extent]:
        """Raises NoSuchCamera."""
        async with self._database.read() as tx:
            camera = _there(camera_id, await tx.cameras.camera(camera_id))
            return camera, await tx.erasing.extent(camera, _ALL_TIME, None)

    async def unbind(self, camera_id: str) -> Extent:
        """What was erased. Raises NoSuchCamera.

        What its hub put and did not commit yet becomes garbage as all that is never committed does.
        """
        now_ms = self._clock.now_ms()
        async with self._database.begin() as tx:
            camera = _there(camera_id, await tx.cameras.camera(camera_id))
            extent = await tx.erasing.extent(camera, _ALL_TIME, None)
            await tx.erasing.erase_all(camera, Reason.UNBOUND.value, now_ms)
            await tx.cameras.unbind(camera, now_ms)
            await tx.publications.mark_due(camera.hub, now_ms)
        log.info("camera %s left its account with %d segments", camera.id, extent.count)
        self._wakes.prune.set()
        self._wakes.publish.set()
        return extent


def _there(camera_id: str, camera: Camera | None) -> Camera:
    if camera is None:
        raise NoSuchCamera(f"there is no camera {camera_id}")
    return camera
