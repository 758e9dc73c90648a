"""An operator shows, signs out and closes accounts by command; nothing is for good without --yes."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.domain.people import SecondFactor
from backsight_cloud.domain.records import Session
from backsight_shared.clock import SystemClock
from fakes.household import DOOR, a_camera, a_hub, a_run, a_window, segments_of

pytestmark = pytest.mark.slow

ANN = "ann@example.org"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "cloud.toml").write_text('state = "state"\n')

    def run(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "backsight_cloud", *words]
        return subprocess.run(command, cwd=tmp_path, input=stdin, capture_output=True, text=True, timeout=25)

    assert run("account", "add", ANN, stdin="correct horse\n").returncode == 0
    return run


def answer(done: subprocess.CompletedProcess[str]) -> Any:
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


async def furnish(folder: Path) -> None:
    """A hub, a camera with half a minute of video, a session and a second factor."""
    now_ms = SystemClock().now_ms()
    url = f"sqlite+aiosqlite:///{folder}/state/cloud.db"
    async with open_database(url) as database, database.begin() as tx:
        ann = await tx.people.account_by_email(ANN)
        assert ann is not None
        run = a_run(now_ms - 60_000)
        await tx.hubs.add_hub(a_hub("hub", ann.id))
        await tx.cameras.bind(a_camera(DOOR, ann.id, "hub"), a_window())
        await tx.footage.add_run(ann.id, run, 4)
        await tx.footage.add_segments(ann.id, segments_of(run))
        session = Session("hash", ann.id, now_ms, now_ms + 60_000, "id", now_ms, "Firefox", "192.0.2.1")
        await tx.people.add_session(session)
        await tx.factors.put(SecondFactor(ann.id, "sealed", now_ms))


@pytest.fixture
def furnished(run: Run, tmp_path: Path) -> Run:
    asyncio.run(furnish(tmp_path))
    return run


def test_an_account_is_shown_without_its_secrets(furnished: Run) -> None:
    shown = answer(furnished("account", "show", ANN, "--json"))
    assert (shown["email"], shown["role"], shown["second_factor"]) == (ANN, "owner", True)
    assert (shown["cameras"], shown["hubs"], shown["sessions"]) == ([DOOR], ["hub"], 1)
    assert not {"password_hash", "sealed"} & set(shown)


def test_sessions_are_listed_and_ended(furnished: Run) -> None:
    (session,) = answer(furnished("account", "sessions", ANN, "--json"))
    assert (session["browser"], session["address"]) == ("Firefox", "192.0.2.1")
    assert answer(furnished("account", "sign-out", ANN, "--json")) == {"sessions_ended": 1}
    assert answer(furnished("account", "sessions", ANN, "--json")) == []


def test_an_operator_is_made_here_and_unmade(run: Run) -> None:
    assert answer(run("account", "operator", ANN, "--json"))["role"] == "operator"
    assert answer(run("account", "operator", ANN, "--off", "--json"))["role"] == "owner"


def test_who_has_cameras_is_no_operator(furnished: Run) -> None:
    done = furnished("account", "operator", ANN)
    assert done.returncode == 1
    assert "make another account" in done.stderr


def test_a_second_factor_is_taken_off_for_who_lost_it(furnished: Run) -> None:
    assert furnished("account", "second-factor-off", ANN).returncode == 1
    assert answer(furnished("account", "second-factor-off", ANN, "--yes", "--json")) == {
        "second_factor": False
    }
    assert not answer(furnished("account", "show", ANN, "--json"))["second_factor"]


def test_closing_says_what_goes_and_does_it_with_yes(furnished: Run) -> None:
    said = furnished("account", "close", ANN)
    assert said.returncode == 1
    assert "1 cameras with 3 segments" in said.stderr
    assert answer(furnished("account", "close", ANN, "--yes", "--json"))["cameras"] == [DOOR]
    assert answer(furnished("account", "list", "--json")) == []
    assert answer(furnished("camera", "list", "--json")) == []
    assert furnished("account", "add", ANN, stdin="another horse\n").returncode == 0
