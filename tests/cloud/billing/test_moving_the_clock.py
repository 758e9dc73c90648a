"""In test mode an operator moves the service's clock: what is due happens in its order, as if lived.

Only forward, and kept over a restart. The machine's own clock goes on below it: certificates, the broker and
hubs' tokens never hear of it.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509

from backsight_cloud.adapters.authority import AuthorityOfNow, open_authority
from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.adapters.moving_clock import ClockUnreadable, MovingClock, WantedMoment
from backsight_cloud.adapters.payments_sandbox_hooks import TellsHere
from backsight_cloud.adapters.secret_files import make_private_folder
from backsight_cloud.domain.billing.events import Subscribed
from backsight_cloud.domain.calendar import Cycle, anchored, bill_ms
from backsight_cloud.ports import Database
from backsight_cloud.services.bank import Bank
from backsight_cloud.services.moving import FARTHEST_MS, ClockMoves, ClockNotMoved, move, move_forever
from backsight_cloud.services.wakes import Wakes
from fakes.clock import NOON_MS, FakeClock, settle
from fakes.crash_stage import FRONT, STATE, bought
from fakes.hub_keys import HubKey
from fakes.town_of_payers import ANNA, ZONE, Payers, local_ms, payers
from stage.cloud import Cloud, trusting

DAY_MS = 24 * 3_600_000
LATE_MS = 10_000  # the machine's time goes on while it bills
PLUS = Subscribed("plus", Cycle.MONTH, FRONT)


@pytest.fixture
def machine() -> FakeClock:
    return FakeClock()


@pytest.fixture
def clock(machine: FakeClock, tmp_path: Path) -> MovingClock:
    return MovingClock(machine, tmp_path / "clock.json")


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Payers]:
    async with payers(tmp_path, on_disk=True) as found:
        await found.set_up(FRONT)
        await found.save_card()
        found.clock.put(local_ms("2026-01-31T10:00"))
        await found.plans.choose(ANNA, PLUS)
        yield found


class Puts:
    """Moves a fake clock, and notes where it was put."""

    def __init__(self, town: Payers) -> None:
        self._town = town
        self.moments: list[int] = []

    def move_to(self, moment_ms: int) -> None:
        self.moments.append(moment_ms)
        self._town.clock.put(max(moment_ms, self._town.clock.now_ms()))


# ---------------------------------------------------------------- the clock


def test_it_shows_the_machines_time_until_it_is_moved(clock: MovingClock, machine: FakeClock) -> None:
    assert clock.now_ms() == machine.now_ms()
    clock.move_to(NOON_MS + DAY_MS)
    machine.jump(5)
    assert (clock.now_ms(), clock.ahead_ms) == (NOON_MS + DAY_MS + 5, DAY_MS)


def test_it_never_goes_back(clock: MovingClock) -> None:
    clock.move_to(NOON_MS + DAY_MS)
    clock.move_to(NOON_MS)
    assert clock.now_ms() == NOON_MS + DAY_MS


def test_a_restart_does_not_go_back_in_time(clock: MovingClock, machine: FakeClock, tmp_path: Path) -> None:
    clock.move_to(NOON_MS + DAY_MS)
    assert MovingClock(machine, tmp_path / "clock.json").now_ms() == NOON_MS + DAY_MS


async def test_whoever_sleeps_wakes_when_it_is_moved_over_their_time(clock: MovingClock) -> None:
    sleeping = asyncio.create_task(clock.sleep(3600))
    await settle()
    clock.move_to(NOON_MS + 3_599_000)
    await settle()
    assert not sleeping.done()
    clock.move_to(NOON_MS + 3_600_000)
    await asyncio.wait_for(sleeping, 1)


async def test_they_wake_by_the_machines_time_as_well(clock: MovingClock, machine: FakeClock) -> None:
    clock.move_to(NOON_MS + DAY_MS)
    sleeping = asyncio.create_task(clock.sleep(10))
    await machine.advance(10)
    await asyncio.wait_for(sleeping, 1)


@pytest.mark.parametrize("text", ["", "{}", '{"ahead_ms": -1}', '{"ahead_ms": "1"}', "[]"])
def test_a_file_that_says_nothing_stops_the_service(machine: FakeClock, tmp_path: Path, text: str) -> None:
    file = tmp_path / "clock.json"
    file.write_text(text)
    with pytest.raises(ClockUnreadable, match=r"clock\.json"):
        MovingClock(machine, file)


def test_certificates_go_by_the_machines_clock(machine: FakeClock, tmp_path: Path) -> None:
    make_private_folder(tmp_path / "secrets")
    authority = AuthorityOfNow(open_authority(tmp_path / "secrets", machine.now_ms()), machine)
    issued = authority.issue(HubKey().csr(), "hub", NOON_MS + 400 * DAY_MS)
    made = x509.load_pem_x509_certificate(issued.certificate_pem.encode())
    assert made.not_valid_before_utc <= datetime.fromtimestamp(NOON_MS / 1000, UTC)


# ---------------------------------------------------------------- being moved


async def test_a_year_is_billed_at_each_bill_moment(town: Payers) -> None:
    await move(Puts(town), town.cashier, local_ms("2027-01-31T10:00"), Wakes())
    async with town.database.read() as tx:
        papers = await tx.books.documents(ANNA, "", 100)
    anchor = anchored(local_ms("2026-01-31T10:00"), ZONE, Cycle.MONTH)
    assert [one.at_ms for one in papers][::-1] == [bill_ms(anchor, number) for number in range(13)]


async def test_it_comes_to_what_living_it_comes_to(town: Payers, tmp_path: Path) -> None:
    await move(Puts(town), town.cashier, local_ms("2027-01-31T10:00"), Wakes())
    (tmp_path / "lived").mkdir()
    async with payers(tmp_path / "lived", on_disk=True) as other:
        await other.set_up(FRONT)
        await other.save_card()
        other.clock.put(local_ms("2026-01-31T10:00"))
        await other.plans.choose(ANNA, PLUS)
        await other.live_until("2027-01-31T10:00")
        assert await other.bills() == await town.bills()
        assert await other.mails() == await town.mails()
        assert (await other.care()).subscriptions == (await town.care()).subscriptions


async def test_it_stops_at_no_moment_before_it_and_none_twice(town: Payers) -> None:
    puts = Puts(town)
    await move(puts, town.cashier, local_ms("2026-06-01T00:00"), Wakes())
    assert puts.moments == sorted(set(puts.moments))
    assert puts.moments[-1] == local_ms("2026-06-01T00:00")


async def test_what_the_provider_has_to_tell_is_told_at_its_moment(town: Payers) -> None:
    await town.save_card("4000000000000259")  # disputed a minute after each charge
    telling = TellsHere(town.sandbox, town.sandbox.hook, Bank(town.cashier))
    await move(Puts(town), town.cashier, local_ms("2026-03-01T00:00"), Wakes(), telling)
    async with town.database.read() as tx:
        happened = [one for one in await tx.billings.events(ANNA) if one.kind == "MoneyTakenBack"]
    assert [one.at_ms for one in happened] == [local_ms("2026-02-28T10:01")]


async def test_a_moment_that_somebody_left_is_moved_to_and_forgotten(town: Payers, tmp_path: Path) -> None:
    wanted, wakes, puts = WantedMoment(tmp_path / "wanted.json"), Wakes(), Puts(town)
    moving = asyncio.create_task(move_forever(puts, wanted, town.cashier, wakes))
    ClockMoves(town.clock, wanted, wakes).ask(local_ms("2026-04-01T00:00"))
    async with asyncio.timeout(5):
        while wanted.take() is not None:
            await asyncio.sleep(0.01)
    moving.cancel()
    await asyncio.gather(moving, return_exceptions=True)
    assert town.clock.now_ms() == local_ms("2026-04-01T00:00")


@pytest.mark.parametrize("ahead_ms", [0, -1, FARTHEST_MS + 1])
def test_it_is_not_moved_back_nor_beyond_reason(clock: MovingClock, tmp_path: Path, ahead_ms: int) -> None:
    moves = ClockMoves(clock, WantedMoment(tmp_path / "wanted.json"), Wakes())
    with pytest.raises(ClockNotMoved):
        moves.ask(NOON_MS + ahead_ms)
    assert moves.wanted_ms is None


# ---------------------------------------------------------------- the real service


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_the_service_lives_through_a_year_in_seconds(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, None)
    cloud.write_config()
    with cloud.config.open("a") as file:
        file.write("[billing]\ntest_mode = true\n")
    await bought(tmp_path / STATE)
    await cloud.start()
    try:
        now_ms = (await cloud.run("clock"))["now_ms"]
        to_ms = now_ms + 365 * DAY_MS
        to = datetime.fromtimestamp(to_ms / 1000, UTC).isoformat()
        await cloud.run("clock", "--to", to)
        await _until_it_shows(cloud, to_ms)
        await _healthy(cloud)
        await cloud.stop()
        await cloud.start()
        assert (await cloud.run("clock"))["now_ms"] >= to_ms
        await _healthy(cloud)
    finally:
        await cloud.stop()
    made = x509.load_pem_x509_certificate((tmp_path / STATE / "tls" / "server.crt").read_bytes())
    assert made.not_valid_before_utc < datetime.fromtimestamp(now_ms / 1000 + 3600, UTC)
    async with open_database(f"sqlite+aiosqlite:///{tmp_path / STATE}/cloud.db") as database:
        billed, expected = await _bill_moments(database), await _expected(database, to_ms)
    assert len(billed) == len(expected) >= 12
    assert all(0 <= at_ms - due_ms < LATE_MS for at_ms, due_ms in zip(billed, expected, strict=True))
    assert (await cloud.run("reconcile", "--days", "400"))["report"]["differences"] == []


async def _until_it_shows(cloud: Cloud, to_ms: int) -> None:
    async with asyncio.timeout(60):
        while (await cloud.run("clock"))["now_ms"] < to_ms:
            await asyncio.sleep(0.2)
        while (cloud.folder / STATE / "clock-wanted.json").exists():
            await asyncio.sleep(0.1)


async def _healthy(cloud: Cloud) -> None:
    """By HTTPS: the certificate holds today, the broker is there, and no worker is in trouble."""
    context = trusting(cloud.ca_file)
    async with aiohttp.ClientSession() as http, asyncio.timeout(20):
        while True:
            async with http.get(f"{cloud.addresses['https']}/v1/health", ssl=context) as answer:
                if (await answer.json())["ok"]:
                    return
            await asyncio.sleep(0.2)


async def _bill_moments(database: Database) -> list[int]:
    async with database.read() as tx:
        return [one.at_ms for one in await tx.books.documents(ANNA, "", 100)][::-1]


async def _expected(database: Database, to_ms: int) -> list[int]:
    async with database.read() as tx:
        kept = await tx.billings.kept(ANNA)
    assert kept is not None
    anchor = kept.care.subscriptions[0].anchor
    moments = [bill_ms(anchor, number) for number in range(14)]
    return [one for one in moments if one <= to_ms]
