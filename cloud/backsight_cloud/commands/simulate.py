"""`simulate`: random accounts live through years in the real service, and all that must be true is checked.

It needs no settings and no running service: a database in a temporary folder, the sandbox in memory, and a
clock of its own, which goes from each moment at which something happens to the next.
"""

import argparse
import asyncio
import json
import logging
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.adapters.payments_sandbox import SandboxPayments, open_sandbox
from backsight_cloud.adapters.payments_sandbox_cards import TEST_CARDS
from backsight_cloud.adapters.payments_sandbox_hooks import tell_here
from backsight_cloud.commands.output import when
from backsight_cloud.config import Settings
from backsight_cloud.domain.regimes import REGIMES
from backsight_cloud.domain.terms import Price, PriceStep, Terms
from backsight_cloud.services.care import CareServices
from backsight_cloud.services.simulation.comparing import Counts, compare
from backsight_cloud.services.simulation.town import Moment, Outside, found_town, live, move_in
from backsight_cloud.services.simulation.watching import Violation

START_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
TOWN = 24  # accounts that share a service
GOOD_CARD, GOOD = "4242424242424242", 40  # so often as each of the others
DEARER_AFTER_MS = 500 * 86_400_000  # everything costs more from then on
FEW_SLOTS = 2
TOWNS_OF_A_PROCESS = 8  # then another takes its place: memory stays flat


@dataclass(frozen=True, slots=True)
class Batch:
    """Accounts that live together: of one regime."""

    seed: int
    years: int
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Lived:
    """What became of a batch."""

    numbers: tuple[int, ...]
    counts: Counts
    decisions: int
    refused: int
    seconds: float
    violation: Violation | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be simulated. With `only` just that account, as it lives among the others."""

    accounts: int
    years: int
    seed: int
    jobs: int
    only: int | None = None


def run(arguments: argparse.Namespace) -> int:
    """The exit code: 1 when something is not as it must be."""
    asked = Asked(arguments.accounts, arguments.years, arguments.seed, arguments.jobs, arguments.only)
    begun = time.monotonic()
    lived = list(simulate(asked))
    _answer(asked, lived, time.monotonic() - begun, as_json=arguments.json)
    return 1 if any(one.violation for one in lived) else 0


def simulate(asked: Asked) -> Iterator[Lived]:
    """Each batch as it is done; the first that breaks is the last."""
    batches = list(_batches(asked))
    with tempfile.TemporaryDirectory(prefix="backsight-simulate-") as folder:
        lives = _together if asked.jobs > 1 else _in_turn
        for number, lived in enumerate(lives(batches, asked.jobs, folder), 1):
            _progress(number, len(batches), lived)
            yield lived
            if lived.violation:
                return


def live_batch(batch: Batch, folder: str | None = None) -> Lived:
    """In a process of its own, or here. What it writes is in a folder within this one, and goes with it."""
    logging.getLogger("backsight_cloud").setLevel(logging.ERROR)  # that a card was declined is no news
    with tempfile.TemporaryDirectory(dir=folder, prefix="town-") as own:
        return asyncio.run(_live(batch, Path(own)))


def _in_turn(batches: list[Batch], jobs: int, folder: str) -> Iterator[Lived]:
    return (live_batch(batch, folder) for batch in batches)


def _together(batches: list[Batch], jobs: int, folder: str) -> Iterator[Lived]:
    """Whoever stops early stops them all."""
    with multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=TOWNS_OF_A_PROCESS) as pool:
        yield from pool.imap_unordered(partial(live_batch, folder=folder), batches)


async def _live(batch: Batch, folder: Path) -> Lived:
    begun, counts, clock = time.monotonic(), Counts(), Moment(START_MS)
    async with (
        open_database(f"sqlite+aiosqlite:///{folder / 'cloud.db'}", durable=False) as database,
        open_sandbox(None, clock, durable=False) as sandbox,
    ):
        outside = Outside(database, sandbox, sandbox, _cards(), clock, partial(_hear, sandbox))
        town = found_town(outside, _terms(batch), batch.seed, START_MS, batch.years)
        for number in batch.numbers:
            await move_in(town, batch.seed, number)
        violation = await live(town, partial(compare, town, counts))
    seconds = time.monotonic() - begun
    return Lived(batch.numbers, counts, town.decisions, town.refused, seconds, violation)


async def _hear(sandbox: SandboxPayments, care: CareServices) -> int:
    return await tell_here(sandbox, sandbox.hook, care.bank)


def _batches(asked: Asked) -> Iterator[Batch]:
    """An account's terms depend on its number, so that it lives alone as among others."""
    if asked.only is not None:
        yield Batch(asked.seed, asked.years, (asked.only,))
        return
    kinds = 2 * len(REGIMES)
    for first in range(0, asked.accounts, kinds * TOWN):
        together = range(first, min(first + kinds * TOWN, asked.accounts))
        towns = (tuple(together[kind::kinds]) for kind in range(kinds))
        yield from (Batch(asked.seed, asked.years, numbers) for numbers in towns if numbers)


def _terms(batch: Batch) -> Terms:
    """By the batch's kind: one of three regimes, and slots enough or few; prices rise at some time."""
    number = batch.numbers[0]
    terms = Settings(state=Path()).terms
    prices = {
        what: Price((PriceStep(0, price.at(0)), PriceStep(START_MS + DEARER_AFTER_MS, price.at(0) + 100)))
        for what, price in terms.prices.items()
    }
    regime = list(REGIMES.values())[number % len(REGIMES)]
    slots = terms.slots if number % 2 else FEW_SLOTS
    return replace(terms, prices=prices, regime=regime, slots=slots)


def _cards() -> list[str]:
    return [*TEST_CARDS, *[GOOD_CARD] * GOOD]


def _progress(number: int, of: int, lived: Lived) -> None:
    rate = lived.counts.events / lived.seconds if lived.seconds else 0
    text = (
        f"{number} of {of} towns, {len(lived.numbers)} accounts in {lived.seconds:.0f} s, {rate:.0f} events/s"
    )
    sys.stderr.write(f"backsight-cloud simulate: {text}\n")


def _answer(asked: Asked, lived: list[Lived], seconds: float, *, as_json: bool) -> None:
    totals = {
        "accounts": sum(len(one.numbers) for one in lived),
        "years": asked.years,
        "seed": asked.seed,
        "seconds": round(seconds, 1),
        "decisions": sum(one.decisions for one in lived),
        "refused": sum(one.refused for one in lived),
        **{name: sum(getattr(one.counts, name) for one in lived) for name in asdict(Counts())},
    }
    broken = [_violation(asked, one.violation) for one in lived if one.violation]
    if as_json:
        print(json.dumps({**totals, "violations": broken}))
        return
    print(", ".join(f"{value} {name}" for name, value in totals.items()))
    for one in broken:
        print("\n".join(_told(one)))
    print("something is not as it must be" if broken else "everything is as it must be")


def _violation(asked: Asked, found: Violation) -> dict[str, object]:
    again = f"backsight-cloud simulate --years {asked.years} --seed {asked.seed}"
    only = f" --only {found.account.removeprefix('a')}" if found.account else f" --accounts {asked.accounts}"
    return {**asdict(found), "seed": asked.seed, "again": again + only}


def _told(one: dict[str, object]) -> list[str]:
    events = one["events"] if isinstance(one["events"], tuple) else ()
    place = f"account {one['account']}, seed {one['seed']}, {when(int(str(one['at_ms'])))} ({one['at_ms']})"
    return [f"{place}: {one['text']}", *(f"  {event}" for event in events), f"again: {one['again']}"]
