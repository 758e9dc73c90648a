"""One scenario of money, lived whole, and lived again with the process killed at each of its steps.

What came of it is compared as values: nothing may differ from a life without a crash.
"""

import json
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from backsight_cloud.adapters.payments_sandbox_hooks import tell_here
from backsight_cloud.billing_ports import Happened
from backsight_cloud.domain.billing import events
from backsight_cloud.domain.billing.care import Care
from backsight_cloud.domain.billing.events import Event, Subscribed
from backsight_cloud.domain.billing.folding import after
from backsight_cloud.domain.calendar import Cycle
from backsight_cloud.domain.terms import Terms
from backsight_cloud.services.bank import Bank
from backsight_cloud.services.billing import unborn
from backsight_cloud.services.paying import LEASE_MS
from backsight_cloud.services.reconciling import reconcile
from backsight_shared import shapes
from backsight_shared.clock import SystemClock
from fakes.crashing import Fuse, Killed
from fakes.town_of_payers import ANNA, GOOD_CARD, Payers, local_ms, payers

FRONT, BACK = "aabbcc000001", "aabbcc000002"
STATE = "state"  # where cloud.toml of a test has it
SETTLES_MS = 10 * 60_000  # until all that was begun is done

Live = Callable[[Payers], Awaitable[None]]


@dataclass(frozen=True)
class Scenario:
    """`prepare` happens undisturbed; then `act`, which is done again after a restart, as its caller would."""

    name: str
    at: str
    prepare: Live
    act: Live
    card: str = GOOD_CARD


@dataclass(frozen=True)
class CameTo:
    """What can be seen of it."""

    documents: list[tuple[str, str, int, int]]  # number, kind, by card, by credit
    moved: Counter[tuple[str, int]]
    books: dict[str, int]
    mails: list[str]
    windows: dict[str, int]
    subscriptions: list[tuple[str, str, str, bool, int | None]]
    credit: int
    card: str
    unanswered: int
    differences: list[str]
    folds: bool


async def lived(scenario: Scenario, folder: Path, kill_at: int, after_ms: int = 0) -> tuple[CameTo, bool]:
    """What it came to, and whether the process was killed. `folder` is as `prepared` left it; `after_ms`:
    it was killed elsewhere, so long ago.
    """
    fuse, at_ms = Fuse(kill_at), local_ms(scenario.at)
    killed = False
    if not after_ms:
        killed = await _first_life(scenario, folder, fuse)
    async with payers(folder, scenario.at, on_disk=True) as town:
        town.clock.put(at_ms + (LEASE_MS if killed else after_ms))
        await scenario.act(town)
        await settled(town, at_ms)
        return await came_to(town, at_ms), killed


async def _first_life(scenario: Scenario, folder: Path, fuse: Fuse) -> bool:
    async with payers(folder, scenario.at, fuse, on_disk=True) as town:
        try:
            await scenario.act(town)
            await town.live_until_ms(local_ms(scenario.at))
        except Killed:
            return True
    return False


async def prepared(scenario: Scenario, folder: Path) -> None:
    """The cameras are a day old, and the card is on file."""
    folder.mkdir()
    async with payers(folder, on_disk=True) as town:
        await town.set_up(FRONT, BACK)
        await town.save_card(scenario.card)
        await scenario.prepare(town)
        await town.live_until_ms(local_ms(scenario.at) - 1)


async def bought(folder: Path) -> None:
    """Anna has just paid for a month of Plus for her front camera."""
    folder.mkdir()
    async with payers(folder, on_disk=True) as town:
        await town.set_up(FRONT, BACK)
        await town.save_card()
        town.clock.put(SystemClock().now_ms() - 60_000)
        await town.plans.choose(ANNA, Subscribed("plus", Cycle.MONTH, FRONT))


async def settled(town: Payers, at_ms: int) -> None:
    """Time passes, and the provider tells what it has to tell."""
    await town.live_until_ms(at_ms + SETTLES_MS)
    await tell_here(town.sandbox, town.sandbox.hook, Bank(town.cashier))
    await town.live_until_ms(at_ms + SETTLES_MS)


async def came_to(town: Payers, at_ms: int) -> CameTo:
    care, now_ms = await town.care(), town.clock.now_ms()
    moved = [one async for page in town.sandbox.movements(0, 2**50) for one in page]
    report = await reconcile(town.cashier, 0, now_ms + 1)
    async with town.database.read() as tx:
        documents = list(await tx.books.documents(ANNA, "", 1000))[::-1]
        books = await tx.books.balances(ANNA)
        mails = [one.kind for one in await tx.outbox.mails(account=ANNA, limit=1000)]
        cameras = [one.id for one in await tx.cameras.of_account(ANNA)]
        happened = await tx.billings.events(ANNA)
        waiting = await tx.orders.waiting()
    return CameTo(
        documents=[(one.number, one.document.kind, one.document.card_cents, one.document.credit_cents)
                   for one in documents],
        moved=Counter((one.kind.value, one.cents) for one in moved),
        books={book.value: cents for book, cents in books.items() if cents},
        mails=sorted(mails),
        windows={camera: await town.window_s(camera) for camera in cameras},
        subscriptions=[(one.id, one.plan, one.status.value, one.renews, _hour(one.bill_ms))
                       for one in care.subscriptions],
        credit=care.credit_cents,
        card=care.card.last4 if care.card else "",
        unanswered=waiting.count,
        differences=[one.what for one in report.differences],
        folds=_folded(happened, town.terms) == care,
    )  # fmt: skip


def _hour(moment_ms: int | None) -> int | None:
    return None if moment_ms is None else moment_ms // 3_600_000


def _folded(happened: Sequence[Happened], terms: Terms) -> Care:
    care = unborn(ANNA)
    for one in happened:
        care = _after(care, one, terms)
    return care


def _after(care: Care, one: Happened, terms: Terms) -> Care:
    kind: type[Event] = getattr(events, one.kind)
    assert fields(kind) is not None
    return after(care, shapes.read(kind, json.loads(one.body), "event"), one.at_ms, terms).care


def copied(template: Path, folder: Path) -> Path:
    shutil.copytree(template, folder)
    return folder
