"""A town of random accounts that live at once in one service: from due moment to due moment, for years.

All of it is the real service on a real database; only the clock is ours, and the bank is the sandbox.
Accounts have nothing to do with each other: each has dice of its own, and lives the same life in any town.
"""

import heapq
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from backsight_cloud.domain.billing.care import Care
from backsight_cloud.domain.billing.events import CameraAdded
from backsight_cloud.domain.records import Account, Hub
from backsight_cloud.domain.terms import Terms
from backsight_cloud.payment_ports import CardForm, CardRefused, Payments, PaymentsUnavailable
from backsight_cloud.ports import Database
from backsight_cloud.services.bank import NotKnownYet
from backsight_cloud.services.cameras import CameraBinding
from backsight_cloud.services.care import BillingCloses, CareServices, care_services
from backsight_cloud.services.people import PeopleTerms, people_services
from backsight_cloud.services.simulation.decisions import DAY_MS, MINUTE_MS, ZONES, decision, pause_ms
from backsight_cloud.services.simulation.owners import Owners
from backsight_cloud.services.simulation.watching import (
    Followed,
    HeardTells,
    Violation,
    Watch,
    Watched,
    windows_in_force,
)
from backsight_cloud.services.telling import MailTells
from backsight_cloud.services.unbinding import CameraUnbinding
from backsight_cloud.services.wakes import Wakes

YEAR_MS = 365 * DAY_MS
MOVE_IN_MS = 90 * DAY_MS  # within which accounts are set up
LOOK_EVERY_MS = 40 * DAY_MS  # at most; windows are looked at in between, at random moments
OUTAGES_A_YEAR = 2  # while the service is down
LONGEST_OUTAGE_MS = 9 * DAY_MS
DRAIN_MS = 3 * DAY_MS  # in the end, what is on its way arrives

_ACT, _LOOK, _YEAR = "act", "look", "year"


