"""A process that is killed between any two steps, and started again, has moved the right money once.

Each scenario is lived whole, and then once for each step at which it can die: what it came to is the same.
The ledger and the provider agree, documents are numbered without a gap, mails are told once, and the account
is the fold of its events.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from backsight_cloud.adapters.payments_sandbox_hooks import tell_here
from backsight_cloud.billing_ports import Order
from backsight_cloud.domain.billing.events import Cancelled, CycleChanged, Event, Subscribed, When
from backsight_cloud.domain.calendar import Cycle
from backsight_cloud.payment_ports import ChargeSettled
from backsight_cloud.ports import Transaction
from backsight_cloud.services.bank import Bank
from backsight_cloud.services.billing import Billing
from backsight_cloud.services.cameras import NoSuchCamera
from backsight_cloud.services.care import BillingCloses
from backsight_cloud.services.paying import LEASE_MS, Cashier
from backsight_cloud.services.unbinding import CameraUnbinding
from backsight_cloud.services.wakes import Wakes
from fakes.crash_stage import BACK, FRONT, CameTo, Scenario, copied, lived, prepared
from fakes.crashing import SlowPayments
from fakes.town_of_payers import ANNA, DECLINING_CARD, GOOD_CARD, Payers, local_ms, payers

TIMES_OUT, UNAVAILABLE = "4000009900000012", "4000009900000020"
REFUND_TIMES_OUT, REFUNDS_REFUSED, REFUNDS_FAIL = "4000009900000053", "4000009900000046", "4000000000005126"
PLUS_MONTHLY = Subscribed("plus", Cycle.MONTH, FRONT)
PLUS_YEARLY = Subscribed("plus", Cycle.YEAR, FRONT)

TESTS = Path(__file__).parents[2]


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Payers]:
    async with payers(tmp_path) as found:
        await found.set_up(FRONT, BACK)
        await found.save_card()
        yield found


async def nothing(town: Payers) -> None: ...


def chosen(event: Event, at: str) -> Callable[[Payers], Awaitable[None]]:
    """With a request of its own, so that asking again is asking the same."""

    async def choose(town: Payers) -> None:
        town.clock.put(max(local_ms(at), town.clock.now_ms()))
        async with town.database.read() as tx:
            done = await tx.billings.has_happened(ANNA, at)
        confirm = "" if done else (await town.plans.preview(ANNA, event)).confirm
        await town.plans.choose(ANNA, event, confirm, at)

    return choose


async def time_passes(town: Payers) -> None:
    """The worker's round, whatever the moment."""
    while await town.cashier.pass_time() or await town.cashier.send():
        pass


def at(moment: str) -> Callable[[Payers], Awaitable[None]]:
    async def act(town: Payers) -> None:
        town.clock.put(max(local_ms(moment), town.clock.now_ms()))
        await time_passes(town)

    return act


@dataclass
class NewCard:
    """The owner gives the browser a card before; the service is told, and may die of it."""

    setup: str = ""

    async def prepare(self, town: Payers) -> None:
        await chosen(PLUS_MONTHLY, "2026-01-31T10:00")(town)
        await town.save_card(DECLINING_CARD)
        await town.live_until("2026-03-01T12:00")
        account = await self._anna(town)
        setup = await town.plans.begin_card(account)
        await town.sandbox.give_card(setup.id, setup.client_secret, GOOD_CARD, 12, 2041)
        self.setup = setup.id

    async def act(self, town: Payers) -> None:
        town.clock.put(max(local_ms("2026-03-01T13:00"), town.clock.now_ms()))
        await town.plans.finish_card(await self._anna(town), self.setup)

    async def _anna(self, town: Payers):  # type: ignore[no-untyped-def]
        async with town.database.read() as tx:
            account = await tx.people.account(ANNA)
        assert account is not None
        return account


async def closes(town: Payers) -> None:
    town.clock.put(max(local_ms("2026-09-01T10:00"), town.clock.now_ms()))
    async with town.database.begin() as tx:
        account = await tx.people.account(ANNA)
        kept = await tx.billings.kept(ANNA)
        assert account is not None
        assert kept is not None
        if kept.care.closed_ms is None:
            await BillingCloses(town.billing, town.clock).close(tx, account)
    await time_passes(town)


