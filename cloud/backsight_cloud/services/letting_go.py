"""Owners remove a camera: what of its history is erased and what money comes back is announced, then done."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from backsight_cloud.domain.billing.events import CameraRemoved
from backsight_cloud.domain.billing.outcome import Money, outcome
from backsight_cloud.domain.confirming import Confirmations
from backsight_cloud.domain.records import Camera, Extent
from backsight_cloud.ports import Transaction
from backsight_cloud.services.cameras import NoSuchCamera
from backsight_cloud.services.paying import Cashier
from backsight_cloud.services.plans import CONFIRM_LIFE_MS, MOST_LATE, PlanNotConfirmed
from backsight_cloud.services.remembering import Remember, forgetful
from backsight_cloud.services.unbinding import CameraUnbinding
from backsight_shared.erased import ErasedSpan

_ALL_TIME = ErasedSpan(0, 2**53)


@dataclass(frozen=True, slots=True)
class LettingGo:
    """What goes with a camera: all of its history in the cloud, and its Plus."""

    camera: Camera
    extent: Extent
    money: Money


@dataclass(frozen=True, slots=True)
class LettingGoPreview:
    """What is announced; `confirm` does it just so."""

    leaving: LettingGo
    confirm: str
    confirm_until_ms: int


Shape = Callable[[LettingGo], Mapping[str, object]]  # the answer, as it is remembered


class OwnersUnbinding:
    """For the owner of the camera."""

    def __init__(self, unbinding: CameraUnbinding, cashier: Cashier, key: bytes) -> None:
        self._unbinding = unbinding
        self._cashier = cashier
        self._confirmations = Confirmations(key)

    async def preview(self, account: str, camera: str) -> LettingGoPreview:
        """Raises NoSuchCamera, also for another's."""
        now_ms = self._cashier.clock.now_ms()
        async with self._cashier.database.read() as tx:
            leaving = await self._leaving(tx, account, camera, now_ms)
        until_ms = now_ms + CONFIRM_LIFE_MS
        announced = _announced(leaving) | {"count": leaving.extent.count}
        return LettingGoPreview(leaving, self._confirmations.token(announced, until_ms), until_ms)

    async def unbind(
        self, account: str, camera: str, confirm: str, shape: Shape, remember: Remember = forgetful
    ) -> Mapping[str, object]:
        """Do it; the money moves at once. Raises NoSuchCamera or PlanNotConfirmed."""
        now_ms = self._cashier.clock.now_ms()
        async with self._cashier.database.begin() as tx:
            leaving = await self._leaving(tx, account, camera, now_ms)
            self._refuse_unannounced(leaving, confirm, now_ms)
            await self._unbinding.unbind_in(tx, leaving.camera)
            done = shape(leaving)
            await remember(tx, 200, done)
        self._unbinding.wake()
        await self._cashier.settle(account)
        return done

    async def _leaving(self, tx: Transaction, account: str, camera: str, now_ms: int) -> LettingGo:
        found = await tx.cameras.owned(account, camera)
        if found is None:
            raise NoSuchCamera(f"there is no camera {camera}")
        billing = self._cashier.billing
        kept = await billing.kept(tx, account)
        come_to = outcome(kept.care, CameraRemoved(camera), now_ms, billing.terms)
        return LettingGo(found, await tx.erasing.extent(found, _ALL_TIME, None), come_to.money)

    def _refuse_unannounced(self, leaving: LettingGo, confirm: str, now_ms: int) -> None:
        said = self._confirmations.announced(confirm, now_ms)
        count = said.pop("count", None) if said else None
        if said != _announced(leaving) or not isinstance(count, int):
            raise PlanNotConfirmed(
                "this confirmation has ended, is none, or things have changed: look again at what would go"
            )
        if leaving.extent.count > count + MOST_LATE:
            raise PlanNotConfirmed("more would go now than was announced: look again at what would go")


def _announced(leaving: LettingGo) -> dict[str, object]:
    return {"unbind": leaving.camera.id, "account": leaving.camera.account, "money": asdict(leaving.money)}