class Moment:
    """The clock of a town. Implements `Clock`; nobody sleeps by it."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def put(self, now_ms: int) -> None:
        """Forward, or nothing."""
        self._now_ms = max(now_ms, self._now_ms)

    def now_ms(self) -> int:
        return self._now_ms

    def monotonic(self) -> float:
        return self._now_ms / 1000

    async def sleep(self, seconds: float) -> None:
        raise RuntimeError("nobody sleeps in a simulation")


class AnyPassword:
    """Implements the port `Passwords`: nobody signs in."""

    async def hash(self, password: str) -> str:
        return ""

    async def verify(self, password_hash: str, password: str) -> bool:
        return True


@dataclass(frozen=True)
class Outside:
    """What a town stands on."""

    database: Database
    bank: Payments
    form: CardForm
    cards: Sequence[str]  # test cards, each as often as it is likely
    clock: Moment
    hear: Callable[[CareServices], Awaitable[int]]  # what the bank tells, given to our hook


@dataclass
class Town:
    """The services, the people, and what is to happen next."""

    outside: Outside
    care: CareServices
    owners: Owners
    watch: Watch
    wakes: Wakes
    end_ms: int
    outages: list[tuple[int, int]]
    dice: dict[str, Random] = field(default_factory=dict)
    agenda: list[tuple[int, int, str, str]] = field(default_factory=list)
    count: int = 0
    decisions: int = 0
    refused: int = 0

    def add(self, at_ms: int, what: str, who: str = "") -> None:
        self.count += 1
        heapq.heappush(self.agenda, (at_ms, self.count, what, who))


def found_town(outside: Outside, terms: Terms, seed: int, start_ms: int, years: int) -> Town:
    """Without people."""
    wakes, watch, key = Wakes(), Watch(terms), b"k" * 32
    tells = HeardTells(MailTells(wakes, outside.clock))
    database, clock = outside.database, outside.clock
    billing = Watched(terms, tells, wakes, watch)
    care = care_services(database, outside.bank, "sandbox", billing, key, clock)
    money = BillingCloses(billing, clock)
    people = people_services(
        database, AnyPassword(), PeopleTerms(key, key), wakes, clock, tells, money, billing
    )
    cameras = CameraBinding(database, terms.catalogue, wakes, clock, billing)
    unbinding = CameraUnbinding(database, wakes, clock, billing)
    owners = Owners(database, care, people, cameras, unbinding, outside.form, outside.cards, watch, clock)
    end_ms = start_ms + years * YEAR_MS
    return Town(outside, care, owners, watch, wakes, end_ms, _outages(seed, start_ms, years))


async def move_in(town: Town, seed: int, number: int) -> None:
    """An account with a hub; its first camera and its card come with its first moments."""
    name = f"a{number}"
    dice = town.dice[name] = Random(f"{seed}/{number}")
    town.watch.accounts[name] = Followed(name)
    at_ms = town.outside.clock.now_ms()
    zone = dice.choice(ZONES)
    async with town.outside.database.begin() as tx:
        await tx.people.add_account(Account(name, f"{name}@example.org", "", zone, at_ms))
        await tx.hubs.add_hub(Hub(f"hub-{name}", name, "Home", "", at_ms))
    town.add(at_ms + dice.randrange(MOVE_IN_MS), _ACT, name)


async def live(town: Town, at_years_end: Callable[[], Awaitable[None]]) -> Violation | None:
    """Until the end; the first thing that must not be ends it."""
    clock = town.outside.clock
    dice = Random(clock.now_ms())
    for year in range(1, (town.end_ms - clock.now_ms()) // YEAR_MS + 1):
        town.add(clock.now_ms() + year * YEAR_MS - DRAIN_MS, _YEAR)
    town.add(clock.now_ms() + dice.randrange(LOOK_EVERY_MS), _LOOK)
    while not town.watch.violations and (following := await _next(town)) is not None:
        at_ms, is_due = following
        clock.put(_after_outage(town, at_ms))
        if is_due or clock.now_ms() > at_ms:
            await _do_what_is_due(town)
        while town.agenda and town.agenda[0][0] <= clock.now_ms() and not town.watch.violations:
            _, _, what, who = heapq.heappop(town.agenda)
            await _happen(town, what, who, dice, at_years_end)
        await hear(town)
    if not town.watch.violations:
        await at_years_end()
    return next(iter(town.watch.violations), None)


async def _next(town: Town) -> tuple[int, bool] | None:
    """The next moment, and whether something is due then; None when it is over and nothing is on its way."""
    now_ms = town.outside.clock.now_ms()
    async with town.outside.database.read() as tx:
        due_ms = await tx.billings.next_ms()
        if now_ms >= town.end_ms:
            waits = due_ms is not None and (await tx.orders.waiting()).count
            return (due_ms, True) if waits and due_ms is not None else None
    planned_ms = min(town.agenda[0][0], town.end_ms) if town.agenda else town.end_ms
    at_ms = planned_ms if due_ms is None else min(due_ms, planned_ms)
    return at_ms, at_ms == due_ms


async def _do_what_is_due(town: Town) -> None:
    cashier = town.care.cashier
    while await cashier.pass_time() or await cashier.send():
        pass


async def _happen(
    town: Town, what: str, who: str, dice: Random, at_years_end: Callable[[], Awaitable[None]]
) -> None:
    now_ms = town.outside.clock.now_ms()
    match what:
        case "act":
            await _act(town, who, now_ms)
        case "look":
            await _look(town, now_ms)
            town.add(now_ms + dice.randrange(LOOK_EVERY_MS), _LOOK)
        case _:
            await at_years_end()


async def _act(town: Town, who: str, now_ms: int) -> None:
    """An owner does something, unless the account is closed; and then again, later."""
    dice, one = town.dice[who], town.watch.accounts[who]
    if now_ms >= town.end_ms or (one.care is not None and one.care.closed_ms is not None):
        return
    if one.care is None:
        await _begin(town, who)
    elif event := decision(dice, one.care):
        town.decisions += 1
        town.refused += not await town.owners.do(dice, who, event)
    town.add(now_ms + pause_ms(dice), _ACT, who)


async def _begin(town: Town, who: str) -> None:
    """A camera, and a card that holds for long."""
    dice = town.dice[who]
    await town.owners.do(dice, who, CameraAdded("camera0"))
    try:
        await town.owners.save_card(dice, who, dice.choice(town.outside.cards), 12)
    except (CardRefused, PaymentsUnavailable):
        return


async def hear(town: Town) -> None:
    """What the bank tells, at the next moment at which anything happens; what we cannot place, again then."""
    with suppress(NotKnownYet):
        await town.outside.hear(town.care)


async def _look(town: Town, now_ms: int) -> None:
    """At every window, at a moment at which nothing happens."""
    bound = {name: _cameras(one.care) for name, one in town.watch.accounts.items()}
    async with town.outside.database.read() as tx:
        every = [camera for cameras in bound.values() for camera in cameras]
        windows = await windows_in_force(tx, every, now_ms)
    for name, cameras in bound.items():
        found = {camera: windows[camera] for camera in cameras if camera in windows}
        town.watch.check_windows(town.watch.accounts[name], found, now_ms)
        if len(found) < len(cameras):
            town.watch.broken(name, now_ms, "a camera has no window at all")


def _cameras(care: Care | None) -> list[str]:
    return [one.camera for one in care.cameras] if care else []


def _outages(seed: int, start_ms: int, years: int) -> list[tuple[int, int]]:
    """The same for every town of a simulation."""
    dice = Random(f"{seed}/outages")
    begins = [start_ms + dice.randrange(years * YEAR_MS) for _ in range(OUTAGES_A_YEAR * years)]
    return sorted((at_ms, at_ms + dice.randint(MINUTE_MS, LONGEST_OUTAGE_MS)) for at_ms in begins)


def _after_outage(town: Town, at_ms: int) -> int:
    for begin_ms, end_ms in town.outages:
        if begin_ms <= at_ms < end_ms:
            at_ms = end_ms
    return at_ms
