"""An account closes: what is erased and refunded is announced, confirmed with the password, and done.

The first transaction shuts everyone out and settles the money; each camera's history then leaves in a
transaction of its own, and the person last. Whatever ends the process in between: `finish_forgotten` goes on
where it stopped.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from backsight_cloud.account_ports import ClosingMoney, Tells
from backsight_cloud.domain.confirming import Confirmations
from backsight_cloud.domain.records import Account, Camera, Extent
from backsight_cloud.ports import Database, Transaction
from backsight_cloud.services.cameras import NoSuchCamera
from backsight_cloud.services.proving import PasswordProof
from backsight_cloud.services.sharing import tell_ended
from backsight_cloud.services.wakes import Wakes
from backsight_shared.clock import Clock
from backsight_shared.erased import ErasedSpan
from backsight_shared.errors import NeedsAttention

CONFIRM_LIFE_MS = 15 * 60_000  # of a preview
MOST_LATE = 120  # segments of one camera that may have come since the preview: what it records in its life

_ALL_TIME = ErasedSpan(0, 2**53)

log = logging.getLogger(__name__)

Unbind = Callable[[str], Awaitable[object]]  # a camera, with its history; raises NoSuchCamera


class ClosingNotConfirmed(NeedsAttention):
    """What would go is not what was announced, or no longer; a new preview is needed."""


@dataclass(frozen=True, slots=True)
class ClosingExtent:
    """What closing would take: cameras with their histories, hubs, shares, and what becomes of the money."""

    cameras: Sequence[tuple[Camera, Extent]]
    hubs: int
    shares_given: int
    shares_held: int
    money: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ClosingPreview:
    """What is announced. `confirm` closes the account just so."""

    leaving: ClosingExtent
    confirm: str
    confirm_until_ms: int


class Closing:
    """For owners; and for operators on their behalf."""

    def __init__(
        self,
        database: Database,
        unbind: Unbind,
        money: ClosingMoney,
        proof: PasswordProof,
        tells: Tells,
        key: bytes,
        wakes: Wakes,
        clock: Clock,
    ) -> None:
        self._database = database
        self._unbind = unbind
        self._money = money
        self._proof = proof
        self._tells = tells
        self._confirmations = Confirmations(key)
        self._wakes = wakes
        self._clock = clock

    async def preview(self, account: Account) -> ClosingPreview:
        """What would go."""
        async with self._database.read() as tx:
            leaving = await self._leaving(tx, account)
        until_ms = self._clock.now_ms() + CONFIRM_LIFE_MS
        token = self._confirmations.token(_announced(account, leaving), until_ms)
        return ClosingPreview(leaving, token, until_ms)

    async def close(self, account: Account, confirm: str, password: str) -> ClosingExtent:
        """Do what was announced. Raises WrongPassword, TooManyTries or ClosingNotConfirmed."""
        await self._proof.ask(account, password)
        return await self.close_for(account, confirm)

    async def close_for(self, account: Account, confirm: str) -> ClosingExtent:
        """The same for an operator, who does not know the password. Raises ClosingNotConfirmed."""
        async with self._database.begin() as tx:
            leaving = await self._leaving(tx, account)
            self._refuse_unannounced(account, leaving, confirm)
            await self._shut(tx, account, leaving)
        self._wakes.all()
        await self._finish(account)
        return leaving

    async def finish_forgotten(self) -> int:
        """Go on with what a crash or an error left half done; how many accounts."""
        async with self._database.read() as tx:
            accounts = await tx.people.accounts()
        half = [one for one in accounts if one.closing_ms is not None and one.closed_ms is None]
        for account in half:
            await self._finish(account)
        return len(half)

    async def _leaving(self, tx: Transaction, account: Account) -> ClosingExtent:
        cameras = await tx.cameras.of_account(account.id)
        extents = [await tx.erasing.extent(camera, _ALL_TIME, None) for camera in cameras]
        hubs = [hub for hub in await tx.hubs.hubs(account.id) if hub.unpaired_ms is None]
        given = [await tx.shares.of_camera(account.id, camera.id) for camera in cameras]
        return ClosingExtent(
            cameras=list(zip(cameras, extents, strict=True)),
            hubs=len(hubs),
            shares_given=sum(len(shares) for shares in given),
            shares_held=len(await tx.shares.with_viewer(account.id)),
            money=await self._money.preview(tx, account),
        )

    def _refuse_unannounced(self, account: Account, leaving: ClosingExtent, confirm: str) -> None:
        said = self._confirmations.announced(confirm, self._clock.now_ms())
        now = _announced(account, leaving)
        if said is None or any(said.get(name) != now[name] for name in ("close", "cameras", "money")):
            raise ClosingNotConfirmed(
                "this confirmation has ended, is none, or things have changed: look again at what would go"
            )
        before = said.get("counts")
        counts = before if isinstance(before, list) else []
        late = [extent.count - count for (_, extent), count in zip(leaving.cameras, counts, strict=True)]
        if any(more > MOST_LATE for more in late):
            raise ClosingNotConfirmed("much more has arrived since: look again at what would go")

    async def _shut(self, tx: Transaction, account: Account, leaving: ClosingExtent) -> None:
        """From here on nobody signs in, no hub brings anything, and nobody else looks."""
        now_ms = self._clock.now_ms()
        await self._money.close(tx, account)
        facts = {**_facts(leaving), "at_ms": now_ms}
        await self._tells.tell(tx, "account_closed", account, f"account_closed:{account.id}", facts)
        for share, camera in await tx.shares.end_all_of(account.id):
            await tell_ended(tx, self._tells, share, camera, by=account.id)
        for hub in await tx.hubs.hubs(account.id):
            if hub.unpaired_ms is None:
                await tx.hubs.set_unpaired(hub.id, now_ms)
        await tx.people.end_sessions(account.id)
        await tx.tokens.drop(account.id)
        now = await tx.people.account(account.id)
        await tx.people.update_account(replace(now or account, closing_ms=now_ms))

    async def _finish(self, account: Account) -> None:
        """Twice changes nothing."""
        async with self._database.read() as tx:
            cameras = await tx.cameras.of_account(account.id)
        for camera in cameras:
            try:
                await self._unbind(camera.id)
            except NoSuchCamera:
                continue  # whoever else finishes this was quicker
        async with self._database.begin() as tx:
            await tx.factors.remove(account.id)
            await tx.people.forget_person(account.id)
            now = await tx.people.account(account.id)
            if now is not None and now.closed_ms is None:
                await tx.people.update_account(replace(now, closed_ms=self._clock.now_ms()))
        log.info("account %s is closed, with %d cameras", account.id, len(cameras))


def _announced(account: Account, leaving: ClosingExtent) -> dict[str, object]:
    return {
        "close": account.id,
        "cameras": [camera.id for camera, _ in leaving.cameras],
        "counts": [extent.count for _, extent in leaving.cameras],
        "money": dict(leaving.money),
    }


def _facts(leaving: ClosingExtent) -> dict[str, object]:
    return {
        "cameras": [camera.name for camera, _ in leaving.cameras],
        "count": sum(extent.count for _, extent in leaving.cameras),
        "size_bytes": sum(extent.size_bytes for _, extent in leaving.cameras),
        "money": dict(leaving.money),
    }
