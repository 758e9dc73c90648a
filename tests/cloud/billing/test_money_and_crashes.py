"""A process that is killed between any two steps, and started again, has moved the right money once.

Each scenario is lived whole, and then once for each step at which it can die: what it came to is the same.
The ledger and the provider agree, documents are numbered without a gap, mails are told once, and the account
is the fold of its events.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from backsight_cloud.billing_ports import Order
from backsight_cloud.domain.billing.events import Event
from backsight_cloud.payment_ports import ChargeSettled
from backsight_cloud.ports import Transaction
from backsight_cloud.services.bank import Bank
from backsight_cloud.services.billing import Billing
from backsight_cloud.services.paying import LEASE_MS, Cashier
from fakes.crash_stage import BACK, FRONT, CameTo, Scenario, copied, lived, prepared
from fakes.crashing import SlowPayments
from fakes.forked import KILLED, forked
from fakes.scenes_of_money import PLUS_MONTHLY, SCENARIOS, SUBSCRIBED, TROUBLED, chosen
from fakes.town_of_payers import ANNA, Payers, local_ms, payers

STRIDE = int(os.environ.get("BACKSIGHT_STRIDE", "7"))  # between two steps of a kill; 1 took 45 to 97 s


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Payers]:
    async with payers(tmp_path) as found:
        await found.set_up(FRONT, BACK)
        await found.save_card()
        yield found


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
@pytest.mark.timeout(240)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=[one.name for one in SCENARIOS])
async def test_a_process_that_is_killed_for_good_moves_the_right_money(
    tmp_path: Path, scenario: Scenario
) -> None:
    """SIGKILL of a process with all that it writes: each step of the first charge, some of the others."""
    template, stride = tmp_path / "template", 1 if scenario is SCENARIOS[0] else STRIDE
    await prepared(scenario, template)
    whole, _ = await lived(scenario, copied(template, tmp_path / "whole"), 0)
    kill_at, code = 1 - stride, KILLED
    async with forked("fakes.dying_cashier", scenario.name) as lives:
        while code == KILLED:
            kill_at += stride
            folder = copied(template, tmp_path / f"killed-{kill_at}")
            code, _ = await lives.live(folder, kill_at)
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
