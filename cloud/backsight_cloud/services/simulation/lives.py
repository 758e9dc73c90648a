"""Lives one random account through years, without a database: each step is an event and what it came to.

    for step in live(Random(7), terms, start_ms, end_ms): ...

Banks answer late, and say things twice; nobody looks at what is due for days. Each step is handed out before
the next is taken, so that whoever checks them stops at the first that is wrong.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from backsight_cloud.domain.billing.care import CardOnFile, Care, Charge, Paid, Refund
from backsight_cloud.domain.billing.due import due_ms
from backsight_cloud.domain.billing.events import (
    CameraAdded,
    CardSaved,
    ChargeDeclined,
    ChargeMade,
    Event,
    MoneyTakenBack,
    RefundMade,
    RefundRefused,
    RefundReturned,
    TimePassed,
)
from backsight_cloud.domain.billing.folding import after
from backsight_cloud.domain.billing.sheet import Folded, Refused
from backsight_cloud.domain.terms import Terms
from backsight_cloud.services.simulation.decisions import (
    DAY_MS,
    NEVER_EXPIRES,
    TEMPERS,
    ZONES,
    Temper,
    answer_after_ms,
    decision,
    pause_ms,
)

AWAY = 0.02  # chance that nobody looks at what is due for some days
RETURNED = 0.02  # chance that a refund that was made does not arrive


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a life. `folded` is None when it was refused."""

    at_ms: int
    event: Event
    before: Care
    folded: Folded | None


@dataclass
class _Walk:
    """The account, the clock, and what banks will still say."""

    dice: Random
    terms: Terms
    care: Care
    now_ms: int
    temper: Temper
    to_come: list[tuple[int, int, Event]] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    count: int = 0
    look_ms: int = 0  # nobody looks at what is due before


def live(dice: Random, terms: Terms, start_ms: int, end_ms: int, account: str = "anna") -> Iterator[Step]:
    """Every event of a random account's life."""
    care = Care(account, dice.choice(ZONES))
    walk = _Walk(dice, terms, care, start_ms, dice.choice(TEMPERS))
    yield _take(walk, CameraAdded("camera0"))
    yield _take(walk, CardSaved(CardOnFile("card", "visa", "4242", 12, NEVER_EXPIRES)))
    next_ms = start_ms + pause_ms(dice)
    while walk.now_ms < end_ms:
        event = _what_comes(walk, next_ms)
        if event is None:
            walk.now_ms = next_ms
            next_ms += pause_ms(dice)
            event = decision(dice, walk.care)
        if event is not None:
            yield _take(walk, event)


def _what_comes(walk: _Walk, next_ms: int) -> Event | None:
    """What a bank or time brings before the owner does something; the clock goes there."""
    due = due_ms(walk.care, walk.terms)
    due = None if due is None else max(due, walk.look_ms, walk.now_ms)
    if walk.to_come and walk.to_come[0][0] <= min(next_ms, next_ms if due is None else due):
        walk.now_ms, _, event = heapq.heappop(walk.to_come)
        return event
    if due is None or due > next_ms:
        return None
    walk.now_ms = due
    if walk.dice.random() < AWAY:
        walk.look_ms = walk.now_ms + walk.dice.randint(0, walk.dice.choice([1, 10, 80]) * DAY_MS)
    return TimePassed()


def _take(walk: _Walk, event: Event) -> Step:
    before = walk.care
    try:
        folded = after(before, event, walk.now_ms, walk.terms)
    except Refused:
        return Step(walk.now_ms, event, before, None)
    walk.care = folded.care
    for charge in folded.care.charges:
        _ask(walk, charge.key, _charged(walk, charge))
    for refund in folded.care.refunds:
        _ask(walk, refund.key, _refunded(walk, refund))
    for paid in folded.care.paid:
        _perhaps_dispute(walk, paid)
    return Step(walk.now_ms, event, before, folded)


def _ask(walk: _Walk, key: str, answer: Event) -> None:
    """Banks answer once for each key; some say it twice."""
    if key in walk.asked:
        return
    walk.asked.add(key)
    at_ms = walk.now_ms + answer_after_ms(walk.dice, walk.temper)
    _say(walk, at_ms, answer)
    if walk.dice.random() < walk.temper.repeats:
        _say(walk, at_ms + walk.dice.randint(0, walk.dice.choice([1_000, 3 * DAY_MS])), answer)
    if isinstance(answer, RefundMade) and walk.dice.random() < RETURNED:
        cents = next(one.cents for one in walk.care.refunds if one.key == key)
        _say(walk, at_ms + 5 * DAY_MS, RefundReturned(key, cents))


def _say(walk: _Walk, at_ms: int, event: Event) -> None:
    walk.count += 1
    heapq.heappush(walk.to_come, (at_ms, walk.count, event))


def _charged(walk: _Walk, charge: Charge) -> Event:
    if walk.dice.random() < walk.temper.declines:
        return ChargeDeclined(charge.key, "insufficient_funds", "there is not enough money")
    return ChargeMade(charge.key, f"ch_{charge.key}")


def _refunded(walk: _Walk, refund: Refund) -> Event:
    if walk.dice.random() < walk.temper.refuses_refunds:
        return RefundRefused(refund.key, "the card takes nothing back")
    return RefundMade(refund.key)


def _perhaps_dispute(walk: _Walk, paid: Paid) -> None:
    key = f"dispute {paid.key}"
    if key in walk.asked:
        return
    walk.asked.add(key)
    if walk.dice.random() < walk.temper.takes_back:
        at_ms = walk.now_ms + walk.dice.randint(0, 60 * DAY_MS)
        _say(walk, at_ms, MoneyTakenBack(paid.charge, paid.left_cents))
