"""Answers that are given again to the same request, in the database."""

from dataclasses import asdict

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from backsight_cloud.adapters.database.statements import insert
from backsight_cloud.adapters.database.tables_answers import ANSWER
from backsight_cloud.answer_ports import Claim, ClaimLost, Given


class SqlAnswers:
    """Implements the port `Answers`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def claim(self, claim: Claim) -> Given | None:
        if await self._is_first(claim) or await self._takes_over(claim):
            return None
        columns = (ANSWER.c.fingerprint, ANSWER.c.token, ANSWER.c.until_ms, ANSWER.c.status, ANSWER.c.body)
        found = await self._connection.execute(select(*columns).where(*_key(claim)))
        return Given(*found.one())

    async def _is_first(self, claim: Claim) -> bool:
        new = insert(self._connection, ANSWER).values(asdict(claim)).on_conflict_do_nothing()
        return (await self._connection.execute(new)).rowcount > 0

    async def _takes_over(self, claim: Claim) -> bool:
        """One statement: of two that find a dead attempt, one goes on with it. Its age stays the first's."""
        dead = (ANSWER.c.status.is_(None), ANSWER.c.until_ms <= claim.claimed_ms)
        same = (*_key(claim), ANSWER.c.fingerprint == claim.fingerprint)
        taken = update(ANSWER).where(*same, *dead).values(token=claim.token, until_ms=claim.until_ms)
        return (await self._connection.execute(taken)).rowcount > 0

    async def remember(self, claim: Claim, status: int, body: str) -> None:
        answered = update(ANSWER).where(*_ours(claim)).values(status=status, body=body)
        if (await self._connection.execute(answered)).rowcount == 0:
            raise ClaimLost("the same request was sent again and is being answered there")

    async def release(self, claim: Claim) -> None:
        await self._connection.execute(update(ANSWER).where(*_ours(claim)).values(until_ms=claim.claimed_ms))

    async def forget_claimed_before(self, moment_ms: int) -> None:
        await self._connection.execute(delete(ANSWER).where(ANSWER.c.claimed_ms < moment_ms))


def _key(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    return ANSWER.c.account == claim.account, ANSWER.c.key == claim.key


def _ours(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    return *_key(claim), ANSWER.c.token == claim.token, ANSWER.c.status.is_(None)
