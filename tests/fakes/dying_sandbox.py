"""Charges one order after the other in a sandbox on disk, says each answer, and is killed meanwhile."""

import asyncio
import sys
from itertools import count
from pathlib import Path

from backsight_cloud.adapters.payments_sandbox import open_sandbox
from backsight_cloud.payment_ports import Charged, ChargeOrder, RefundOrder
from backsight_shared.clock import SystemClock
from fakes.payments import card_of


async def charge_for_ever(file: Path) -> None:
    async with open_sandbox(file, SystemClock()) as sandbox:
        customer = await sandbox.customer("account-1", "anna@example.org")
        token = await card_of(sandbox, customer, "4242424242424242")
        for number in count():
            order = ChargeOrder(f"k{number}", customer, token, 299, "usd", "Plus")
            charged = await sandbox.charge(order)
            assert isinstance(charged, Charged)
            print(order.key, charged.charge, flush=True)
            await sandbox.refund(RefundOrder(f"r{number}", charged.charge, 100))


if __name__ == "__main__":
    asyncio.run(charge_for_ever(Path(sys.argv[1])))
