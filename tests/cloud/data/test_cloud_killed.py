"""Killed at any step of commit and prune: nothing stored is lost, nothing is there twice, garbage goes."""

import random
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.domain.keys import run_key, segment_key
from backsight_shared.segment import Segment
from fakes.clock import NOON_MS
from fakes.dying_cloud import BATCH, PRUNED_AT_MS, SECOND
from fakes.forked import KILLED, Lives, forked
from fakes.household import ANNA, DAY_MS, DOOR, move_in

LEFT = BATCH.segments[2:]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture
async def lives() -> AsyncIterator[Lives]:
    async with forked("fakes.dying_cloud") as found:
        yield found


async def live(
    lives: Lives, folder: Path, now_ms: int, kill_at: int = 0, kill_after_ms: int = 0
) -> tuple[int, set[int]]:
    """One life of the cloud: its exit code, and the segments that it promised to have stored."""
    code, said = await lives.live(folder, now_ms, kill_at, kill_after_ms)
    return code, {int(start) for how, start in said if how == "stored"}


async def a_new_cloud(folder: Path) -> Path:
    folder.mkdir()
    async with open_database(f"sqlite+aiosqlite:///{folder}/cloud.db") as database:
        await move_in(database)
    return folder


async def indexed(folder: Path) -> list[Segment]:
    async with open_database(f"sqlite+aiosqlite:///{folder}/cloud.db") as database, database.read() as tx:
        return list(await tx.footage.segments(ANNA, DOOR, 0, NOON_MS + DAY_MS, None))


async def check(folder: Path, promised: set[int]) -> None:
    """After the restart: the index, the media folder and the ledger agree."""
    left = await indexed(folder)
    assert left == list(LEFT)
    files = {str(path.relative_to(folder / "media")) for path in (folder / "media").rglob("*.m*")}
    segments = {segment_key(ANNA, DOOR, segment.start_ms) for segment in left}
    with sqlite3.connect(folder / "cloud.db") as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert raw.execute("SELECT count(*) FROM placed").fetchone() == (0,)
        runs = {run_key(ANNA, DOOR, run_ms) for (run_ms,) in raw.execute("SELECT run_ms FROM run")}
    assert files == segments | runs
    assert run_key(ANNA, DOOR, SECOND.run_ms) in runs
    async with open_database(f"sqlite+aiosqlite:///{folder}/cloud.db") as database, database.read() as tx:
        assert await tx.footage.garbage(10) == []
        erased = sum(line.count for line in await tx.footage.erasures(ANNA, DOOR, 10))
    assert len(promised - {segment.start_ms for segment in left}) <= erased <= 2


async def test_a_life_without_a_kill_ends_as_expected(lives: Lives, tmp_path: Path) -> None:
    folder = await a_new_cloud(tmp_path / "cloud")
    code, promised = await live(lives, folder, NOON_MS)
    assert (code, len(promised)) == (0, 4)
    await check(folder, promised)


async def test_killed_at_every_step(lives: Lives, tmp_path: Path) -> None:
    kill_at, code = 0, KILLED
    while code == KILLED:
        kill_at += 1
        folder = await a_new_cloud(tmp_path / str(kill_at))
        code, promised = await live(lives, folder, NOON_MS, kill_at)
        assert code in (0, KILLED)
        assert promised <= {segment.start_ms for segment in BATCH.segments}
        again, more = await live(lives, folder, PRUNED_AT_MS)
        assert again == 0
        await check(folder, promised | more)
    assert kill_at > 40, "the steps were not found"


async def test_killed_again_and_again_at_any_moment(lives: Lives, tmp_path: Path) -> None:
    chance, folder, promised = random.Random(1), await a_new_cloud(tmp_path / "cloud"), set[int]()
    for _ in range(15):
        _, more = await live(lives, folder, NOON_MS, kill_after_ms=chance.randint(20, 300))
        promised |= more
    code, more = await live(lives, folder, PRUNED_AT_MS)
    assert code == 0
    await check(folder, promised | more)
