"""The difference of the two clocks is read as of one moment, whoever is held up between the readings."""

from collections.abc import Sequence

import pytest

from backsight_shared.clock import offset_ms
from fakes.clock import NOON_MS, FakeClock


class HeldUp(FakeClock):
    """Loses so many seconds after each reading of the wall clock, as a thread that others push aside."""

    def __init__(self, pauses_s: Sequence[float]) -> None:
        super().__init__()
        self._pauses = list(pauses_s)

    def now_ms(self) -> int:
        now_ms = super().now_ms()
        self._move_to(self.monotonic() + (self._pauses.pop(0) if self._pauses else 0.0))
        return now_ms


@pytest.mark.parametrize("pauses_s", [[], [0.02], [0.005, 0.2, 0.003], [0.02, 0.02, 0.02, 0.02]])
def test_one_undisturbed_pair_of_readings_is_enough(pauses_s: list[float]) -> None:
    assert offset_ms(HeldUp(pauses_s)) == pytest.approx(NOON_MS - 1_000_000, abs=0.6)


def test_when_all_are_disturbed_the_least_disturbed_counts() -> None:
    assert offset_ms(HeldUp([0.2, 0.1, 0.004, 0.3, 0.2])) == pytest.approx(NOON_MS - 1_000_000, abs=2.6)
