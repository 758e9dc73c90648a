"""A clock that nothing keeps right is told with what could; a wrong one is a problem: deleting waits."""

from dataclasses import replace

import pytest

from backsight_agent.domain.findings import Finding, Level
from backsight_agent.domain.judging_clock import ClockFacts, judge_clock
from fakes.clock import NOON_MS

GOOD = ClockFacts(NOON_MS, True, ("systemd-timesyncd",), has_rtc=True, believed=False, cloud_off_ms=None)


def first(clock: ClockFacts) -> Finding:
    return next(iter(judge_clock(clock)))


def test_a_synchronised_clock_is_well_and_who_keeps_it_is_named() -> None:
    (finding,) = judge_clock(GOOD)
    assert (finding.level, finding.text) == (Level.OK, "It is synchronised (systemd-timesyncd)")


@pytest.mark.parametrize("now_ms", [0, 1_700_000_000_000, 5_000_000_000_000])
def test_a_time_that_cannot_be_is_a_problem(now_ms: int) -> None:
    assert first(replace(GOOD, now_ms=now_ms)).level is Level.PROBLEM


@pytest.mark.parametrize(
    ("off_ms", "text"), [(600_000, "10 minutes ahead of"), (-86_400_000, "24 hours behind")]
)
def test_a_clock_that_the_cloud_contradicts_is_a_problem_whatever_the_kernel_says(
    off_ms: int, text: str
) -> None:
    finding = first(replace(GOOD, cloud_off_ms=off_ms))
    assert finding.level is Level.PROBLEM
    assert f"{text} the cloud's" in finding.text


def test_a_clock_that_nothing_speaks_for_is_a_problem() -> None:
    finding = first(replace(GOOD, synchronised=False))
    assert finding.level is Level.PROBLEM
    assert "systemd-timesyncd reaches its servers" in finding.text


def test_the_cloud_speaks_for_a_clock_but_does_not_keep_it() -> None:
    finding = first(replace(GOOD, synchronised=False, keepers=(), cloud_off_ms=200))
    assert finding.level is Level.WARNING
    assert "apt-get install" in finding.text


def test_a_clock_that_is_believed_by_settings_is_a_warning() -> None:
    assert first(replace(GOOD, synchronised=False, believed=True)).level is Level.WARNING


def test_a_machine_without_a_battery_is_told_so_and_is_no_fault() -> None:
    findings = list(judge_clock(replace(GOOD, has_rtc=False)))
    assert [finding.level for finding in findings] == [Level.OK, Level.OK]
    assert "battery" in findings[1].text
