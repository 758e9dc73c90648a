"""Whatever happens to the network, everything arrives in the cloud, once; no frame of a run is missing."""

from pathlib import Path

import pytest

from faulting.net import run_net

SEED = 20261124

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


async def test_everything_arrives_once_the_network_is_fair_again(tmp_path: Path) -> None:
    found = await run_net(tmp_path / "w", SEED, 18.0, print)
    assert [f"{one.promise}: {one.what} ({one.plan})" for one in found.broken] == []
    assert found.counts["troubles of the network"] >= 2
    assert found.counts["segments compared in the cloud"] >= 6
