"""Agent and cloud are killed at random instants: no finished segment is lost, none comes twice.

Small pictures, so that the cameras cost little; the kills, the files and the databases are real.
"""

import asyncio
import random
from itertools import pairwise
from pathlib import Path

import pytest

from stage.lookout import last_hour
from stage.process import until
from stage.whole import Plan, Whole, whole

KILLS = 4
SEED = 20261123  # the same instants at each run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


async def listed(running: Whole, camera: str) -> list[tuple[int, int]]:
    answer = await running.hub.json(f"/cameras/{camera}/history", **last_hour())
    return [(segment["start_ms"], segment["end_ms"]) for segment in answer["segments"]]


async def in_cloud(running: Whole, camera: str) -> list[tuple[int, int]]:
    answer = await running.owner.json(f"/v1/cameras/{camera}/history", **last_hour())
    return [(segment["start_ms"], segment["end_ms"]) for segment in answer["segments"]]


async def test_what_was_finished_survives_every_kill(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    windows = {"free": "1h", "plus": "2h", "premium": "3h"}
    plan = Plan(tmp_path, windows, size="320x180", kasa=1, tapo=1)
    async with whole(plan) as running:
        known: dict[str, set[tuple[int, int]]] = {camera: set() for camera in running.cameras}
        for kill in range(KILLS):
            await asyncio.sleep(chance.uniform(8, 15))
            for camera in known:
                known[camera] |= set(await listed(running, camera))
            await running.hub.kill()
            if kill % 2:
                await running.cloud.kill()
                await running.start_cloud_again()
            await running.hub.start()
            for camera in known:
                assert known[camera] <= set(await listed(running, camera))
        await until(running.hub.recording, 30, "both cameras to record again")
        await _both_sides_agree(running)


async def _both_sides_agree(running: Whole) -> None:
    """Everything finished arrives in the cloud, once, and no two segments overlap."""
    wanted = {camera: await listed(running, camera) for camera in running.cameras}

    async def all_there() -> bool:
        return all([set(wanted[camera]) <= set(await in_cloud(running, camera)) for camera in wanted])

    await until(all_there, 40, "every finished segment in the cloud")
    for camera in wanted:
        copies = await in_cloud(running, camera)
        assert len(copies) == len(set(copies))
        assert all(before[1] <= after[0] for before, after in pairwise(copies))