async def unbinds(town: Payers) -> None:
    town.clock.put(max(local_ms("2026-09-01T10:00"), town.clock.now_ms()))
    with suppress(NoSuchCamera):  # it was done before the crash
        await CameraUnbinding(town.database, Wakes(), town.clock, town.billing).unbind(FRONT)
    await time_passes(town)


async def hooked(town: Payers) -> None:
    """Everything that the provider has to tell; and told before it has answered us."""
    town.clock.put(max(local_ms("2026-02-10T10:05"), town.clock.now_ms()))
    await tell_here(town.sandbox, town.sandbox.hook, Bank(town.cashier))
    await time_passes(town)


async def charged_and_not_told(town: Payers) -> None:
    await chosen(Subscribed("plus", Cycle.MONTH, FRONT), "2026-02-10T10:00")(town)
    await town.live_until("2026-02-10T10:04")


NEW = NewCard()
SUBSCRIBED = "2026-02-10T10:00"
YEAR_BEGUN = "2026-03-01T10:00"
SCENARIOS = [
    Scenario("first charge", SUBSCRIBED, nothing, chosen(PLUS_MONTHLY, SUBSCRIBED)),
    Scenario("renewal", "2026-03-10T10:00", chosen(PLUS_MONTHLY, SUBSCRIBED), at("2026-03-10T10:00")),
    Scenario(
        "cancel now",
        "2026-09-01T10:00",
        chosen(PLUS_YEARLY, YEAR_BEGUN),
        chosen(Cancelled("anna-s1", When.NOW), "2026-09-01T10:00"),
    ),
    Scenario(
        "upgrade with credit",
        "2026-02-20T10:00",
        chosen(PLUS_MONTHLY, SUBSCRIBED),
        chosen(Subscribed("premium", Cycle.MONTH), "2026-02-20T10:00"),
    ),
    Scenario(
        "year to month",
        "2026-09-01T10:00",
        chosen(Subscribed("premium", Cycle.YEAR), YEAR_BEGUN),
        chosen(CycleChanged(Cycle.MONTH), "2026-09-01T10:00"),
    ),
    Scenario("new card while past due", "2026-03-01T13:00", NEW.prepare, NEW.act),
    Scenario("closing", "2026-09-01T10:00", chosen(PLUS_YEARLY, YEAR_BEGUN), closes),
    Scenario("unbinding", "2026-09-01T10:00", chosen(PLUS_YEARLY, YEAR_BEGUN), unbinds),
    Scenario("webhook", "2026-02-10T10:05", charged_and_not_told, hooked),
]
TROUBLED = [
    *(replace(SCENARIOS[0], name=f"first charge {card}", card=card) for card in (TIMES_OUT, UNAVAILABLE)),
    *(replace(SCENARIOS[1], name=f"renewal {card}", card=card) for card in (TIMES_OUT, UNAVAILABLE)),
    *(
        replace(SCENARIOS[2], name=f"cancel now {card}", card=card)
        for card in (REFUND_TIMES_OUT, REFUNDS_REFUSED, REFUNDS_FAIL)
    ),
]


def cases() -> list[object]:
    """Each takes seconds: most are left to whoever has the time."""
    quick = {"first charge", "webhook"}
    return [
        pytest.param(one, id=one.name, marks=() if one.name in quick else pytest.mark.slow)
        for one in (*SCENARIOS, *TROUBLED)
    ]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("scenario", cases())
async def test_a_crash_at_any_step_changes_nothing(tmp_path: Path, scenario: Scenario) -> None:
    template = tmp_path / "template"
    await prepared(scenario, template)
    whole, _ = await lived(scenario, copied(template, tmp_path / "whole"), 0)
    _is_right(whole)
    kill_at, killed = 0, True
    while killed:
        kill_at += 1
        came_to, killed = await lived(scenario, copied(template, tmp_path / f"killed-{kill_at}"), kill_at)
        assert came_to == whole, f"killed at step {kill_at}"
    assert kill_at > 10


