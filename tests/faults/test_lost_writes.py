"""After a power cut everything that was synced is there, and nothing that was promised needed more than that.

The power goes at any moment of a recording; what nobody had synced is lost, kept, or kept in part.
"""

from pathlib import Path

import pytest

from faulting.findings import Findings
from faulting.lost import run_lost
from faulting.lost_cloud import run_lost_cloud
from faulting.write_log import Did, Record

SEED = 20261124

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def assert_all_kept(found: Findings) -> None:
    if found.skipped:
        pytest.skip(found.skipped)
    assert [f"{one.promise}: {one.what} ({one.plan})" for one in found.broken] == []


async def test_a_hub_s_promises_need_no_more_than_what_it_synced(tmp_path: Path) -> None:
    found = await run_lost(tmp_path / "w", SEED, 10.0, print)
    assert_all_kept(found)
    assert found.counts["finished segments looked for"] > 100


async def test_what_the_cloud_calls_stored_needs_no_more_than_what_it_synced(tmp_path: Path) -> None:
    found = await run_lost_cloud(tmp_path / "w", SEED, 8.0, print)
    assert_all_kept(found)
    assert found.counts["stored segments looked for"] > 20


def without_syncs(records: list[Record]) -> list[Record]:
    return [record for record in records if record.did is not Did.SYNC]


async def test_a_hub_that_never_synced_would_be_found_out(tmp_path: Path) -> None:
    found = await run_lost(tmp_path / "w", SEED, 3.0, print, spoil=without_syncs)
    if found.skipped:
        pytest.skip(found.skipped)
    assert "finished segments lost" in {one.promise for one in found.broken}
