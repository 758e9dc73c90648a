"""While somebody else fills the disk nothing is torn or lost; with room again recording goes on."""

from pathlib import Path

import pytest

from faulting.full import run_full
from faulting.small_disk import Kind

SEED = 20261124

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.mark.parametrize("kind", [Kind.TMPFS, Kind.EXT4])
async def test_a_full_disk_tears_nothing(tmp_path: Path, kind: Kind) -> None:
    found = await run_full(tmp_path / "w", SEED, 12.0, print, kind)
    if found.skipped:
        pytest.skip(found.skipped)
    assert [f"{one.promise}: {one.what} ({one.plan})" for one in found.broken] == []
    assert found.counts["times that the disk was filled"] > 1
    assert found.counts["segments finished"] > 10
