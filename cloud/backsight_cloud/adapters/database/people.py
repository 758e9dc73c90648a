"""Accounts and their sessions in the database."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from backsight_cloud.adapters.database.tables import ACCOUNT, HUB, PAIRING_CODE, SESSION
from backsight_cloud.domain.people import Role
from backsight_cloud.domain.records import Account, Session
from backsight_cloud.ports import AlreadyThere

_FIXED = ("id", "created_ms")


class SqlPeople:
    """Implements the port `People`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add_account(self, account: Account) -> None:
        try:
            await self._connection.execute(insert(ACCOUNT).values(asdict(account)))
        except AlreadyThere as error:
            raise AlreadyThere(f"{account.email} has an account already") from error

    async def account(self, account_id: str) -> Account | None:
        rows = await self._connection.execute(select(ACCOUNT).where(ACCOUNT.c.id == account_id))
        return next((_account(row) for row in rows), None)

    async def account_by_email(self, email: str) -> Account | None:
        rows = await self._connection.execute(select(ACCOUNT).where(ACCOUNT.c.email == email))
        return next((_account(row) for row in rows), None)

    async def accounts(self) -> Sequence[Account]:
        rows = await self._connection.execute(select(ACCOUNT).order_by(ACCOUNT.c.email))
        return [_account(row) for row in rows]

    async def update_account(self, account: Account) -> None:
        values = {name: value for name, value in asdict(account).items() if name not in _FIXED}
        try:
            await self._connection.execute(update(ACCOUNT).where(ACCOUNT.c.id == account.id).values(values))
        except AlreadyThere as error:
            raise AlreadyThere(f"{account.email} has an account already") from error

    async def forget_person(self, account_id: str) -> None:
        """The row stays: lines of the ledger and of the books refer to it."""
        nobody = {"email": f"closed {account_id}", "password_hash": "", "zone": "UTC"}
        await self._connection.execute(update(ACCOUNT).where(ACCOUNT.c.id == account_id).values(nobody))
        for table in (SESSION, PAIRING_CODE):
            await self._connection.execute(delete(table).where(table.c.account == account_id))
        plain = {"name": "", "status_json": ""}
        await self._connection.execute(update(HUB).where(HUB.c.account == account_id).values(plain))

    async def add_session(self, session: Session) -> None:
        await self._connection.execute(insert(SESSION).values(asdict(session)))

    async def session(self, token_hash: str) -> Session | None:
        rows = await self._connection.execute(select(SESSION).where(SESSION.c.token_hash == token_hash))
        return next((Session(*row) for row in rows), None)

    async def sessions(self, account: str) -> Sequence[Session]:
        wanted = select(SESSION).where(SESSION.c.account == account)
        rows = await self._connection.execute(wanted.order_by(SESSION.c.seen_ms.desc(), SESSION.c.id))
        return [Session(*row) for row in rows]

    async def note_seen(self, token_hash: str, now_ms: int) -> None:
        this = update(SESSION).where(SESSION.c.token_hash == token_hash)
        await self._connection.execute(this.values(seen_ms=now_ms))

    async def end_session(self, token_hash: str) -> None:
        await self._connection.execute(delete(SESSION).where(SESSION.c.token_hash == token_hash))

    async def end_session_of(self, account: str, session_id: str) -> bool:
        this = (SESSION.c.account == account, SESSION.c.id == session_id)
        return (await self._connection.execute(delete(SESSION).where(*this))).rowcount > 0

    async def end_sessions(self, account: str, but: str = "") -> int:
        these = (SESSION.c.account == account, SESSION.c.token_hash != but)
        return (await self._connection.execute(delete(SESSION).where(*these))).rowcount

    async def end_sessions_before(self, now_ms: int) -> None:
        await self._connection.execute(delete(SESSION).where(SESSION.c.expires_ms <= now_ms))


def _account(row: Row[Any]) -> Account:
    values = dict(zip(ACCOUNT.c.keys(), row, strict=True))
    return Account(**{**values, "role": Role(row.role)})
