"""Lives of accounts, step by step: what is charged, what comes back, each camera's plan, what is told.

They are in `lives/`, a file for each subject. A life has a name and, after `--`, the source of what is
expected: [Q] the FAQ says so, [F] another page of the makers, [D] our decision, as the facts page marks them.
Sums that are not in the facts were found by hand. Then a line for each moment (`now>later@moment` is a plan):

    what is done => what came of it, and of the time since the line before | plans | mails

An account has camera `a` and a card since 2026-01-01, and is in New York under `card`, unless told `with`.
A bank that is named first in a line has answered so since the line before.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from backsight_cloud.domain.calendar import Cycle
from backsight_cloud.domain.terms import Price, PriceStep, Terms
from fakes.account_life import DEFAULT_TERMS, Life, terms_of

LIVES = sorted(Path(__file__).with_name("lives").glob("*.txt"))
_OF_A_LIFE = ("cameras", "regime", "zone", "away", "card")


@dataclass(frozen=True)
class Case:
    """A life and what is to come of it."""

    name: str
    source: str
    settings: dict[str, str]
    lines: list[str]


def read_cases(text: str) -> list[Case]:
    cases = []
    for part in text.split("\n# ")[1:]:
        head, *lines = [line for line in part.splitlines() if line.strip()]
        name, _, source = head.partition(" -- ")
        settings = _settings(lines.pop(0)) if lines[0].startswith("with ") else {}
        cases.append(Case(name, source, settings, lines))
    return cases


def live(case: Case) -> list[str]:
    """The lines as they come out."""
    known = {name: value for name, value in case.settings.items() if name in _OF_A_LIFE}
    life = Life(**known, terms=_terms(case.settings))  # type: ignore[arg-type]
    found = []
    for line in case.lines:
        step = line.partition("=>")[0].strip()
        when, _, actions = step.partition(" ")
        came = life.at(when, actions)
        found.append(f"{step} => {came} | {life.plans()} | {life.told()}".rstrip())
    return found


def _settings(line: str) -> dict[str, str]:
    return dict(pair.strip().split("=", 1) for pair in line.removeprefix("with ").split(";"))


def _terms(settings: dict[str, str]) -> Terms:
    numbers: dict[str, object] = {}
    for name in ("slots", "trial_days"):
        if name in settings:
            numbers[name] = int(settings[name])
    if "dunning_days" in settings:
        numbers["dunning_days"] = tuple(int(day) for day in settings["dunning_days"].split())
    if "price" in settings:
        numbers["prices"] = _prices(settings["price"])
    return terms_of(settings.get("regime", "card"), **numbers)


def _prices(text: str) -> dict[tuple[str, Cycle], Price]:
    day, _, cents = text.partition(":")
    step = PriceStep(Life().ms(f"{day}T00:00"), int(cents))
    return {**DEFAULT_TERMS.prices, ("plus", Cycle.MONTH): Price((PriceStep(0, 299), step))}


CASES = [(path.stem, case) for path in LIVES for case in read_cases(path.read_text())]


def test_there_are_at_least_a_hundred_and_each_has_a_source() -> None:
    assert len(CASES) >= 100
    assert all(case.source for _, case in CASES)


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{subject}: {case.name}") for subject, case in CASES]
)
def test_life(case: Case) -> None:
    assert live(case) == [line.rstrip() for line in case.lines]
