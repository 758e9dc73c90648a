"""What can happen to an account's money, each as a scenario: what was before, and what a crash falls into."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

from backsight_cloud.adapters.payments_sandbox_hooks import tell_here
from backsight_cloud.domain.billing.events import Cancelled, CycleChanged, Event, Subscribed, When
from backsight_cloud.domain.calendar import Cycle
from backsight_cloud.domain.records import Account
from backsight_cloud.services.bank import Bank
from backsight_cloud.services.cameras import NoSuchCamera
from backsight_cloud.services.care import BillingCloses
from backsight_cloud.services.unbinding import CameraUnbinding
from backsight_cloud.services.wakes import Wakes
from fakes.crash_stage import FRONT, Scenario
from fakes.town_of_payers import ANNA, DECLINING_CARD, GOOD_CARD, Payers, local_ms

TIMES_OUT, UNAVAILABLE = "4000009900000012", "4000009900000020"
REFUND_TIMES_OUT, REFUNDS_REFUSED, REFUNDS_FAIL = "4000009900000053", "4000009900000046", "4000000000005126"
SETUP = "setup"  # of the card that the browser gives: a file, for the process may be another
PLUS_MONTHLY = Subscribed("plus", Cycle.MONTH, FRONT)
PLUS_YEARLY = Subscribed("plus", Cycle.YEAR, FRONT)


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


class NewCard:
    """The owner gives the browser a card before; the service is told, and may die of it."""

    async def prepare(self, town: Payers) -> None:
        await chosen(PLUS_MONTHLY, "2026-01-31T10:00")(town)
        await town.save_card(DECLINING_CARD)
        await town.live_until("2026-03-01T12:00")
        account = await self._anna(town)
        setup = await town.plans.begin_card(account)
        await town.sandbox.give_card(setup.id, setup.client_secret, GOOD_CARD, 12, 2041)
        (town.folder / SETUP).write_text(setup.id)

    async def act(self, town: Payers) -> None:
        town.clock.put(max(local_ms("2026-03-01T13:00"), town.clock.now_ms()))
        setup = (town.folder / SETUP).read_text()
        await town.plans.finish_card(await self._anna(town), setup)

    async def _anna(self, town: Payers) -> Account:
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
