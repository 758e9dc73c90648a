"""The shortest way to money in the sandbox."""

from backsight_cloud.adapters.payments_sandbox import SandboxPayments
from backsight_cloud.payment_ports import CardNeedsAuthentication, Charged, ChargeOrder, Declined


async def charge_once(
    sandbox: SandboxPayments, number: str = "4242424242424242", key: str = "k1", account: str = "account-1"
) -> Charged | Declined:
    """A customer, a card, a charge of 2.99."""
    customer = await sandbox.customer(account, f"{account}@example.org")
    token = await card_of(sandbox, customer, number)
    return await sandbox.charge(ChargeOrder(key, customer, token, 299, "usd", "Plus"))


async def card_of(sandbox: SandboxPayments, customer: str, number: str) -> str:
    """The token of a new card."""
    setup = await sandbox.begin_card(customer)
    try:
        await sandbox.give_card(setup.id, setup.client_secret, number, 12, 2030)
    except CardNeedsAuthentication:
        await sandbox.authenticate(setup.id, setup.client_secret, approve=True)
    return (await sandbox.finish_card(customer, setup.id)).token
