"""Bill moments and prorations are those of the table, each expectation with its source."""

import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from backsight_cloud.domain.calendar import Cycle, anchored, bill_ms, local_time, moment_ms, start_of_day_ms
from backsight_cloud.domain.proration import period_days, prorated, unused_days

TABLE: dict[str, list[dict[str, Any]]] = tomllib.loads(
    (Path(__file__).parent / "examples_of_dates.toml").read_text(encoding="utf-8")
)


def named(example: dict[str, Any]) -> str:
    return f"{example['zone']} {example['start']} {example['source']}"


@pytest.mark.parametrize("example", TABLE["bills"], ids=named)
def test_it_is_billed_at_these_moments(example: dict[str, Any]) -> None:
    zone = example["zone"]
    start_ms = moment_ms(datetime.fromisoformat(example["start"]), zone)
    anchor = anchored(start_ms, zone, Cycle(example["cycle"]))
    for number, wanted in enumerate(map(datetime.fromisoformat, example["at"])):
        due_ms = bill_ms(anchor, number)
        assert local_time(due_ms, zone) == wanted.replace(tzinfo=None)
        if wanted.tzinfo is not None:
            assert due_ms == round(wanted.timestamp() * 1000)


@pytest.mark.parametrize("example", TABLE["prorations"], ids=named)
def test_so_much_of_it_is_unused(example: dict[str, Any]) -> None:
    zone = example["zone"]

    def begins_ms(name: str) -> int:
        day = example[name]
        assert type(day) is date
        return start_of_day_ms(day, zone)

    unused = unused_days(begins_ms("end"), begins_ms("on"), zone)
    days = period_days(begins_ms("start"), begins_ms("end"), zone)
    assert (unused, days) == (example["unused"], example["days"])
    assert prorated(example["paid"], unused, days) == example["cents"]


def test_every_expectation_has_a_source_and_the_worked_examples_are_among_them() -> None:
    sources = [example["source"] for kind in TABLE.values() for example in kind]
    assert all(source.startswith(("example ", "by hand")) for source in sources)
    assert {int(source[8]) for source in sources if source.startswith("example ")} | {3} == {1, 2, 3, 4, 5, 6}


def test_there_are_more_than_a_hundred() -> None:
    assert sum(map(len, TABLE.values())) > 106
