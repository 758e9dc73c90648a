"""Has the payment provider forget people whose accounts are closed, with their cards."""

import logging

from backsight_cloud.payment_ports import PaymentsUnavailable
from backsight_cloud.services.paying import Cashier

AT_ONCE = 50
EVERY_S = 3600.0

log = logging.getLogger(__name__)


async def forget_customers(cashier: Cashier) -> int:
    """How many. One for whom money is still on its way stays until that is answered."""
    count = 0
    async with cashier.database.read() as tx:
        closed = await tx.billings.closed_customers(cashier.provider, AT_ONCE)
    for account, customer in closed:
        if await _money_is_on_its_way(cashier, account):
            continue
        await cashier.payments.forget_customer(customer)
        async with cashier.database.begin() as tx:
            await tx.billings.drop_customer(account, cashier.provider)
        count += 1
    return count


async def forget_customers_forever(cashier: Cashier) -> None:
    """What fails is done again: forgetting twice is forgetting once."""
    while True:
        try:
            await forget_customers(cashier)
        except PaymentsUnavailable as error:
            log.warning("people of closed accounts are forgotten later: %s", error)
        await cashier.clock.sleep(EVERY_S)


async def _money_is_on_its_way(cashier: Cashier, account: str) -> bool:
    async with cashier.database.read() as tx:
        kept = await tx.billings.kept(account)
    return kept is not None and bool(kept.care.charges or kept.care.refunds)
