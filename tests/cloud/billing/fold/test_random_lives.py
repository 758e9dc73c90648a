"""Whatever owners, operators and banks do, in any order, late and twice: what must be true stays true.

A life that breaks is named by its seed: `live(Random(SEED), ...)` lives it again. What is checked each time
is in `checking.py`: periods are charged once, the ledger balances and agrees with the provider, refunds never
exceed their charge, time never stands still, and each camera has just the plan that its owner was told.
"""

import json
from datetime import datetime, timedelta
from fractions import Fraction
from math import floor
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backsight_cloud.domain.billing.care import Care, Subscription
from backsight_cloud.domain.billing.events import ChargeMade, CycleChanged, Event, Subscribed
from backsight_cloud.domain.billing.folding import after
from backsight_cloud.domain.billing.sheet import Folded, Item
from backsight_cloud.domain.billing.windows import plan_steps
from backsight_cloud.domain.terms import Terms
from backsight_cloud.services.simulation.checking import Checker
from backsight_cloud.services.simulation.decisions import DAY_MS
from backsight_cloud.services.simulation.lives import Step, live
from backsight_shared import shapes
from fakes.account_life import terms_of

START_MS = 1_767_276_000_000  # 2026-01-01T09:00 in New York
YEARS = 4
RANK = ("free", "plus", "premium")

SEEDS = st.integers(0, 2**32)
TERMS = st.builds(
    lambda regime, slots, dunning: terms_of(regime, slots=slots, dunning_days=dunning),
    st.sampled_from(["card", "legacy", "store"]),
    st.sampled_from([2, 10]),
    st.sampled_from([(1, 3, 5, 7), (), (40,)]),
)
MANY = settings(max_examples=100, deadline=None)


def a_life(seed: int, terms: Terms) -> list[Step]:
    return list(live(Random(seed), terms, START_MS, START_MS + YEARS * 365 * DAY_MS))


@MANY
@given(SEEDS, TERMS)
def test_what_must_be_true_is_true_after_every_step(seed: int, terms: Terms) -> None:
    checker = Checker(terms)
    for step in a_life(seed, terms):
        checker.check(step)


@settings(max_examples=30, deadline=None)
@given(SEEDS, TERMS)
def test_an_account_survives_json_at_every_step(seed: int, terms: Terms) -> None:
    for step in a_life(seed, terms):
        if step.folded:
            text = json.dumps(shapes.write(step.folded.care))
            assert shapes.read(Care, json.loads(text)) == step.folded.care


@MANY
@given(SEEDS, TERMS)
def test_the_stored_events_folded_again_give_the_same_account(seed: int, terms: Terms) -> None:
    steps = [step for step in a_life(seed, terms) if step.folded]
    care = steps[0].before
    for step in steps:
        event = shapes.read(type(step.event), json.loads(json.dumps(shapes.write(step.event))))
        folded = after(care, event, step.at_ms, terms)
        assert folded == step.folded
        care = folded.care


@MANY
@given(SEEDS, TERMS)
def test_an_answer_that_comes_twice_changes_nothing(seed: int, terms: Terms) -> None:
    answers: list[Event] = []
    for step in a_life(seed, terms):
        if not step.folded:
            continue
        if isinstance(step.event, ChargeMade):
            answers.append(step.event)
        for answer in answers[-3:]:
            if step.folded.care.charge(answer.key) is None:  # type: ignore[union-attr]
                assert after(step.folded.care, answer, step.at_ms, terms) == Folded(step.folded.care)


@MANY
@given(SEEDS, TERMS)
def test_no_camera_has_less_for_a_moment_by_another_cycle_or_by_premium(seed: int, terms: Terms) -> None:
    for step in a_life(seed, terms):
        if step.folded is None or not _is_no_step_down(step):
            continue
        before = plan_steps(step.before, step.at_ms)
        for camera, steps in plan_steps(step.folded.care, step.at_ms).items():
            assert RANK.index(steps[0][1]) >= RANK.index(before[camera][0][1])


@MANY
@given(SEEDS, st.sampled_from(["card", "legacy"]))
def test_what_comes_back_is_the_share_of_the_unused_days(seed: int, regime: str) -> None:
    for step in a_life(seed, terms_of(regime)):
        for item in _returned(step):
            ended = [
                one for one in step.before.subscriptions if (one.plan, one.camera) == (item.plan, item.camera)
            ]
            if len(ended) == 1 and ended[0].period and not step.before.left:
                assert item.cents in _worth(ended[0], step)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_the_same_seed_lives_the_same_life(seed: int) -> None:
    assert a_life(seed, terms_of()) == a_life(seed, terms_of())


@pytest.mark.parametrize("regime", ["card", "legacy", "store"])
def test_the_lives_reach_what_they_are_to_show(regime: str) -> None:
    """A property about what never happens shows nothing."""
    seen: set[str] = set()
    for seed in range(60):
        for step in a_life(seed, terms_of(regime)):
            seen.add(type(step.event).__name__)
            seen |= {mail.kind for mail in step.folded.mails} if step.folded else set()
    wanted = {"plan_changed", "trial_ended", "refund_failed", "plan_moved", "Closed", "MoneyTakenBack"}
    assert wanted | ({"charge_recovered"} if regime != "store" else set()) <= seen


def _is_no_step_down(step: Step) -> bool:
    """Another cycle, Premium, and the answers to the charges for them."""
    match step.event:
        case CycleChanged() | Subscribed():
            return True
        case ChargeMade(key):
            charge = step.before.charge(key)
            plans = {one.plan for one in charge.endings} if charge else set()
            ends_premium = "premium" in plans and charge is not None and charge.after[0].plan == "plus"
            return not ends_premium and not step.before.left and step.before.closed_ms is None
    return False


def _returned(step: Step) -> list[Item]:
    """Of what is cancelled: nobody has refunded or taken back any of it."""
    if step.folded is None or isinstance(step.event, ChargeMade):
        return []
    if any(one.left_cents < _card_cents(step.before, one.key) for one in step.before.paid):
        return []
    notes = [one for one in step.folded.documents if one.kind == "credit_note"]
    return [item for note in notes for item in note.items if item.unused_days is not None]


def _card_cents(care: Care, key: str) -> int:
    periods = [one.period for one in care.subscriptions if one.period and one.period.order == key]
    return sum(period.card_cents for period in periods)


def _worth(one: Subscription, step: Step) -> set[int]:
    """Counted day by day; nothing where all of the charge went back before."""
    period = one.period
    assert period is not None
    zone = ZoneInfo(one.zone)
    start, end, today = (
        datetime.fromtimestamp(at_ms / 1000, zone).date()
        for at_ms in (period.start_ms, period.end_ms, step.at_ms)
    )
    days = [start + timedelta(days=n) for n in range(400) if start + timedelta(days=n) < end]
    unused = sum(day > today for day in days)
    whole = floor(Fraction(period.cents * unused, len(days)) + Fraction(1, 2))
    kept_by_bank = period.cents - period.card_cents
    return {whole, min(whole, kept_by_bank)}
