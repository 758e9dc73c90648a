"""What a check-up finds: how bad, of what, and in one sentence what it is and the way out."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad. Values are API."""

    OK = "ok"
    WARNING = "warning"  # it works, and will not always
    PROBLEM = "problem"  # something that should work does not


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check-up."""

    level: Level
    subject: str
    text: str


def ok(subject: str, text: str) -> Finding:
    return Finding(Level.OK, subject, text)


def warning(subject: str, text: str) -> Finding:
    return Finding(Level.WARNING, subject, text)


def problem(subject: str, text: str) -> Finding:
    return Finding(Level.PROBLEM, subject, text)


def exit_code(findings: Iterable[Finding]) -> int:
    """1 when something that should work does not."""
    return int(any(finding.level is Level.PROBLEM for finding in findings))


def summary(findings: Iterable[Finding]) -> str:
    """How many of what, in words."""
    levels = [finding.level for finding in findings]
    bad = [(levels.count(Level.PROBLEM), "problem"), (levels.count(Level.WARNING), "warning")]
    told = [f"{count} {word}{'s' if count > 1 else ''}" for count, word in bad if count]
    return ", ".join(told) or "all is well"
