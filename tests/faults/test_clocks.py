"""Nothing is deleted while the time is in doubt, and once it is known everything is dated right."""

from pathlib import Path

import pytest

from faulting.clocks import run_clock
from faulting.dating import run_dating

SEED = 20261124

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


async def test_hubs_that_boot_in_1970_and_die_while_they_date_lose_nothing(tmp_path: Path) -> None:
    found = await run_dating(tmp_path / "w", SEED, 12.0, print)
    assert [f"{one.promise}: {one.what} ({one.plan})" for one in found.broken] == []
    assert found.counts["segments found under another date"] > 0


async def test_a_real_hub_that_boots_in_1970_dates_everything_right(tmp_path: Path) -> None:
    found = await run_clock(tmp_path / "w", SEED, 0.0, print, trials=1)
    if found.skipped:
        pytest.skip(found.skipped)
    assert [f"{one.promise}: {one.what} ({one.plan})" for one in found.broken] == []
    assert found.counts["segments seen on the hub"] >= 4
