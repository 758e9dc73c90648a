"""What a real agent logs is for people, for programs or for the journal, as it is asked to be."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

SETTINGS = """\
state = "state"
name = "Hallway"
clock = { trust = "system" }
local_api = { listen = "127.0.0.1:0" }
history = { window = "30m" }
[[camera]]
name = "Front door"
mac = "74:FE:CE:01:02:03"
family = "kasa"
host = "127.9.9.9"
model = "EC60"
username = "you@example.com"
password_file = "kasa.password"
"""


def logged(folder: Path, *options: str, journal: bool = False) -> Sequence[str]:
    """The lines of an agent that lived for a few seconds."""
    (folder / "kasa.password").write_text("kasa password 1\n")
    (folder / "kasa.password").chmod(0o600)
    (folder / "agent.toml").write_text(SETTINGS)
    command = [
        sys.executable,
        "-m",
        "backsight_agent",
        "--config",
        str(folder / "agent.toml"),
        *options,
        "run",
    ]
    with (folder / "agent.log").open("wb") as log:
        there = os.fstat(log.fileno())
        stream = {"JOURNAL_STREAM": f"{there.st_dev}:{there.st_ino}"} if journal else {}
        child = subprocess.Popen(command, stderr=log, env=os.environ | stream)
    until_said(folder / "agent.log", "unreachable")
    child.send_signal(signal.SIGTERM)
    assert child.wait(timeout=20) == 0
    return (folder / "agent.log").read_text().splitlines()


def until_said(log: Path, text: str) -> None:
    end = time.monotonic() + 20
    while text not in log.read_text():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.1)


def test_for_people_each_line_has_time_level_and_place(tmp_path: Path) -> None:
    lines = logged(tmp_path)
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ [A-Z]+ [\w.]+: ", line) for line in lines)


def test_for_programs_each_line_is_an_object_that_says_whose_it_is(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in logged(tmp_path, "--log-format", "json")]
    assert all({"time", "level", "name", "message", "task", "hub"} <= line.keys() for line in lines[:-1])
    assert {line["hub"] for line in lines[:-1]} == {"Hallway"}
    assert any(line["task"] == "journal" and "unreachable" in line["message"] for line in lines)


def test_for_the_journal_each_line_has_its_priority_and_no_time(tmp_path: Path) -> None:
    lines = logged(tmp_path, journal=True)
    assert all(re.match(r"<[2-7]>[A-Z]+ [\w.]+: ", line) for line in lines)
    assert any(line.startswith("<4>WARNING tasks.journal: Front door: unreachable") for line in lines)


def test_where_something_else_reads_it_no_journal_is_assumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "1:1")
    assert not any(line.startswith("<") for line in logged(tmp_path))
