"""The machine's clock counts as synchronised only when the kernel or its time service says so."""

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
