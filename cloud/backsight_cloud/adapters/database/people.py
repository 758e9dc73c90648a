"""Accounts and their sessions in the database."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from backsight_cloud.adapters.database.tables import ACCOUNT, SESSION
from backsight_cloud.domain.records import Account, Session
from backsight_cloud.ports import AlreadyThere


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
        return next((Account(*row) for row in rows), None)

    async def account_by_email(self, email: str) -> Account | None:
        rows = await self._connection.execute(select(ACCOUNT).where(ACCOUNT.c.email == email))
        return next((Account(*row) for row in rows), None)

    async def accounts(self) -> Sequence[Account]:
        rows = await self._connection.execute(select(ACCOUNT).order_by(ACCOUNT.c.email))
        return [Account(*row) for row in rows]

    async def add_session(self, session: Session) -> None:
        await self._connection.execute(insert(SESSION).values(asdict(session)))

    async def session(self, token_hash: str) -> Session | None:
        rows = await self._connection.execute(select(SESSION).where(SESSION.c.token_hash == token_hash))
        return next((Session(*row) for row in rows), None)

    async def end_session(self, token_hash: str) -> None:
        await self._connection.execute(delete(SESSION).where(SESSION.c.token_hash == token_hash))

    async def end_sessions_before(self, now_ms: int) -> None:
        await self._connection.execute(delete(SESSION).where(SESSION.c.expires_ms <= now_ms))
