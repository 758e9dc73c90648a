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
from fakes import recorder_on_a_small_disk, recorder_that_makes_room
from fakes.clock import NOON_MS, FakeClock
from fakes.footage_of_hub import CAMERA

pytestmark = pytest.mark.slow
TESTS = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_on_a_small_disk(tmp_path_factory.mktemp("small"), recorder_on_a_small_disk.__file__)


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_on_a_small_disk(tmp_path_factory.mktemp("roomy"), recorder_that_makes_room.__file__)


def run_on_a_small_disk(folder: Path, file: str) -> dict[str, Any]:
    program = [sys.executable, file, str(folder)]
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


def test_ten_times_what_the_disk_holds_is_recorded_to_the_end(roomy: dict[str, Any]) -> None:
    assert roomy["newest_kept"]
    assert roomy["agree"]
    assert roomy["parts"] == 0


def test_every_segment_is_there_or_in_the_ledger(roomy: dict[str, Any]) -> None:
    assert roomy["accounted"]
    assert roomy["reasons"] == ["disk_full"]


def test_the_cameras_share_the_disk(roomy: dict[str, Any]) -> None:
    front, back = roomy["kept"].values()
    assert front > 5
    assert back > 5


async def test_a_disk_that_refuses_is_said_to_with_the_place(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        run = Run(CAMERA, NOON_MS)
        await store.recordings.begin_run(run, b"init")
        year = tmp_path / "media" / CAMERA / "2026"
        year.write_bytes(b"a file where a folder must be")
        with pytest.raises(StoreFailed, match="2026"):
            await store.recordings.begin_segment(run, 0, NOON_MS)
