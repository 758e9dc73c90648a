"""An operator looks at money by command, gives some back, compares, explains, and moves a test clock."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fakes.crash_stage import FRONT, STATE, bought
from fakes.town_of_payers import ANNA

pytestmark = pytest.mark.slow

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Anna has paid for Plus, by the real database and the sandbox's book."""
    asyncio.run(bought(tmp_path / STATE))
    (tmp_path / "cloud.toml").write_text('state = "state"\n')

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "backsight_cloud", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=25)

    return run


def answer(done: subprocess.CompletedProcess[str]) -> Any:
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_an_account_is_explained_by_its_identity_or_its_address(run: Run) -> None:
    by_id = answer(run("explain", "account", ANNA, "--json"))
    assert by_id == answer(run("explain", "account", "anna@example.org", "--json"))
    assert [one["plan"] for one in by_id] == ["plus", "free"]
    said = run("explain", "account", ANNA).stdout.splitlines()
    assert f"({FRONT}): 336 hours, because it has Plus anna-s1, which is paid until" in said[0]


def test_nobody_is_not_explained(run: Run) -> None:
    done = run("explain", "account", "nobody")
    assert done.returncode == 1
    assert "no account has the e-mail address or the identity nobody" in done.stderr


def test_what_an_account_pays_for_is_shown_without_its_token(run: Run) -> None:
    shown = answer(run("billing", "show", ANNA, "--json"))
    assert (shown["card"]["last4"], [one["plan"] for one in shown["subscriptions"]]) == ("4242", ["plus"])
    assert "token" not in json.dumps(shown["card"])
    assert "2.99" in run("billing", "show", ANNA).stdout


def test_credit_and_refunds_are_given_within_what_there_is(run: Run) -> None:
    assert answer(run("billing", "credit", ANNA, "150", "--json"))["credit_cents"] == 150
    [paid] = answer(run("billing", "show", ANNA, "--json"))["paid"]
    refunded = answer(run("billing", "refund", ANNA, paid["charge"], "100", "--json"))
    assert [one["cents"] for one in refunded["refunds"]] == [100]
    again = run("billing", "refund", ANNA, paid["charge"], "200")
    assert (again.returncode, "199 cents can be given back" in again.stderr) == (1, True)


def test_provider_and_ledger_are_compared(run: Run) -> None:
    same = answer(run("reconcile", "--days", "3650", "--json"))
    assert (same["report"]["movements"], same["report"]["differences"], same["unbalanced"]) == (1, [], {})
    assert run("reconcile").stdout.endswith("no differences\n")


def test_the_clock_is_not_moved_without_test_mode(run: Run) -> None:
    done = run("clock", "--to", "2099-01-01T00:00:00Z")
    assert (done.returncode, "test_mode" in done.stderr) == (1, True)
