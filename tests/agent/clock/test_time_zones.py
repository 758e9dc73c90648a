"""A summer that begins or ends changes nothing on a hub: only pages know of local time."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backsight_agent.adapters.store.files import hour_of
from backsight_agent.adapters.store.opening import open_store
from fakes.clock import FakeClock
from fakes.footage_of_hub import CAMERA, film_run

ZONES = ["America/New_York", "Australia/Lord_Howe", "UTC"]  # whole hour, half an hour, none
CHANGES = [datetime(2026, 3, 8, 7, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC)]  # New York's


@contextmanager
def living_in(zone: str) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("change", CHANGES)
async def test_a_history_across_the_change_is_unbroken_and_each_file_has_its_own_name(
    tmp_path: Path, change: datetime, zone: str
) -> None:
    change_ms = round(change.timestamp() * 1000)
    with living_in(zone):
        async with open_store(tmp_path, FakeClock(change_ms)) as store:
            found = await film_run(store, 60, change_ms - 60_000)
        async with open_store(tmp_path, FakeClock(change_ms)) as store:  # recovery, too
            assert list(await store.history.segments(CAMERA, 0, 2**50, None)) == found
            assert list(await store.history.gaps(CAMERA, 0, 2**50)) == []
            await store.retention.erase_until(CAMERA, change_ms, "expired", change_ms)
            left = await store.history.segments(CAMERA, 0, 2**50, None)
            assert list(left) == [segment for segment in found if segment.end_ms > change_ms]


@pytest.mark.parametrize("zone", ZONES)
def test_a_moments_folder_is_the_same_everywhere(zone: str) -> None:
    with living_in(zone):
        assert hour_of(1_793_509_200_000) == "2026/11/01/05"
