"""Random accounts live through years in the real service, and whatever must be true, is.

The same code as `backsight-cloud simulate`, which lives a thousand of them through five years: see
docs/billing_simulated.md. Also: the simulation sees what it is there to see.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from backsight_cloud.commands import simulate
from backsight_cloud.commands.arguments import parse
from backsight_cloud.commands.simulate import Asked, Batch, Lived, live_batch
from backsight_cloud.config import Settings
from backsight_cloud.domain.billing import windows
from backsight_cloud.domain.billing.events import Subscribed, TimePassed
from backsight_cloud.domain.calendar import Cycle
from backsight_cloud.services.simulation.comparing import Counts
from backsight_cloud.services.simulation.paid_for import PaidFor
from backsight_cloud.services.simulation.watching import Followed, Violation, Watch

DAY_MS = 86_400_000
SEED = 11
FRONT = "aabbcc000001"


def lived(numbers: tuple[int, ...], years: int = 2) -> Lived:
    return live_batch(Batch(SEED, years, numbers))


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", range(6))
def test_whatever_owners_do_for_years_all_that_must_be_true_is(kind: int) -> None:
    """Of each regime, with few slots and with many."""
    found = lived(tuple(range(kind, kind + 12, 6)))
    assert found.violation is None
    assert found.counts.events > 0


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_an_account_lives_alone_as_it_lives_among_others() -> None:
    """So that what is wrong with one can be lived again without the others."""
    alone, among = lived((4,), years=1), lived((4, 10), years=1)
    others = lived((10,), years=1)
    assert alone.counts.events + others.counts.events == among.counts.events
    assert alone.counts.movements + others.counts.movements == among.counts.movements


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_a_rule_that_is_broken_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans that end a day late: engine, previews and stored events are of one mind about it."""
    given = windows._given_by

    def late(one: Any, slots: Any, camera: str, moment_ms: int) -> str:
        return given(one, slots, camera, moment_ms - DAY_MS)

    monkeypatch.setattr(windows, "_given_by", late)
    found = [lived((number, number + 6)).violation for number in (1, 5)]
    assert any(one is not None for one in found)


def test_a_violation_says_whose_life_it_was_and_how_to_live_it_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(batch: Batch, folder: str) -> Lived:
        found = Violation("a3", 1_800_000_000_000, "something", ("1 TimePassed()",))
        return Lived(batch.numbers, Counts(), 0, 0, 1.0, found)

    monkeypatch.setattr(simulate, "live_batch", broken)
    arguments = parse(["simulate", "--accounts", "4", "--years", "1", "--seed", "7", "--jobs", "1", "--json"])
    assert simulate.run(arguments) == 1
    told = json.loads(capsys.readouterr().out)["violations"][0]
    assert told["again"] == "backsight-cloud simulate --years 1 --seed 7 --only 3"
    assert told["events"] == ["1 TimePassed()"]


def test_what_was_paid_covers_its_period_and_no_more() -> None:
    paid = PaidFor()
    line = {"plan": "plus", "camera": FRONT, "cents": 299, "from_ms": 0, "to_ms": 30 * DAY_MS}
    paid.note(Subscribed("plus", Cycle.MONTH, FRONT), [("receipt", {"lines": [line]})])
    assert paid.plan(FRONT, (), 30 * DAY_MS - 1, ()) == "plus"
    assert paid.plan(FRONT, (), 30 * DAY_MS, ()) == "free"


def test_a_bill_that_is_tried_again_covers_until_then() -> None:
    paid = PaidFor()
    line = {"plan": "premium", "camera": None, "cents": 999, "from_ms": 0, "to_ms": 30 * DAY_MS}
    paid.note(Subscribed("premium", Cycle.MONTH), [("receipt", {"lines": [line]})])
    failed = {"plan": "premium", "camera": None, "next_try_ms": 31 * DAY_MS}
    paid.note(TimePassed(), [("charge_failed", failed)])
    assert paid.plan(FRONT, (FRONT,), 30 * DAY_MS, ()) == "premium"
    assert paid.plan(FRONT, (FRONT,), 31 * DAY_MS, ()) == "free"


def test_a_trial_may_end_later_than_was_said_and_never_before() -> None:
    """Later, when the service was down, and what it was to become is declined: account 299 of seed 1."""
    over = [("trial_ended", {"plan": "premium", "camera": None})]
    for at_ms, found in ((DAY_MS - 1, 1), (4 * DAY_MS, 0)):
        watch, one = Watch(Settings(state=Path()).terms), Followed("a1", ends={("premium", None): DAY_MS})
        one.windows, one.looked_ms = {FRONT: 30 * DAY_MS}, at_ms
        watch.check_shrinking(one, TimePassed(), {FRONT: DAY_MS // 2}, over, at_ms)
        assert len(watch.violations) == found


def test_every_account_lives_in_just_one_batch() -> None:
    batches = list(simulate._batches(Asked(400, 1, 1, 1)))
    assert sorted(number for batch in batches for number in batch.numbers) == list(range(400))
    assert all(len({number % 6 for number in batch.numbers}) == 1 for batch in batches)
