"""Hub and cloud are killed at random instants and at every named step: whatever was promised is kept.

Short runs of `scripts/faults --kinds kill,steps`; docs/faults.md has the figures of long ones.
"""

from pathlib import Path

import pytest

from faulting.campaign import run_kills
from faulting.findings import Findings

SEED = 20261124

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def assert_all_kept(found: Findings) -> None:
    assert [f"{one.promise}: {one.what} ({one.plan})" for one in found.broken] == []


async def test_kills_at_random_instants_break_no_promise(tmp_path: Path) -> None:
    found = await run_kills(tmp_path / "w", SEED, 60.0, print, at_steps=False, kills=25)
    assert_all_kept(found)
    assert found.counts["segments finished"] > 20
    assert found.counts["kills of the cloud"] > 0


async def test_kills_at_named_steps_break_no_promise(tmp_path: Path) -> None:
    found = await run_kills(tmp_path / "w", SEED, 60.0, print, at_steps=True, kills=35)
    assert_all_kept(found)
    assert found.counts["kills at a named step"] > 15
