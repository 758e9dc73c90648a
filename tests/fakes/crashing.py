"""A process that dies at a step, in the test's own process: from there on nothing that it does has an effect.

Steps are the moments before each transaction, before its commit and after it, and before and after each call
to the provider: a call that was made and whose answer nobody heard.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from backsight_cloud.payment_ports import (
    Card,
    CardSetup,
    Charged,
    ChargeOrder,
    Declined,
    Movement,
    Payments,
    Refunded,
    RefundOrder,
    RefundRefused,
)
from backsight_cloud.ports import Database, Transaction

Step = Callable[[], None]


class Killed(BaseException):
    """No `except Exception` catches the end of a process."""


class Fuse:
    """Burns down step by step; a step of 0 never comes."""

    def __init__(self, kill_at: int) -> None:
        self.steps = 0
        self._kill_at = kill_at

    def __call__(self) -> None:
        self.steps += 1
        if self._kill_at and self.steps >= self._kill_at:
            raise Killed


class CrashingDatabase:
    """Implements the port `Database` over a real one."""

    def __init__(self, database: Database, step: Step) -> None:
        self._database, self._step = database, step

    def begin(self) -> AbstractAsyncContextManager[Transaction]:
        return self._begin()

    def read(self) -> AbstractAsyncContextManager[Transaction]:
        return self._read()

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[Transaction]:
        self._step()
        async with self._database.begin() as tx:
            yield tx
            self._step()  # all is written, nothing is committed
        self._step()

    @asynccontextmanager
    async def _read(self) -> AsyncIterator[Transaction]:
        self._step()
        async with self._database.read() as tx:
            yield tx


class CrashingPayments:
    """Implements the port `Payments` over a real one."""

    def __init__(self, payments: Payments, step: Step) -> None:
        self._payments, self._step = payments, step

    async def customer(self, account: str, email: str) -> str:
        self._step()
        answer = await self._payments.customer(account, email)
        self._step()
        return answer

    async def begin_card(self, customer: str) -> CardSetup:
        self._step()
        answer = await self._payments.begin_card(customer)
        self._step()
        return answer

    async def finish_card(self, customer: str, setup: str) -> Card:
        self._step()
        answer = await self._payments.finish_card(customer, setup)
        self._step()
        return answer

    async def forget_card(self, customer: str, token: str) -> None:
        self._step()
        await self._payments.forget_card(customer, token)
        self._step()

    async def forget_customer(self, customer: str) -> None:
        self._step()
        await self._payments.forget_customer(customer)
        self._step()

    async def charge(self, order: ChargeOrder) -> Charged | Declined:
        self._step()
        answer = await self._payments.charge(order)
        self._step()
        return answer

    async def refund(self, order: RefundOrder) -> Refunded | RefundRefused:
        self._step()
        answer = await self._payments.refund(order)
        self._step()
        return answer

    def movements(self, from_ms: int, to_ms: int) -> AsyncIterator[Sequence[Movement]]:
        return self._payments.movements(from_ms, to_ms)


class SlowPayments(CrashingPayments):
    """A charge is made at once, and answered only when the test lets it."""

    def __init__(self, payments: Payments) -> None:
        super().__init__(payments, lambda: None)
        self.asked, self.may_answer = asyncio.Event(), asyncio.Event()
        self.charge_name = ""

    async def charge(self, order: ChargeOrder) -> Charged | Declined:
        answer = await super().charge(order)
        self.charge_name = answer.charge if isinstance(answer, Charged) else ""
        self.asked.set()
        await self.may_answer.wait()
        return answer
