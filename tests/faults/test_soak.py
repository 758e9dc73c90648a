"""Everything at once in one real house, for a while, breaks no promise. `scripts/faults` does it longer."""

from pathlib import Path

import pytest

from faulting.soak import run_soak

SEED = 20261124

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


async def test_half_a_minute_of_everything_breaks_no_promise(tmp_path: Path) -> None:
    found = await run_soak(tmp_path / "w", SEED, 30.0, print)
    assert [f"{one.promise}: {one.what} ({one.plan})" for one in found.broken] == []
    assert found.counts["segments seen on the hub"] >= 8
