"""Measures billing: renewals per second, the nightly comparison of 100,000 subscriptions, a change published.

Services, database and sandbox are real; SQLite is durable (synchronous = FULL), the sandbox in memory.
PostgreSQL is measured as well where its programs and asyncpg are installed: a server of our own, on a socket.
"""

import asyncio
import importlib.util
import multiprocessing
import os
import resource
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.adapters.payments_sandbox import SandboxPayments, open_sandbox
from backsight_cloud.billing_ports import Happened, Kept
from backsight_cloud.config import Settings
from backsight_cloud.domain.billing.care import (
    BoundCamera,
    CardOnFile,
    Care,
    PaidPeriod,
    Status,
    Subscription,
)
from backsight_cloud.domain.billing.events import Subscribed
from backsight_cloud.domain.calendar import Cycle
from backsight_cloud.domain.records import Account, Camera, Hub
from backsight_cloud.ports import Database
from backsight_cloud.services.billing import Billing
from backsight_cloud.services.care import CareServices, care_services
from backsight_cloud.services.entitling import Issuer, publish_forever
from backsight_cloud.services.reconciling import LOOK_BACK_MS, SETTLING_MS, reconcile
from backsight_cloud.services.telling import MailTells
from backsight_cloud.services.wakes import Wakes
from backsight_shared.signing import SigningKey
from backsight_shared.window import WindowStep

RENEWALS = 500
SUBSCRIPTIONS = 100_000
CHANGES = 30
START_MS = 1_769_853_600_000  # 2026-01-31T10:00Z
BILL_MS = 1_772_272_800_000  # 2026-02-28T10:00Z
DAY_MS = 86_400_000
POSTGRES = "15"
GOOD_CARD = "4242424242424242"


def run() -> Iterator[dict[str, Any]]:
    """One line for each figure."""
    with tempfile.TemporaryDirectory() as name:
        url = f"sqlite+aiosqlite:///{name}/cloud.db"
        yield _line("renewals, SQLite", asyncio.run(_renew(url)), "/s")
    with _postgres() as found:
        if found:
            yield _line("renewals, PostgreSQL", asyncio.run(_renew(found)), "/s")
        else:
            yield _line("renewals, PostgreSQL", "not measured: no server or no asyncpg here", "")
    yield from _apart(_reconcile)
    with tempfile.TemporaryDirectory() as name:
        took = asyncio.run(_change(f"sqlite+aiosqlite:///{name}/cloud.db"))
    yield _line("plan chosen -> charged, signed (no broker): median", statistics.median(took), "s")
    yield _line(f"plan chosen -> charged, signed (no broker): worst of {CHANGES}", max(took), "s")


class Stopped:
    """A clock that stands where it is put. Implements `Clock`."""

    def __init__(self, now_ms: int) -> None:
        self.now = now_ms

    def now_ms(self) -> int:
        return self.now

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(frozen=True)
class World:
    """The service and its bank."""

    database: Database
    sandbox: SandboxPayments
    care: CareServices
    wakes: Wakes
    clock: Stopped


async def _renew(url: str) -> float:
    """Renewals per second when many are due at once: charged, booked, invoiced, told, windows looked at."""
    async with _world(url) as world:
        for number in range(RENEWALS):
            await _subscriber(world, number)
        world.clock.now = BILL_MS
        begun = time.perf_counter()
        await world.care.cashier.do_what_is_due()
        took = time.perf_counter() - begun
        moved = [len(page) async for page in world.sandbox.movements(0, 2**50)]
        assert sum(moved) == RENEWALS, moved
    return RENEWALS / took


