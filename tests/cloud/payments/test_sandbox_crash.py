"""The sandbox's book is whole after kill -9: what was answered stays answered, and nothing counts twice."""

import asyncio
import random
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from backsight_cloud.adapters.payments_sandbox import SandboxPayments, open_sandbox
from backsight_cloud.payment_ports import (
    Charged,
    ChargeOrder,
    Declined,
    Moved,
    PaymentsUnavailable,
    Refunded,
    RefundOrder,
)
from backsight_shared.clock import SystemClock
from fakes.payments import card_of

HERE = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
async def test_whatever_was_answered_before_a_kill_is_answered_so_after_it(tmp_path: Path, seed: int) -> None:
    file = tmp_path / "sandbox.db"
    answered = await killed_meanwhile(file, 0.3 + random.Random(seed).random())
    assert answered
    async with open_sandbox(file, SystemClock()) as sandbox:
        customer = await sandbox.customer("account-1", "anna@example.org")
        token = await card_of(sandbox, customer, "4242424242424242")
        for number in range(len(answered) + 1):  # the last one may have been made, or not
            charged = await sandbox.charge(ChargeOrder(f"k{number}", customer, token, 299, "usd", "Plus"))
            assert isinstance(charged, Charged)
            assert answered.get(f"k{number}", charged.charge) == charged.charge
            refunded = await sandbox.refund(RefundOrder(f"r{number}", charged.charge, 100))
            assert isinstance(refunded, Refunded)
        moved = [one async for page in sandbox.movements(0, 10**13) for one in page]
        events = await sandbox.to_tell()
    assert set(Counter(one.key for one in moved).values()) == {1}
    assert Counter(one.kind for one in moved) == {kind: len(answered) + 1 for kind in Moved}
    assert events


async def killed_meanwhile(file: Path, after_s: float) -> dict[str, str]:
    """What it had answered by then."""
    script = HERE / "fakes" / "dying_sandbox.py"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        str(file),
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": str(HERE)},
    )
    assert process.stdout is not None
    first = await asyncio.wait_for(process.stdout.readline(), 20)
    await asyncio.sleep(after_s)
    process.kill()
    said = first + await process.stdout.read()
    await process.wait()
    whole = said[: said.rfind(b"\n")].decode().splitlines()
    return dict(line.split() for line in whole)


async def test_a_book_that_is_opened_again_knows_everything(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    async with open_sandbox(file, SystemClock()) as sandbox:
        customer = await sandbox.customer("account-1", "anna@example.org")
        order = ChargeOrder(
            "k1", customer, await card_of(sandbox, customer, "4242424242424242"), 299, "usd", "Plus"
        )
        first = await sandbox.charge(order)
    async with open_sandbox(file, SystemClock()) as again:
        assert await again.customer("account-1", "anna@example.org") == customer
        assert await again.charge(order) == first


async def test_two_processes_may_use_one_book(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    async with open_sandbox(file, SystemClock()) as one, open_sandbox(file, SystemClock()) as other:
        customer = await one.customer("account-1", "anna@example.org")
        token = await card_of(one, customer, "4242424242424242")
        orders = [ChargeOrder(f"k{number}", customer, token, 299, "usd", "Plus") for number in range(20)]
        here = asyncio.gather(*(one.charge(order) for order in orders))
        there = asyncio.gather(*(other.charge(order) for order in orders))
        assert await here == await there


async def test_nobody_else_can_read_the_book(tmp_path: Path) -> None:
    async with open_sandbox(tmp_path / "sandbox.db", SystemClock()) as sandbox:
        await sandbox.customer("account-1", "anna@example.org")
        assert {file.stat().st_mode & 0o077 for file in tmp_path.iterdir()} == {0}


async def test_a_full_disk_is_no_answer_and_leaves_the_book_whole(tmp_path: Path) -> None:
    async with open_sandbox(tmp_path / "sandbox.db", SystemClock()) as sandbox:
        customer = await sandbox.customer("account-1", "anna@example.org")
        token = await card_of(sandbox, customer, "4242424242424242")
        order = ChargeOrder("k1", customer, token, 299, "usd", "Plus " * 10)
        connection = sandbox._book._connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(PaymentsUnavailable):
            await charged_often(sandbox, order)
        connection.execute("PRAGMA max_page_count = 100000")
        answers = await charged_often(sandbox, order)
        moved = [one async for page in sandbox.movements(0, 10**13) for one in page]
    assert [one.id for one in moved] == [one.charge for one in answers if isinstance(one, Charged)]


async def charged_often(sandbox: SandboxPayments, order: ChargeOrder) -> list[Charged | Declined]:
    return [await sandbox.charge(replace(order, key=f"k{number}")) for number in range(500)]
