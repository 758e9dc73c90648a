"""A full disk is said to be one, tears nothing, and recording goes on when there is room again."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from backsight_agent.adapters.store.opening import open_store
from backsight_agent.ports import StoreFailed
from backsight_shared.segment import Run
from fakes import recorder_on_a_small_disk
from fakes.clock import NOON_MS, FakeClock
from fakes.footage_of_hub import CAMERA

pytestmark = pytest.mark.slow
TESTS = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("small")
    program = [sys.executable, recorder_on_a_small_disk.__file__, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", *program],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_full_disk_is_said_to_be_one(report: dict[str, Any]) -> None:
    assert "disk is full" in report["error"]
    assert report["finished"] > 2


def test_everything_that_was_finished_is_kept(report: dict[str, Any]) -> None:
    assert report["kept"]


def test_rows_and_files_agree_when_there_is_room_again(report: dict[str, Any]) -> None:
    assert report["agree"]
    assert report["left"] == 0


def test_recording_goes_on(report: dict[str, Any]) -> None:
    assert report["found"] > report["finished"]


async def test_a_disk_that_refuses_is_said_to_with_the_place(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        run = Run(CAMERA, NOON_MS)
        await store.recordings.begin_run(run, b"init")
        year = tmp_path / "media" / CAMERA / "2026"
        year.write_bytes(b"a file where a folder must be")
        with pytest.raises(StoreFailed, match="2026"):
            await store.recordings.begin_segment(run, 0, NOON_MS)