async def _change(url: str) -> list[float]:
    """Seconds from an owner's choice until the broker has the hub's signed document, of some choices."""
    async with _world(url) as world:
        broker = Taking()
        issuer = Issuer("cloud", SigningKey.generate())
        publishing = publish_forever(world.database, broker, issuer, world.wakes, world.clock)
        task = asyncio.ensure_future(publishing)
        took = []
        for number in range(CHANGES):
            await _subscriber(world, number, paying=False)
            world.wakes.publish.set()
            await _until(lambda: broker.taken > 0)
            await asyncio.sleep(0.05)
            broker.taken, begun = 0, time.perf_counter()
            await world.care.plans.choose(_name(number), Subscribed("plus", Cycle.MONTH, _camera(number)))
            await _until(lambda: broker.taken > 0)
            took.append(time.perf_counter() - begun)
            await asyncio.sleep(0.05)
            broker.taken = 0
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return took


async def _until(done: Any) -> None:
    async with asyncio.timeout(10):
        while not done():
            await asyncio.sleep(0.001)


class Taking:
    """Counts what is published; how long a real broker takes is measured by `entitlements`."""

    def __init__(self) -> None:
        self.taken = 0
        self.connected, self.reconnected = asyncio.Event(), asyncio.Event()
        self.connected.set()

    async def publish_entitlement(self, hub: str, document: str) -> None:
        self.taken += 1

    async def forget(self, hub: str) -> None: ...

    async def messages(self) -> AsyncIterator[Any]:
        """No hub says anything."""
        return
        yield


def _reconcile() -> Iterator[dict[str, Any]]:
    """All of them renewed within the days that a night compares: the most that there can be."""
    with tempfile.TemporaryDirectory() as name:
        took, grew = asyncio.run(_compare(Path(name)))
    what = f"nightly comparison, {SUBSCRIPTIONS} subscriptions, all just renewed"
    yield _line(what, took, "s")
    yield _line(f"{what}: memory", grew, "MB")


async def _compare(folder: Path) -> tuple[float, float]:
    book = folder / "sandbox.db"
    async with _world(f"sqlite+aiosqlite:///{folder}/cloud.db", book) as world:
        await _subscriber(world, 0)
        _fill(folder / "cloud.db", book)
        now_ms = BILL_MS + DAY_MS
        world.clock.now = now_ms
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begun = time.perf_counter()
        report = await reconcile(world.care.cashier, now_ms - LOOK_BACK_MS, now_ms - SETTLING_MS)
        took = time.perf_counter() - begun
        grew = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        assert (report.movements, report.differences) == (SUBSCRIPTIONS, ()), report
    return took, grew


def _fill(database: Path, book: Path) -> None:
    """Orders, ledger and the provider's movements, as that many renewals leave them."""
    account, answer = _name(0), '{"charge": "ch_%d"}'
    numbers = range(SUBSCRIPTIONS)
    with closing(sqlite3.connect(database)) as raw:
        raw.executemany(
            "INSERT INTO payment_order VALUES (?, ?, 'charge', 299, '', ?, 1, ?, ?, ?, NULL)",
            ((f"k{n}", account, BILL_MS, answer % n, f"ch_{n}", BILL_MS + 900) for n in numbers),
        )
        first = (raw.execute("SELECT max(id) FROM entry").fetchone()[0] or 0) + 1
        raw.executemany(
            "INSERT INTO entry VALUES (?, ?, ?, 'charge', ?)",
            ((first + n, account, BILL_MS, f"k{n}") for n in numbers),
        )
        for which, cents in (("card", 299), ("revenue", -299)):
            raw.executemany(
                "INSERT INTO posting VALUES (?, ?, ?)", ((first + n, which, cents) for n in numbers)
            )
        raw.commit()
    with closing(sqlite3.connect(book)) as raw:
        raw.executemany(
            "INSERT INTO movement (kind, key, charge, card, cents, currency, at_ms, left_cents)"
            " VALUES ('charge', ?, 0, 1, 299, 'usd', ?, 299)",
            ((f"k{n}", BILL_MS + 800) for n in numbers),
        )
        raw.commit()


@asynccontextmanager
async def _world(url: str, book: Path | None = None) -> AsyncIterator[World]:
    clock, wakes = Stopped(START_MS), Wakes()
    async with (
        open_database(url) as database,
        open_sandbox(book, clock, durable=False, tells=False) as sandbox,
    ):
        billing = Billing(Settings(state=Path()).terms, MailTells(wakes, clock), wakes)
        care = care_services(database, sandbox, "sandbox", billing, b"k" * 32, clock)
        yield World(database, sandbox, care, wakes, clock)


