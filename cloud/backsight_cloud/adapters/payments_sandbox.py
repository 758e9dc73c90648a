"""The sandbox: a payment provider inside the service, with test cards and no money.

It keeps its own book (`payments_sandbox_book.py`), which our crashes do not touch, answers a key once and for
ever, and tells later what happened through the same hook as a real provider. It lives by the clock that it is
given: cards expire when that says so.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from backsight_cloud.adapters.payments_sandbox_book import Book, Page, open_book
from backsight_cloud.adapters.payments_sandbox_cards import FINAL, reason_of
from backsight_cloud.adapters.payments_sandbox_giving import (
    authenticated,
    begin,
    finished,
    given,
    raise_unless_done,
)
from backsight_cloud.adapters.payments_sandbox_hooks import Delivery, SandboxHook, delivery_of
from backsight_cloud.adapters.payments_sandbox_money import Till
from backsight_cloud.payment_ports import (
    Card,
    CardSetup,
    Charged,
    ChargeOrder,
    Declined,
    Movement,
    PaymentsRefuseUs,
    PaymentsUnavailable,
    Refunded,
    RefundOrder,
    RefundRefused,
)
from backsight_shared.clock import Clock

LEAST_CENTS = 50  # as a real provider, it takes no less
PAGE = 1_000  # movements at a time
TOLD_AT_ONCE = 100  # events

T = TypeVar("T")


class SandboxPayments:
    """Implements the ports `Payments` and `CardForm`."""

    def __init__(self, book: Book, clock: Clock, pool: ThreadPoolExecutor | None, *, tells: bool) -> None:
        self.hook = SandboxHook(book.hook_secret, clock)
        self._book = book
        self._clock = clock
        self._pool = pool
        self._tells = tells

    async def customer(self, account: str, email: str) -> str:
        return await self._written(lambda page: page.customer(account, email))

    async def begin_card(self, customer: str) -> CardSetup:
        secret = secrets.token_urlsafe(24)
        setup = await self._written(lambda page: begin(page, customer, secret))
        return CardSetup(setup, secret, url=f"/sandbox/setups/{setup}")

    async def finish_card(self, customer: str, setup: str) -> Card:
        return await self._written(lambda page: finished(page, customer, setup))

    async def forget_card(self, customer: str, token: str) -> None:
        await self._written(lambda page: page.forget_card(customer, token))

    async def forget_customer(self, customer: str) -> None:
        await self._written(lambda page: page.forget_customer(customer))

    async def charge(self, order: ChargeOrder) -> Charged | Declined:
        if order.cents < LEAST_CENTS:
            raise PaymentsRefuseUs(f"{order.key}: {order.cents} cents are less than a card is charged for")
        answer, in_time = await self._written(lambda page: self._till(page).charged(order))
        if answer is None or not in_time:
            raise PaymentsUnavailable(f"the sandbox did not answer the charge {order.key}")
        if answer.id:
            return Charged(answer.id)
        return Declined(answer.code, reason_of(answer.code), answer.code in FINAL)

    async def refund(self, order: RefundOrder) -> Refunded | RefundRefused:
        if order.cents < 1:
            raise PaymentsRefuseUs(f"{order.key}: {order.cents} cents cannot be refunded")
        answer, in_time = await self._written(lambda page: self._till(page).refunded(order))
        if not in_time:
            raise PaymentsUnavailable(f"the sandbox did not answer the refund {order.key}")
        if answer.id:
            return Refunded(answer.id)
        return RefundRefused(answer.code, "this card takes no refund of that sum")

    async def movements(self, from_ms: int, to_ms: int) -> AsyncIterator[Sequence[Movement]]:
        place = (from_ms, 0)
        while True:
            page, place = await self._movements(place, to_ms)
            if page:
                yield page
            if len(page) < PAGE:
                return

    async def _movements(
        self, place: tuple[int, int], to_ms: int
    ) -> tuple[Sequence[Movement], tuple[int, int]]:
        now_ms = self._clock.now_ms()
        return await self._written(lambda page: page.movements(place, to_ms, PAGE, now_ms))

    # ------------------------------------------------------------ the browser's side

    async def give_card(
        self, setup: str, client_secret: str, number: str, exp_month: int, exp_year: int
    ) -> None:
        expiry, now_ms = (exp_month, exp_year), self._clock.now_ms()
        outcome = await self._written(lambda page: given(page, setup, client_secret, number, expiry, now_ms))
        raise_unless_done(outcome)

    async def authenticate(self, setup: str, client_secret: str, *, approve: bool) -> None:
        raise_unless_done(
            await self._written(lambda page: authenticated(page, setup, client_secret, approve))
        )

    # ------------------------------------------------------------ what is to be told

    async def to_tell(self) -> Sequence[Delivery]:
        """What is due to be posted to our hook, signed as of now; it stays due until it is `told`."""
        now_ms, book = self._clock.now_ms(), self._book
        rows = await self._written(lambda page: page.to_tell(now_ms, TOLD_AT_ONCE))
        return [delivery_of(number, book.name, body, book.hook_secret, now_ms) for number, body in rows]

    async def next_to_tell_ms(self) -> int | None:
        """When something is due to be told; None when nothing is to come."""
        return await self._written(lambda page: page.next_to_tell_ms())

    async def told(self, deliveries: Sequence[Delivery]) -> None:
        numbers = [one.number for one in deliveries]
        await self._written(lambda page: page.told(numbers))

    def _till(self, page: Page) -> Till:
        return Till(page, self._clock.now_ms(), self._tells)

    async def _written(self, work: Callable[[Page], T]) -> T:
        """In the pool's thread, or right here when nothing waits for a disk."""

        def in_transaction() -> T:
            with self._book.transaction() as page:
                return work(page)

        if self._pool is None:
            return in_transaction()
        return await asyncio.get_running_loop().run_in_executor(self._pool, in_transaction)


@asynccontextmanager
async def open_sandbox(
    file: Path | None, clock: Clock, *, durable: bool = True, tells: bool = True
) -> AsyncIterator[SandboxPayments]:
    """A sandbox with its book in this file, or in memory. `tells=False`: nothing is kept for the hook."""
    book = open_book(file, durable=durable)
    pool = ThreadPoolExecutor(1, thread_name_prefix="sandbox") if file and durable else None
    try:
        yield SandboxPayments(book, clock, pool, tells=tells)
    finally:
        if pool:
            pool.shutdown()
        book.close()
