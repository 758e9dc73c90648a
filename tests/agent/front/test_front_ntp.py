"""The machine's clock counts as synchronised only when the kernel or its time service says so."""

import os
from pathlib import Path

import pytest

from backsight_agent.adapters import ntp


@pytest.mark.parametrize(
    ("state", "status", "synchronised"),
    [
        (0, 0x2001, True),  # TIME_OK, PLL and nanoseconds
        (1, 0x2001, True),  # a leap second is to come
        (5, 0x0040, False),  # TIME_ERROR: nobody has set the clock
        (0, 0x0040, False),  # STA_UNSYNC
        (-1, 0, False),  # not allowed to ask
    ],
)
def test_the_kernels_answer_is_understood(state: int, status: int, synchronised: bool) -> None:
    assert ntp.understood(state, status) is synchronised


def test_asking_this_machine_gives_an_answer_and_changes_nothing() -> None:
    assert ntp.synchronised() in (True, False)


def test_the_time_services_mark_counts_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = tmp_path / "synchronized"
    mark.touch()
    monkeypatch.setattr(ntp, "HINT", mark)
    assert ntp.synchronised()


@pytest.mark.parametrize("moved_s", [3600, -3600 * 24 * 365])
def test_a_mark_of_another_setting_of_the_clock_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moved_s: int
) -> None:
    """Somebody set the clock by hand since: the mark seems to be of the future, or older than this boot."""
    mark = tmp_path / "synchronized"
    mark.touch()
    made = mark.stat().st_mtime + moved_s
    os.utime(mark, (made, made))
    monkeypatch.setattr(ntp, "HINT", mark)
    monkeypatch.setattr(ntp, "understood", lambda state, status: False)
    assert not ntp.synchronised()
