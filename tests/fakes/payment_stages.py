"""Payment providers as a contract test meets them: the adapter, its browser's side, what can go wrong."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp

from backsight_cloud.adapters.payments_sandbox import SandboxPayments, open_sandbox
from backsight_cloud.adapters.payments_stripe import StripeKeys, open_stripe
from backsight_cloud.payment_ports import Card, CardNeedsAuthentication, CardRefused, CardSetup, Payments
from fakes.clock import FakeClock
from fakes.stripe_wire import KEY, StripeWire, stripe_on_the_wire

GOOD = "4242424242424242"
REFUSED = "4000000000000002"
DECLINES = "4000000000000341"  # accepted when it is given, declined when it is charged
TO_APPROVE = "4000002500003155"
NEVER_ALONE = "4000002760003184"  # the owner must approve each charge
TIMES_OUT = "4000009900000012"  # the sandbox's own
REFUND_TIMES_OUT = "4000009900000053"

Give = Callable[[CardSetup, str, bool], Awaitable[None]]


@dataclass(frozen=True)
class Stage:
    """One provider. `lacks`: what its other side cannot do, so that nothing can be shown with it."""

    payments: Payments
    clock: FakeClock
    give: Give  # the browser gives this number; and whether the owner approves it at once
    lose_charge: Callable[[], Awaitable[None]] | None  # the next charge is made, and its answer lost
    lose_refund: Callable[[], Awaitable[None]] | None
    lacks: frozenset[str] = frozenset()
    more_than_a_page: int = 105  # movements

    async def card(self, customer: str, number: str = GOOD) -> Card:
        setup = await self.payments.begin_card(customer)
        await self.give(setup, number, True)
        return await self.payments.finish_card(customer, setup.id)


@asynccontextmanager
async def stage_of(name: str, folder: Path) -> AsyncIterator[Stage]:
    clock = FakeClock()
    match name:
        case "memory":
            async with open_sandbox(None, clock) as sandbox:
                yield replace(_of_sandbox(sandbox, clock), more_than_a_page=1_005)
        case "disk":
            async with open_sandbox(folder / "sandbox.db", clock) as sandbox:
                yield _of_sandbox(sandbox, clock)
        case "wire":
            async with stripe_on_the_wire(clock) as wire, open_stripe(_keys(KEY), wire.address) as payments:
                yield _of_wire(payments, wire, clock)
        case "localstripe":
            async with _localstripe() as address, open_stripe(_keys("sk_test_local"), address) as payments:
                yield _of_localstripe(payments, address, clock)


def _of_sandbox(sandbox: SandboxPayments, clock: FakeClock) -> Stage:
    async def give(setup: CardSetup, number: str, approve: bool) -> None:
        try:
            await sandbox.give_card(setup.id, setup.client_secret, number, 12, 2030)
        except CardNeedsAuthentication:
            if approve:
                await sandbox.authenticate(setup.id, setup.client_secret, approve=True)
        except CardRefused:
            pass  # the browser says so to its owner

    return Stage(sandbox, clock, give, None, None)


def _of_wire(payments: Payments, wire: StripeWire, clock: FakeClock) -> Stage:
    async def give(setup: CardSetup, number: str, approve: bool) -> None:
        wire.give_card(setup.id, number, approve=approve)

    async def lose_charge() -> None:
        wire.lose_next = "/v1/payment_intents"

    async def lose_refund() -> None:
        wire.lose_next = "/v1/refunds"

    return Stage(payments, clock, give, lose_charge, lose_refund)


def _of_localstripe(payments: Payments, address: str, clock: FakeClock) -> Stage:
    """The browser's side as Stripe.js has it: with the client secret and a publishable key."""

    async def give(setup: CardSetup, number: str, approve: bool) -> None:
        form = {
            "key": "pk_test_local",
            "client_secret": setup.client_secret,
            "payment_method_data[type]": "card",
            "payment_method_data[card][number]": number,
            "payment_method_data[card][exp_month]": "12",
            "payment_method_data[card][exp_year]": "2030",
            "payment_method_data[card][cvc]": "123",
        }
        await post(f"/v1/setup_intents/{setup.id}/confirm", form)
        if approve and number in (TO_APPROVE, NEVER_ALONE):
            await post(f"/v1/setup_intents/{setup.id}/confirm", {"key": "pk_test_local"})

    async def post(path: str, form: dict[str, str]) -> None:
        async with aiohttp.ClientSession() as browser, browser.post(address + path, data=form):
            pass

    async def lose(path: str) -> None:
        async with aiohttp.ClientSession() as test:
            await test.post(address + "/_config/lose", json={"path": path})

    return Stage(
        payments,
        clock,
        give,
        lambda: lose("/v1/payment_intents"),
        lambda: lose("/v1/refunds"),
        lacks=frozenset({"forgetting cards", "bounds of refunds", "time of movements"}),
    )


@asynccontextmanager
async def _localstripe() -> AsyncIterator[str]:
    file = Path(__file__).with_name("localstripe_process.py")
    process = await asyncio.create_subprocess_exec(sys.executable, str(file), stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        port = int(await asyncio.wait_for(process.stdout.readline(), 20))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()


def _keys(secret: str) -> StripeKeys:
    return StripeKeys(secret, "pk_test_browser")