async def _subscriber(world: World, number: int, *, paying: bool = True) -> None:
    """An account with a camera and a card on file; if it pays, its Plus is due at BILL_MS."""
    name, camera, now_ms = _name(number), _camera(number), world.clock.now_ms()
    owner = Account(name, f"{name}@example.org", "", "UTC", now_ms - DAY_MS)
    customer = await world.sandbox.customer(name, owner.email)
    setup = await world.sandbox.begin_card(customer)
    await world.sandbox.give_card(setup.id, setup.client_secret, GOOD_CARD, 12, 2040)
    card = await world.sandbox.finish_card(customer, setup.id)
    on_file = CardOnFile(card.token, card.brand, card.last4, card.exp_month, card.exp_year)
    set_up_ms = now_ms - 2 * DAY_MS
    care = Care(name, "UTC", (BoundCamera(camera, set_up_ms),), (camera,), card=on_file)
    if paying:
        period = PaidPeriod(0, START_MS, BILL_MS, 299, 0, 299, f"{name}-o1")
        plus = Subscription(f"{name}-s1", "plus", Cycle.MONTH, Status.ACTIVE, "UTC", START_MS, camera, period)
        care = replace(care, subscriptions=(plus,), count=2)
    async with world.database.begin() as tx:
        await tx.people.add_account(owner)
        await tx.hubs.add_hub(Hub(f"hub{number}", name, "Home", "", now_ms))
        bound = Camera(camera, name, f"hub{number}", "Door", "C210", "", "", "free", "all", set_up_ms)
        await tx.cameras.bind(bound, [WindowStep(set_up_ms, 2 * DAY_MS)])
        await tx.publications.mark_due(f"hub{number}", now_ms)
        await tx.billings.set_customer(name, "sandbox", customer)
        first = Happened(1, now_ms, "Subscribed", "{}")
        await tx.billings.keep(Kept(care, 1), first, BILL_MS if paying else None)


@contextmanager
def _postgres() -> Iterator[str]:
    """The address of a server of our own; empty where there can be none."""
    programs = Path(f"/usr/lib/postgresql/{POSTGRES}/bin")
    usable = (programs / "initdb").exists() and importlib.util.find_spec("asyncpg") is not None
    if not usable:
        yield ""
        return
    folder = Path(tempfile.mkdtemp(prefix="backsight-pg-", dir="/tmp"))
    try:
        yield from _served(programs, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _served(programs: Path, folder: Path) -> Iterator[str]:
    """PostgreSQL refuses to run as root: then another user runs it."""
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres")
    data, log = folder / "data", folder / "log"

    def ask(program: str, *words: str) -> None:
        command = [*as_user, str(programs / program), *words]
        subprocess.run(command, check=True, capture_output=True, timeout=60, cwd=folder)

    ask("initdb", "-D", str(data), "-A", "trust", "-U", "postgres", "--locale=C.UTF-8")
    settings = f"-c listen_addresses= -c unix_socket_directories={folder}"
    ask("pg_ctl", "-D", str(data), "-l", str(log), "-o", settings, "-w", "start")
    try:
        yield f"postgresql+asyncpg://postgres@/postgres?host={folder}"
    finally:
        ask("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")


def _apart(measure: Any) -> list[dict[str, Any]]:
    """In a process of its own, whose memory is only this."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found: list[dict[str, Any]] = pool.apply(_listed, (measure.__name__,))
        return found


def _listed(name: str) -> list[dict[str, Any]]:
    return list(globals()[name]())


def _name(number: int) -> str:
    return f"a{number}"


def _camera(number: int) -> str:
    return f"{number:012x}"


def _line(figure: str, value: float | str, unit: str) -> dict[str, Any]:
    shown = round(value, 4) if isinstance(value, float) else value
    return {"bench": "billing", "figure": figure, "value": shown, "unit": unit}
