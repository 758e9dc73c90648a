"""Single-use tokens, second factors and recovery codes in the database."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from backsight_cloud.adapters.database.tables_accounts import RECOVERY_CODE, SECOND_FACTOR, TOKEN
from backsight_cloud.domain.people import SecondFactor, Token, TokenKind


class SqlTokens:
    """Implements the port `Tokens`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, token: Token) -> None:
        others = (TOKEN.c.account == token.account, TOKEN.c.kind == token.kind)
        await self._connection.execute(delete(TOKEN).where(*others))
        await self._connection.execute(insert(TOKEN).values(asdict(token)))

    async def token(self, kind: TokenKind, token_hash: str, now_ms: int) -> Token | None:
        rows = await self._connection.execute(select(TOKEN).where(*_good(kind, token_hash, now_ms)))
        return next((_token(row) for row in rows), None)

    async def use(self, kind: TokenKind, token_hash: str, now_ms: int) -> Token | None:
        """One statement: of two that come at once, one has it."""
        use = delete(TOKEN).where(*_good(kind, token_hash, now_ms)).returning(*TOKEN.c)
        return next((_token(row) for row in await self._connection.execute(use)), None)

    async def drop(self, account: str) -> None:
        await self._connection.execute(delete(TOKEN).where(TOKEN.c.account == account))

    async def drop_before(self, now_ms: int) -> None:
        await self._connection.execute(delete(TOKEN).where(TOKEN.c.expires_ms <= now_ms))


class SqlSecondFactors:
    """Implements the port `SecondFactors`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def factor(self, account: str) -> SecondFactor | None:
        rows = await self._connection.execute(select(SECOND_FACTOR).where(SECOND_FACTOR.c.account == account))
        return next((SecondFactor(*row) for row in rows), None)

    async def put(self, factor: SecondFactor) -> None:
        await self._connection.execute(delete(SECOND_FACTOR).where(SECOND_FACTOR.c.account == factor.account))
        await self._connection.execute(insert(SECOND_FACTOR).values(asdict(factor)))

    async def use_step(self, account: str, step: int) -> bool:
        """One statement: of two who show the same code at once, one is let in."""
        newer = (SECOND_FACTOR.c.account == account, SECOND_FACTOR.c.last_step < step)
        used = await self._connection.execute(update(SECOND_FACTOR).where(*newer).values(last_step=step))
        return used.rowcount > 0

    async def remove(self, account: str) -> None:
        for table in (SECOND_FACTOR, RECOVERY_CODE):
            await self._connection.execute(delete(table).where(table.c.account == account))

    async def replace_recovery_codes(self, account: str, hashes: Sequence[str]) -> None:
        await self._connection.execute(delete(RECOVERY_CODE).where(RECOVERY_CODE.c.account == account))
        rows = [{"code_hash": one, "account": account} for one in hashes]
        if rows:
            await self._connection.execute(insert(RECOVERY_CODE), rows)

    async def use_recovery_code(self, account: str, code_hash: str) -> bool:
        this = (RECOVERY_CODE.c.account == account, RECOVERY_CODE.c.code_hash == code_hash)
        return (await self._connection.execute(delete(RECOVERY_CODE).where(*this))).rowcount > 0

    async def recovery_codes_left(self, account: str) -> int:
        left = select(func.count()).select_from(RECOVERY_CODE).where(RECOVERY_CODE.c.account == account)
        return await self._connection.scalar(left) or 0


def _good(kind: TokenKind, token_hash: str, now_ms: int) -> tuple[ColumnElement[bool], ...]:
    return (TOKEN.c.token_hash == token_hash, TOKEN.c.kind == kind, TOKEN.c.expires_ms > now_ms)


def _token(row: Row[Any]) -> Token:
    return Token(row.token_hash, row.account, TokenKind(row.kind), row.expires_ms, row.data)
