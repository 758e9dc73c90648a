"""What Linux says of a process is read rightly, also when its name tries to be clever."""

import os
import time
from pathlib import Path

import psutil
import pytest

from backsight_shared.process_figures import Machine, ProcessFigures, understood

MACHINE = Machine(ticks_per_s=100, page_bytes=4096, most_fds=1024)
STAT = (
    "4711 (python3 -m back) S 1 4711 4711 0 -1 4194304 9 0 0 0 1234 66 0 0 20 0 7 0 50000 "
    "223000000 2500 18446744073709551615 1 1 0 0 0 0 0 0 17 0 0 0 0 0 0"
)
NOW_MS = 1_795_521_600_000


def test_every_figure_is_in_its_unit() -> None:
    assert understood(STAT, "600.00 1100.00\n", 12, MACHINE, NOW_MS) == ProcessFigures(
        cpu_s=13.0,
        resident_bytes=2500 * 4096,
        virtual_bytes=223000000,
        threads=7,
        open_fds=12,
        most_fds=1024,
        started_ms=NOW_MS - 100_000,
    )


def test_a_name_with_brackets_and_blanks_changes_nothing() -> None:
    clever = STAT.replace("python3 -m back", ") S 1 2 3 (")
    assert understood(clever, "600.00 1100.00", 12, MACHINE, NOW_MS) == understood(
        STAT, "600.00 1100.00", 12, MACHINE, NOW_MS
    )


@pytest.mark.parametrize(("stat", "uptime"), [("", "600 1"), (STAT, ""), ("1 (x) S 1", "600 1")])
def test_what_is_something_else_is_refused(stat: str, uptime: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        understood(stat, uptime, 12, MACHINE, NOW_MS)


def test_this_very_process_is_seen_as_others_see_it() -> None:
    machine = Machine(os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE"), 1024)
    now_ms = time.time_ns() // 1_000_000
    stat, uptime = Path("/proc/self/stat").read_text(), Path("/proc/uptime").read_text()
    found, others = understood(stat, uptime, 0, machine, now_ms), psutil.Process()
    assert found.threads == others.num_threads()
    assert found.resident_bytes == pytest.approx(others.memory_info().rss, rel=0.1)
    assert found.cpu_s == pytest.approx(sum(others.cpu_times()[:2]), abs=0.5)
    assert found.started_ms / 1000 == pytest.approx(others.create_time(), abs=2)
