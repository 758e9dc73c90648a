"""The measurements can be listed, and their small forms run on the tables of today."""

import asyncio
import subprocess
import sys
from pathlib import Path

from backsight_agent.adapters.store.opening import open_store
from backsight_shared.clock import SystemClock
from benches import cloud_prune, prune, upload

ROOT = Path(__file__).parents[1]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts/bench.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=25, check=False)


def test_each_measurement_is_listed_with_what_it_measures() -> None:
    lines = bench("--list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [
        "billing",
        "cloud_prune",
        "entitlements",
        "many",
        "motion",
        "noticed",
        "prune",
        "recording",
        "upload",
        "window",
    ]
    assert all("Measures" in line for line in lines)


def test_an_unknown_measurement_is_refused_with_those_that_exist() -> None:
    done = bench("speed")
    assert (done.returncode, "recording" in done.stderr) == (2, True)


def test_the_hub_s_measurement_fills_the_store_as_it_is() -> None:
    assert asyncio.run(prune._idle(400)) > 0


def test_the_uploader_s_measurement_fills_the_store_as_it_is(tmp_path: Path) -> None:
    async def waiting() -> dict[str, int]:
        await upload._fill(tmp_path, 5, 0)
        async with open_store(tmp_path, SystemClock()) as store:
            return await store.backlog.counts()

    assert asyncio.run(waiting()) == dict.fromkeys(upload.CAMERAS, 5)


def test_the_cloud_s_measurement_fills_the_database_as_it_is() -> None:
    async def filled() -> None:
        async with cloud_prune._filled(100, 2):
            pass

    asyncio.run(filled())
