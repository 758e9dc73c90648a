"""A hub without its cloud records and prunes by what it holds; with it again, what is left arrives."""

import asyncio
from pathlib import Path

import pytest

from stage.files import segment_files
from stage.lookout import last_hour, now_ms
from stage.process import until
from stage.whole import Plan, Whole, whole

WINDOW_S = 25
AWAY_S = 42.0  # longer than the window and a segment: what was there before has left by then

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]

Span = tuple[int, int]


async def on_hub(running: Whole, camera: str) -> list[Span]:
    answer = await running.hub.json(f"/cameras/{camera}/history", **last_hour())
    return [(segment["start_ms"], segment["end_ms"]) for segment in answer["segments"]]


async def in_cloud(running: Whole, camera: str) -> list[Span]:
    answer = await running.owner.json(f"/v1/cameras/{camera}/history", **last_hour())
    return [(segment["start_ms"], segment["end_ms"]) for segment in answer["segments"]]


def files(running: Whole, camera: str) -> set[int]:
    return {int(path.stem) for path in segment_files(running.hub.state / "media" / camera)}


async def test_a_hub_goes_on_alone_and_catches_up(tmp_path: Path) -> None:
    windows = {"free": f"{WINDOW_S}s", "plus": "1h", "premium": "1h"}
    async with whole(Plan(tmp_path, windows, size="320x180", kasa=1, tapo=1)) as running:
        await asyncio.sleep(13)
        before = {camera: await on_hub(running, camera) for camera in running.cameras}
        assert all(before.values())
        await running.cloud.kill()
        await asyncio.sleep(AWAY_S)
        for camera in running.cameras:
            await _recorded_and_pruned_alone(running, camera, before[camera])
        await running.start_cloud_again()
        for camera in running.cameras:
            await _catches_up(running, camera)


async def _recorded_and_pruned_alone(running: Whole, camera: str, before: list[Span]) -> None:
    spans, edge_ms = await on_hub(running, camera), now_ms() - WINDOW_S * 1000
    assert spans[-1][1] > now_ms() - 15_000
    assert all(end_ms > edge_ms - 1_000 for _, end_ms in spans)
    assert not files(running, camera) & {start_ms for start_ms, _ in before}


async def _catches_up(running: Whole, camera: str) -> None:
    """Everything that the hub still has arrives, once and in order."""

    async def level() -> bool:
        mine, theirs = await on_hub(running, camera), await in_cloud(running, camera)
        return bool(mine) and theirs[-len(mine) :] == mine

    await until(level, 30, f"the cloud to have what the hub has of {camera}")
    spans = await in_cloud(running, camera)
    assert spans == sorted(set(spans))
