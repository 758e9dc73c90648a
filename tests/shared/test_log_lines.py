"""A log line says when, how bad, where and what: for people, for programs, and for systemd's journal."""

import asyncio
import json
import logging
import sys
from typing import Any

import pytest

from backsight_shared.log_lines import Format, about, formatter, is_journal


def line(
    form: Format = "text", *, journal: bool = False, level: int = logging.WARNING, error: bool = False
) -> str:
    record = logging.LogRecord("backsight_agent.tasks.prune", level, "", 0, "%s: %s", ("Door", "late"), None)
    record.created, record.msecs = 1_795_521_600.25, 250.0
    if error:
        try:
            int("first\nsecond")
        except ValueError:
            record.exc_info = sys.exc_info()
    shown = formatter(form, journal=journal, shorten=lambda name: name.removeprefix("backsight_agent."))
    return shown.format(record)


def test_for_people_it_is_short() -> None:
    assert line() == "2026-11-24T12:00:00Z WARNING tasks.prune: Door: late"


def test_for_programs_it_is_an_object() -> None:
    assert json.loads(line("json")) == {
        "time": "2026-11-24T12:00:00.250Z",
        "level": "warning",
        "name": "backsight_agent.tasks.prune",
        "message": "Door: late",
    }


def test_an_error_with_many_lines_is_one_line_for_programs() -> None:
    text = line("json", error=True)
    assert "\n" not in text
    assert json.loads(text)["exception"].splitlines()[-1].endswith(r"'first\nsecond'")


@pytest.mark.parametrize(
    ("level", "priority"),
    [
        (logging.DEBUG, "<7>"),
        (logging.INFO, "<6>"),
        (logging.WARNING, "<4>"),
        (logging.ERROR, "<3>"),
        (logging.CRITICAL, "<2>"),
    ],
)
def test_for_the_journal_it_has_its_priority_in_front(level: int, priority: str) -> None:
    assert line(journal=True, level=level).startswith(
        f"{priority}{logging.getLevelName(level)} tasks.prune: "
    )
    assert line("json", journal=True, level=level).startswith(priority + "{")


def test_for_the_journal_every_line_of_an_error_has_it() -> None:
    lines = line(journal=True, error=True, level=logging.ERROR).splitlines()
    assert len(lines) > 2
    assert {text[:3] for text in lines} == {"<3>"}


def test_the_journal_reads_what_it_says_that_it_reads() -> None:
    assert is_journal("8:1234", 8, 1234)
    assert not is_journal("8:1234", 8, 1235)
    assert not is_journal("", 8, 1234)


async def test_what_a_task_logs_says_which_task_and_what_it_is_about() -> None:
    told: list[dict[str, Any]] = []

    async def inner() -> None:
        told.append(json.loads(line("json")))

    async def work() -> None:
        await asyncio.create_task(inner(), name="write:74fece010203")

    recording = about(about(work, camera="74fece010203"), hub="Hallway")
    await asyncio.create_task(recording(), name="record Door")
    (one,) = told
    assert (one["hub"], one["camera"], one["task"]) == ("Hallway", "74fece010203", "write:74fece010203")


async def test_what_another_task_logs_does_not() -> None:
    async def work() -> None:
        pass

    await about(work, camera="74fece010203")()
    assert "camera" not in json.loads(line("json"))
