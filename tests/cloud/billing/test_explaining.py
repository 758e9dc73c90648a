"""`backsight-cloud explain` answers with the engine's own rules: a sentence for people, JSON for programs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from backsight_cloud.commands.arguments import parse
from backsight_cloud.commands.explain import BY_RULE, MakesNoSense
from backsight_cloud.commands.output import Answer

BILLS = "explain bill-dates --start 2026-01-31T10:00 --cycle month --count 4 --zone America/New_York"
SHARE = (
    "explain proration --paid 2999 --period-start 2026-03-01 --period-end 2027-03-01"
    " --on 2026-09-01 --zone America/New_York"
)


def answer(line: str) -> Answer:
    arguments = parse(line.split())
    return BY_RULE[arguments.verb](arguments)


def test_bill_dates_are_a_list_of_local_times_with_the_activation_first() -> None:
    dates = ["2026-01-31T10:00", "2026-02-28T10:00", "2026-03-31T10:00", "2026-04-30T10:00"]
    assert json.loads(answer(BILLS).text(as_json=True)) == dates


def test_bill_dates_are_read_as_a_sentence() -> None:
    lines = answer(BILLS).lines
    assert lines[0] == "A monthly subscription activated on 2026-01-31 10:00 in America/New_York is billed on"
    assert lines[2] == "  2026-02-28 10:00"


def test_a_moment_that_clocks_move_is_marked() -> None:
    moved = answer(BILLS.replace("2026-01-31T10:00", "2026-02-08T02:30"))
    assert moved.lines[2] == "  2026-03-08 03:00 (clocks are changed: the first moment that exists)"


def test_years_are_counted_too() -> None:
    dates = answer("explain bill-dates --start 2024-02-29T00:00:01 --cycle year --count 2 --zone UTC").value
    assert dates == ["2024-02-29T00:00:01", "2025-02-28T00:00:01"]


def test_a_proration_says_days_and_cents() -> None:
    assert answer(SHARE).value == {"unused_days": 180, "period_days": 365, "amount": 1479}


def test_a_proration_is_read_as_a_sentence() -> None:
    (sentence,) = answer(SHARE).lines
    assert sentence.startswith("On 2026-09-01 180 of the period's 365 days are unused: ")
    assert sentence.endswith("2999 x 180 / 365, rounded half up, is 1479 cents.")


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("--on 2026-09-01", "--on 2026-02-28", "is still to come"),
        ("--period-end 2027-03-01", "--period-end 2026-03-01", "must end on a later day"),
        ("--period-end 2027-03-01", "--period-end 2025-03-01", "must end on a later day"),
    ],
)
def test_a_question_that_contradicts_itself_is_refused(before: str, after: str, says: str) -> None:
    with pytest.raises(MakesNoSense, match=says):
        answer(SHARE.replace(before, after))


def test_dates_beyond_the_calendar_are_refused() -> None:
    with pytest.raises(MakesNoSense, match="beyond the calendar"):
        answer("explain bill-dates --start 9990-01-01T00:00 --cycle year --count 20 --zone UTC")


@pytest.mark.parametrize(
    ("line", "before", "after", "says"),
    [
        (BILLS, "2026-01-31T10:00", "2026-02-30T10:00", "is not a local time like 2026-01-31T10:00"),
        (BILLS, "2026-01-31T10:00", "2026-01-31T10:00Z", "is not a local time like 2026-01-31T10:00"),
        (BILLS, "America/New_York", "Mars", "'Mars' is not a time zone like"),
        (BILLS, "--count 4", "--count 0", "'0' is not a whole number from 1 to 1200"),
        (BILLS, "month", "week", "month"),
        (SHARE, "--paid 2999", "--paid 29.99", "'29.99' is not a whole number from 0"),
        (SHARE, "--paid 2999", "--paid=-1", "'-1' is not a whole number from 0"),
        (SHARE, "--on 2026-09-01", "--on 2026-09-31", "'2026-09-31' is not a date like 2026-01-31"),
    ],
)
def test_what_cannot_be_understood_is_named(
    capsys: pytest.CaptureFixture[str], line: str, before: str, after: str, says: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(line.replace(before, after).split())
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


@pytest.mark.slow
def test_it_works_where_there_are_no_settings_and_no_database(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "backsight_cloud", *SHARE.split(), "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=20, check=True)
    assert json.loads(done.stdout)["amount"] == 1479
    assert not list(tmp_path.iterdir())
