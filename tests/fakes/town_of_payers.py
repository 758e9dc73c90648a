"""An account that pays, in the real database, with the sandbox as its bank: for tests of billing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.adapters.payments import SANDBOX_FILE
from backsight_cloud.adapters.payments_sandbox import SandboxPayments, open_sandbox
from backsight_cloud.config import Settings
from backsight_cloud.domain.billing.care import Care
from backsight_cloud.domain.billing.events import CameraAdded
from backsight_cloud.domain.records import Account, Camera, Hub
from backsight_cloud.domain.terms import Terms
from backsight_cloud.payment_ports import Payments
from backsight_cloud.ports import Database
from backsight_cloud.services.billing import Billing
from backsight_cloud.services.paying import Cashier
from backsight_cloud.services.plans import OwnersPlans
from backsight_cloud.services.telling import MailTells
from backsight_cloud.services.wakes import Wakes
from backsight_shared.window import WindowStep
from fakes.clock import FakeClock
from fakes.crashing import CrashingDatabase, CrashingPayments, Step

ANNA, HUB = "anna", "hub"
ZONE = "America/New_York"
GOOD_CARD, DECLINING_CARD = "4242424242424242", "4000000000000341"
KEY = b"k" * 32


def local_ms(text: str, zone: str = ZONE) -> int:
    """A local time like 2026-01-31T10:00."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


class MovedClock(FakeClock):
    """A clock that is put at a moment."""

    def put(self, now_ms: int) -> None:
        self._move_to(self.monotonic() + (now_ms - self.now_ms()) / 1000)


@dataclass
class Payers:
    """The service around one account."""

    clock: MovedClock
    database: Database
    sandbox: SandboxPayments
    billing: Billing
    cashier: Cashier
    plans: OwnersPlans
    terms: Terms
    folder: Path

    async def set_up(self, *cameras: str, model: str = "EC70") -> None:
        """Cameras are bound now, a millisecond apart."""
        async with self.database.begin() as tx:
            for place, camera in enumerate(cameras):
                now_ms = self.clock.now_ms() + place
                bound = Camera(
                    camera, ANNA, HUB, f"Camera {camera[-1]}", model, "", "", "free", "all", now_ms
                )
                window = self.terms.catalogue.window_ms("free", model)
                await tx.cameras.bind(bound, [WindowStep(now_ms, window)])
                await self.billing.apply(tx, ANNA, CameraAdded(camera), now_ms)

    async def save_card(self, number: str = GOOD_CARD) -> None:
        async with self.database.read() as tx:
            account = await tx.people.account(ANNA)
        assert account is not None
        setup = await self.plans.begin_card(account)
        await self.sandbox.give_card(setup.id, setup.client_secret, number, 12, 2040)
        await self.plans.finish_card(account, setup.id)

    async def live_until(self, text: str) -> None:
        """Time passes: what is due happens at its moment, one after the other."""
        await self.live_until_ms(local_ms(text))

    async def live_until_ms(self, end_ms: int) -> None:
        while True:
            async with self.database.read() as tx:
                next_ms = await tx.billings.next_ms()
            if next_ms is None or next_ms > end_ms:
                break
            self.clock.put(max(next_ms, self.clock.now_ms()))
            while await self.cashier.pass_time() or await self.cashier.send():
                pass
        self.clock.put(end_ms)

    async def care(self) -> Care:
        return (await self.plans.kept(ANNA)).care

    async def window_s(self, camera: str) -> int:
        """That is in force now, in seconds."""
        async with self.database.read() as tx:
            steps = await tx.cameras.steps(camera)
        return [step for step in steps if step.from_ms <= self.clock.now_ms()][-1].window_ms // 1000

    async def mails(self) -> list[str]:
        async with self.database.read() as tx:
            return [one.kind for one in await tx.outbox.mails(account=ANNA, limit=1000)][::-1]

    async def bills(self) -> list[tuple[str, int, int]]:
        """(kind, by card, by credit) of every document, the oldest first."""
        async with self.database.read() as tx:
            found = await tx.books.documents(ANNA, "", 1000)
        return [(one.document.kind, one.document.card_cents, one.document.credit_cents) for one in found][
            ::-1
        ]


@asynccontextmanager
async def payers(
    folder: Path, at: str = "2026-01-01T09:00", step: Step | None = None, *, on_disk: bool = False
) -> AsyncIterator[Payers]:
    """Anna lives in New York and has a hub. The sandbox is in memory, or keeps its book and tells its hook.

    With a `step` it is a process that can die: `fakes/crashing.py`.
    """
    clock = MovedClock(local_ms(at))
    book = folder / SANDBOX_FILE if on_disk else None
    async with (
        open_database(f"sqlite+aiosqlite:///{folder}/cloud.db") as database,
        open_sandbox(book, clock, durable=False, tells=on_disk) as sandbox,
    ):
        await _move_in(database, clock)
        yield _payers(folder, clock, database, sandbox, step)


def _payers(
    folder: Path, clock: MovedClock, database: Database, sandbox: SandboxPayments, step: Step | None
) -> Payers:
    payments: Payments = sandbox
    if step is not None:
        database, payments = CrashingDatabase(database, step), CrashingPayments(sandbox, step)
    wakes, terms = Wakes(), Settings(state=folder).terms
    billing = Billing(terms, MailTells(wakes, clock), wakes)
    cashier = Cashier(database, payments, "sandbox", billing, clock)
    return Payers(clock, database, sandbox, billing, cashier, OwnersPlans(cashier, KEY), terms, folder)


async def _move_in(database: Database, clock: MovedClock) -> None:
    async with database.begin() as tx:
        if await tx.people.account(ANNA) is None:
            await tx.people.add_account(Account(ANNA, "anna@example.org", "hash", ZONE, clock.now_ms()))
            await tx.hubs.add_hub(Hub(HUB, ANNA, "Home", "pem", clock.now_ms()))