def _is_right(whole: CameTo) -> None:
    assert whole.folds
    assert whole.differences == []
    assert whole.unanswered == 0
    assert sum(whole.books.values()) == 0
    counted = [number for number, kind, _, _ in whole.documents if kind == "invoice"]
    assert [int(number.split("-")[1]) for number in counted] == list(range(1, len(counted) + 1))


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_a_process_that_is_killed_for_good_charges_once(tmp_path: Path) -> None:
    """The real thing: SIGKILL, at any step of a first charge with all that it writes."""
    scenario, template = SCENARIOS[0], tmp_path / "template"
    await prepared(scenario, template)
    whole, _ = await lived(scenario, copied(template, tmp_path / "whole"), 0)
    kill_at, code = 0, -9
    while code == -9:
        kill_at += 1
        folder = copied(template, tmp_path / f"killed-{kill_at}")
        dying = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "fakes.dying_cashier", str(folder), str(kill_at), cwd=TESTS
        )
        code = await dying.wait()
        came_to, _ = await lived(scenario, folder, 0, after_ms=LEASE_MS)
        assert came_to == whole, f"killed at step {kill_at}"
    assert (code, kill_at > 10) == (0, True)


async def test_two_workers_at_once_charge_once(town: Payers) -> None:
    await chosen(PLUS_MONTHLY, SUBSCRIBED)(town)
    town.clock.put(local_ms("2026-03-10T10:00"))
    other = another(town)
    await asyncio.gather(*(one.do_what_is_due() for one in (town.cashier, other, town.cashier, other)))
    assert await town.bills() == [("invoice", 299, 0)] * 2
    assert await moved(town) == 2


async def test_an_order_whose_lease_ends_while_the_provider_is_slow_moves_money_once(town: Payers) -> None:
    await chosen(PLUS_MONTHLY, SUBSCRIBED)(town)
    town.clock.put(local_ms("2026-03-10T10:00"))
    slow = SlowPayments(town.cashier.payments)
    first = asyncio.create_task(another(town, payments=slow).do_what_is_due())
    await slow.asked.wait()
    town.clock.put(town.clock.now_ms() + LEASE_MS + 1)
    await town.cashier.do_what_is_due()
    slow.may_answer.set()
    await first
    assert await town.bills() == [("invoice", 299, 0)] * 2
    assert await moved(town) == 2
    assert (await town.mails()).count("receipt") == 2


async def test_an_answer_that_comes_after_the_hooks_changes_nothing(town: Payers) -> None:
    await chosen(PLUS_MONTHLY, SUBSCRIBED)(town)
    town.clock.put(local_ms("2026-03-10T10:00"))
    slow = SlowPayments(town.cashier.payments)
    first = asyncio.create_task(another(town, payments=slow).do_what_is_due())
    await slow.asked.wait()
    [charge] = (await town.care()).charges
    await Bank(town.cashier).take(ChargeSettled("evt_1", charge.key, slow.charge_name))
    assert await town.bills() == [("invoice", 299, 0)] * 2
    slow.may_answer.set()
    await first
    assert await town.bills() == [("invoice", 299, 0)] * 2


async def test_an_answer_that_cannot_be_taken_does_not_hold_up_the_others(
    town: Payers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await chosen(PLUS_MONTHLY, SUBSCRIBED)(town)
    async with town.database.begin() as tx:
        await tx.orders.add(Order("of-nobody", ANNA, "charge", 299, "", town.clock.now_ms()))
        await tx.orders.add(Order("anna-x", ANNA, "refund", 10, "anna-o2", town.clock.now_ms()))
    apply = Billing.apply

    async def fails_for_one(
        self: Billing, tx: Transaction, account: str, event: Event, *more: object
    ) -> object:
        if getattr(event, "key", "") == "of-nobody":
            raise RuntimeError("a mistake of ours")
        return await apply(self, tx, account, event, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(Billing, "apply", fails_for_one)
    await town.cashier.send()
    async with town.database.read() as tx:
        good, bad = await tx.orders.order("anna-x"), await tx.orders.order("of-nobody")
    assert good is not None
    assert good.answered_ms is not None
    assert bad is not None
    assert bad.answered_ms is None


def another(town: Payers, **changed: object) -> Cashier:
    """A worker in another process: it shares nothing but the database and the provider."""
    return replace(town.cashier, turn=asyncio.Lock(), **changed)  # type: ignore[arg-type]


async def moved(town: Payers) -> int:
    """How often, by the provider's book."""
    return sum([len(page) async for page in town.sandbox.movements(0, 2**50)])
