"""Hubs, their certificates and their pairing codes in the database."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from backsight_cloud.adapters.database.statements import batches
from backsight_cloud.adapters.database.tables import CERTIFICATE, HUB, PAIRING_CODE
from backsight_cloud.domain.records import Hub, PairingCode
from backsight_cloud.ports import OwnerMissing


class SqlHubs:
    """Implements the port `Hubs`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add_code(self, code: PairingCode) -> None:
        await self._connection.execute(insert(PAIRING_CODE).values(asdict(code)))

    async def use_code(self, code_hash: str, now_ms: int) -> str | None:
        """One statement: of two hubs with the same code, one gets it."""
        usable = (
            PAIRING_CODE.c.code_hash == code_hash,
            PAIRING_CODE.c.used_ms.is_(None),
            PAIRING_CODE.c.expires_ms > now_ms,
        )
        use = update(PAIRING_CODE).where(*usable).values(used_ms=now_ms).returning(PAIRING_CODE.c.account)
        account: str | None = (await self._connection.execute(use)).scalar()
        return account

    async def add_hub(self, hub: Hub) -> None:
        await self._connection.execute(insert(HUB).values(asdict(hub)))

    async def hub(self, hub_id: str) -> Hub | None:
        rows = await self._connection.execute(select(HUB).where(HUB.c.id == hub_id))
        return next((Hub(*row) for row in rows), None)

    async def hubs(self, account: str | None = None) -> Sequence[Hub]:
        wanted = select(HUB).order_by(HUB.c.paired_ms, HUB.c.id)
        if account is not None:
            wanted = wanted.where(HUB.c.account == account)
        return [Hub(*row) for row in await self._connection.execute(wanted)]

    async def set_unpaired(self, hub_id: str, now_ms: int) -> None:
        await self._connection.execute(update(HUB).where(HUB.c.id == hub_id).values(unpaired_ms=now_ms))

    async def next_serial(self, hub_id: str) -> int:
        count = update(HUB).where(HUB.c.id == hub_id).values(serial=HUB.c.serial + 1).returning(HUB.c.serial)
        serial: int | None = (await self._connection.execute(count)).scalar()
        if serial is None:
            raise OwnerMissing(f"hub {hub_id} does not exist")
        return serial

    async def next_serials(self, hub_ids: Sequence[str]) -> dict[str, int]:
        serials: dict[str, int] = {}
        for some in batches(hub_ids):
            count = update(HUB).where(HUB.c.id.in_(some)).values(serial=HUB.c.serial + 1)
            rows = await self._connection.execute(count.returning(HUB.c.id, HUB.c.serial))
            serials |= {row.id: row.serial for row in rows}
        return serials

    async def set_status(self, hub_id: str, status_json: str, now_ms: int) -> None:
        status = update(HUB).where(HUB.c.id == hub_id).values(status_json=status_json, status_ms=now_ms)
        await self._connection.execute(status)

    async def add_certificate(self, serial: str, hub_id: str, not_after_ms: int) -> None:
        row = {"serial": serial, "hub": hub_id, "not_after_ms": not_after_ms}
        await self._connection.execute(insert(CERTIFICATE).values(row))

    async def certificates(self, hub_id: str) -> Sequence[str]:
        """Also those that ended: revoking one more is harmless, and no clock is asked."""
        wanted = select(CERTIFICATE.c.serial).where(CERTIFICATE.c.hub == hub_id)
        return (await self._connection.scalars(wanted.order_by(CERTIFICATE.c.serial))).all()

    async def revoked(self, now_ms: int) -> Sequence[str]:
        unpaired = (
            select(CERTIFICATE.c.serial)
            .join(HUB, HUB.c.id == CERTIFICATE.c.hub)
            .where(HUB.c.unpaired_ms.is_not(None), CERTIFICATE.c.not_after_ms > now_ms)
        )
        return (await self._connection.scalars(unpaired.order_by(CERTIFICATE.c.serial))).all()
